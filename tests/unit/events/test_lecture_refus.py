"""What is refused, why, and where: envelopes, fields, lines."""

import time
from typing import Any

import pytest

from shared.events.contrat import (
    LIGNE_MAX,
    LIGNE_RECUE_MAX,
    NOMBRE_MAX,
    TEXTE_MAX,
    Refus,
)
from shared.log.types import TAILLE_MAX
from tests.unit.events.atelier import HIER, LECTEUR, MAINTENANT, Lire, Refuser, ligne_bonne, refus_de


@pytest.mark.parametrize("nom", ["specversion", "id", "source", "type", "subject", "data"])
def test_a_missing_attribute_is_named(refuser: Refuser, nom: str) -> None:
    refus = refuser(**{nom: ...})
    assert (refus.raison, refus.champ, refus.message) == ("enveloppe_invalide", nom, f"L'attribut {nom} manque.")


@pytest.mark.parametrize(
    ("nom", "valeur"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", 5),
        ("id", "x" * (TEXTE_MAX + 1)),
        ("source", "a|b"),
        ("subject", "a\nb"),
        ("subject", "a\x00"),
        ("subject", "a\u200b"),
        ("namespace", "a|b"),
        ("namespace", 4),
        ("data", []),
        ("data", None),
        ("time", 1_793_700_764),
        ("datacontenttype", 3),
    ],
)
def test_an_attribute_of_the_wrong_form_is_named(refuser: Refuser, nom: str, valeur: Any) -> None:
    refus = refuser(**{nom: valeur})
    assert (refus.raison, refus.champ) == ("enveloppe_invalide", nom)


@pytest.mark.parametrize("type_", ["vigie.appel.decroch.v1", "vigie.appell.decroche.v1", "decroche", "", "vigie..v1"])
def test_an_unknown_type_is_refused_with_the_closest(refuser: Refuser, type_: str) -> None:
    refus = refuser(type=type_)
    assert (refus.raison, refus.champ) == ("type_inconnu", "type")
    assert "vigie." in refus.message


def test_an_unknown_caisse_is_refused_with_the_closest(refuser: Refuser) -> None:
    for champ in ("caisse", "productrice"):
        refus = refuser(data={champ: "cpam-755"})
        assert (refus.raison, refus.champ) == ("caisse_inconnue", f"data.{champ}")
        assert "cpam-75" in refus.message


@pytest.mark.parametrize(
    ("champ", "valeur"),
    [
        ("caisse", 75),
        ("caisse", ["cpam-75"]),
        ("plateforme", ""),
        ("plateforme", "x" * 41),
        ("plateforme", "a\x00"),
        ("plateforme", 5),
        ("plateforme", {"a": 1}),
        ("assure", "jean"),
        ("assure", "k1." + "a" * 19),
        ("assure", "k1." + "0" * 22),
        ("assure", "k1." + "a" * 22 + "\n"),
        ("assure", 5),
        ("nombre", 0),
        ("nombre", -1),
        ("nombre", NOMBRE_MAX + 1),
        ("nombre", 1.5),
        ("nombre", "3"),
        ("nombre", True),
        ("nombre", 10**30),
        ("motif", ["droits"]),
        ("motif", {"a": 1}),
        ("jalons", {"decroche": HIER}),
        ("cible", "a"),
    ],
)
def test_a_field_of_the_wrong_form_is_named(refuser: Refuser, champ: str, valeur: Any) -> None:
    refus = refuser(data={champ: valeur})
    assert (refus.raison, refus.champ) == ("valeur_invalide", f"data.{champ}")


@pytest.mark.parametrize("jalons", [[], "x", 5, {"rien": HIER}, {"": HIER}, {"decroche\x00": HIER}])
def test_milestones_of_the_wrong_form_are_refused(refuser: Refuser, jalons: Any) -> None:
    refus = refuser(type="vigie.appel.dossier.v1", data={"jalons": jalons})
    assert (refus.raison, refus.champ) == ("valeur_invalide", "data.jalons")
    assert refus.message.isprintable()


