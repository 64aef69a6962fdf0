"""A refusal of personal data names the path and never the content."""

import json
from typing import Any

import pytest

from tests.unit.events.atelier import HIER, Lire, Refuser, ligne_bonne, refus_de, tout

NIR, CORSE, MEL, TEL = "185057800608491", "1 85 05 2A 004 123", "jean.dupont@exemple.fr", "06 12 34 56 78"


@pytest.mark.parametrize("donnee", [NIR, "1 85 05 78 006 084 91", CORSE, "285052B00412345", MEL, TEL, "+33612345678"])
@pytest.mark.parametrize(
    ("corps", "champ"),
    [
        ({"data": {"x": "D"}}, "data.x"),
        ({"data": {"x": {"y": [1, {"z": "le D."}]}}}, "data.x.y[1].z"),
        ({"data": {"D": 1}}, "data.(champ n° 1)"),
        ({"data": {"caisse": "cpam-75", "x": {"a": 1, "D": 2}}}, "data.x.(champ n° 2)"),
        ({"data": {"caisse": "D"}}, "data.caisse"),
        ({"data": {"caisse": ["D"]}}, "data.caisse[0]"),
        ({"data": {"productrice": {"D": 1}}}, "data.productrice.(champ n° 1)"),
        ({"data": {"motif": "D"}}, "data.motif"),
        ({"data": {"motif": ["D"]}}, "data.motif[0]"),
        ({"data": {"plateforme": "D"}}, "data.plateforme"),
        ({"data": {"plateforme": ["D"]}}, "data.plateforme[0]"),
        ({"data": {"assure": "D"}}, "data.assure"),
        ({"data": {"assure": "k1.D"}}, "data.assure"),
        ({"data": {"nombre": "D"}}, "data.nombre"),
        ({"type": "vigie.appel.dossier.v1", "data": {"jalons": "D"}}, "data.jalons"),
        ({"type": "vigie.appel.dossier.v1", "data": {"jalons": {"D": HIER}}}, "data.jalons.(champ n° 1)"),
        ({"data": {"a": 1, "b": 2, "D": 3}}, "data.(champ n° 3)"),
        ({"type": "vigie.appel.dossier.v1", "data": {"jalons": {"presente": "D"}}}, "data.jalons.presente"),
        ({"type": "vigie.appel.dossier.v1", "data": {"jalons": {"presente": ["D"]}}}, "data.jalons.presente[0]"),
        ({"time": "D"}, "time"),
        ({"recordedtime": "D"}, "recordedtime"),
        ({"type": "D"}, "type"),
        ({"telephone": "D"}, "telephone"),
        ({"x": {"y": "D"}}, "x.y"),
        ({"D": 1}, "(champ n° 8)"),
        ({"data": ["D"]}, "data[0]"),
        ({"data": "D"}, "data"),
        ({"subject": ..., "data": {"x": "D"}}, "data.x"),
        ({"revision": "D"}, "revision"),
    ],
    ids=repr,
)
def test_personal_data_is_refused_by_its_path_and_never_told(
    refuser: Refuser, donnee: str, corps: dict[str, Any], champ: str
) -> None:
    refus = refuser(
        **json.loads(json.dumps({k: v for k, v in corps.items() if v is not ...}).replace("D", donnee))
        | {k: v for k, v in corps.items() if v is ...}
    )
    assert (refus.raison, refus.champ) == ("donnees_personnelles", champ)
    assert champ in refus.message
    assert refus.id == "0192-a"
    fuite = tout(refus)
    for morceau in (donnee, donnee.replace(" ", ""), donnee[2:9]):
        assert morceau not in fuite


@pytest.mark.parametrize("nombre", [1850578006084, 185057800608491, 1850578006084.0])
def test_a_nir_written_as_a_number_is_seen(refuser: Refuser, nombre: float) -> None:
    refus = refuser(data={"x": [nombre]})
    assert (refus.raison, refus.champ) == ("donnees_personnelles", "data.x[0]")
    assert "8505" not in tout(refus)


@pytest.mark.parametrize("nom", ["id", "source", "subject", "namespace", "datacontenttype"])
@pytest.mark.parametrize("donnee", [NIR, "D-1850578006084", CORSE, MEL, "+33612345678"])
def test_a_nir_or_an_address_is_no_identifier(refuser: Refuser, nom: str, donnee: str) -> None:
    refus = refuser(**{nom: donnee})
    assert (refus.raison, refus.champ) == ("donnees_personnelles", nom)
    assert donnee not in tout(refus)


@pytest.mark.parametrize(
    "autre",
    [
        {"type": "vigie.inconnu.x.v1"},
        {"data": {"caisse": "cpam-999", "x": TEL}},
        {"time": "hier", "data": {"x": TEL}},
        {"time": "1970-01-01T00:00:00Z", "data": {"x": TEL}},
        {"specversion": "2", "data": {"x": TEL}},
        {"id": "", "data": {"x": TEL}},
        {"data": {"nombre": 0, "x": TEL}},
    ],
    ids=repr,
)
def test_personal_data_comes_before_any_other_reason_so_that_the_line_is_not_kept(
    refuser: Refuser, autre: dict[str, Any]
) -> None:
    refus = refuser(**{"data": {"x": TEL}} | autre)
    assert (refus.raison, refus.champ) == ("donnees_personnelles", "data.x")


@pytest.mark.parametrize("ligne", [b'{"x":"06 12 34 56 78"', b"jean@exemple.fr", b"1850578006084;cpam-75", b'"%b"'])
def test_a_line_that_is_not_an_event_and_holds_someone_is_refused_for_it(ligne: bytes) -> None:
    refus = refus_de(ligne.replace(b"%b", NIR.encode()))
    assert refus.raison == "donnees_personnelles"
    assert "exemple" not in tout(refus)
    assert "06 12" not in tout(refus)
    assert "8505" not in tout(refus)


def test_escapes_hide_nothing() -> None:
    cache = "".join(f"\\u{ord(c):04x}" for c in "0612345678").encode()
    assert refus_de(ligne_bonne(b'{"x":"' + cache + b'"}')).raison == "donnees_personnelles"


def test_a_pseudonym_is_taken_and_a_padded_identifier_is_not(lire: Lire, refuser: Refuser) -> None:
    assert lire(data={"assure": "k3f9a1c.Zt0d4yV8nq3JmB7wXe1LrA"}).contenu.assure.startswith("k3f9a1c.")
    for faux in ("k1.1-85-05-78-006-084-91", "k1.0000000185057800608491"):
        assert refuser(data={"assure": faux}).champ == "data.assure"


def test_while_the_key_rotates_two_pseudonyms_are_taken_of_two_keys_and_no_more(lire: Lire, refuser: Refuser) -> None:
    present, avant = "k2.Zt0d4yV8nq3JmB7wXe1LrA", "k1.aB0d4yV8nq3JmB7wXe1LrA"
    assert lire(data={"assure": [present, avant]}).contenu.assure == f"{present} {avant}"
    assert lire(data={"assure": [present]}).contenu.assure == present
    for faux in (
        [],
        [present, present],
        [present, avant, "k3.aB0d4yV8nq3JmB7wXe1LrA"],
        [present, None],
        ["0612345678"],
    ):
        assert refuser(data={"assure": faux}).champ.startswith("data.assure")