@pytest.mark.parametrize("donnees", [{}, {"jalons": {}}, {"jalons": None}, {"jalons": {"presente": None}}])
def test_an_event_without_any_date_is_refused(refuser: Refuser, donnees: dict[str, Any]) -> None:
    assert refuser(type="vigie.appel.dossier.v1", time=..., data=donnees).raison == "enveloppe_invalide"
    assert refuser(time=None).champ == "time"


@pytest.mark.parametrize(
    "ligne",
    [
        b"",
        b"{",
        b"pas du JSON",
        b"\xff\xfe",
        b'{"id":"\xff"}',
        b'{"id":"\\ud800"}',
        b"\x00" * 20,
        b"\xef\xbb\xbf{}",
        b"{} {}",
        ligne_bonne(b'{"x":NaN}'),
        ligne_bonne(b'{"x":Infinity}'),
        ligne_bonne(b'{"x":1e999}'),
        ligne_bonne(b'{"x":' + b"9" * 6_000 + b"}"),
        ligne_bonne(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        ligne_bonne()[:-1] + b',"x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    ],
    ids=lambda ligne: repr(ligne[-20:]),
)
def test_what_is_not_json_is_refused_as_such(ligne: bytes) -> None:
    refus = refus_de(ligne)
    assert (refus.raison, refus.source, refus.id) == ("json_invalide", None, None)


@pytest.mark.parametrize("ligne", [b"[]", b"null", b"5", b'"x"', b"[{}]", b"true"])
def test_json_that_is_not_an_object_is_refused(ligne: bytes) -> None:
    assert refus_de(ligne).raison == "enveloppe_invalide"


@pytest.mark.parametrize("nombre", [10**4_000, -(10**30), 1e308, -0.0])
def test_huge_numbers_in_an_unknown_field_are_no_trouble(lire: Lire, nombre: float) -> None:
    lire(data={"x": nombre})


def test_deep_nesting_in_an_unknown_field_is_read_or_refused(lire: Lire) -> None:
    for fond in (10, 100, 500, 900, 990, 2_000):
        ligne = ligne_bonne(b'{"x":' + b'[{"a":' * fond + b"1" + b"}]" * fond + b"}")
        try:
            LECTEUR.lire(ligne, MAINTENANT)
        except Refus as refus:
            assert refus.raison == "json_invalide"


def test_a_line_too_long_is_refused_before_it_is_read() -> None:
    debut = time.perf_counter()
    for ligne in (b"x" * 10_000_000, b"[" * 10_000_000):
        assert refus_de(ligne).raison == "trop_long"
    assert time.perf_counter() - debut < 1


def ligne_de_taille(octets: int) -> bytes:
    court = ligne_bonne(b'{"x":""}')
    return ligne_bonne(b'{"x":"' + b"a" * (octets - len(court)) + b'"}')


def test_a_line_that_was_taken_fits_the_log_once_stamped_and_is_read_again() -> None:
    ligne = ligne_de_taille(LIGNE_RECUE_MAX)
    LECTEUR.lire(ligne, MAINTENANT)
    timbree = ligne[:-1] + b',"recordedtime":"2026-11-03T09:12:44.123456+00:00"}'
    LECTEUR.lire(timbree, MAINTENANT)
    assert len(timbree) + len("reclamation||") + 2 * 4 * TEXTE_MAX <= TAILLE_MAX <= LIGNE_MAX
    assert refus_de(ligne_de_taille(LIGNE_RECUE_MAX + 1)).raison == "trop_long"
    assert refus_de(ligne_de_taille(LIGNE_MAX + 1) + b' "recordedtime"').raison == "trop_long"


def test_a_refusal_says_which_event_even_when_its_envelope_is_wrong(refuser: Refuser) -> None:
    for corps in ({"data": {"caisse": "x"}}, {"subject": ...}, {"data": 5}, {"revision": "a"}, {"type": "x"}):
        refus = refuser(**corps)
        assert (refus.source, refus.id) == ("urn:vigie:source:telephonie-pfs-idf", "0192-a")


def test_source_and_id_are_kept_printable_short_and_without_anyone(refuser: Refuser) -> None:
    refus = refuser(id="a\x00b", source="s" * 300, type="x")
    assert (refus.id, refus.source) == ("a?b", "s" * TEXTE_MAX)
    assert refuser(id="x@y.fr").id == "(masqué)"
