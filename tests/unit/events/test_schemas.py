"""The generated schemas accept what the reader accepts, and the documents they stand in are sound."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from shared.catalogue.processus import Processus, charger_processus
from shared.events.contrat import REVISION_MAX, TYPE_DOSSIER, Refus, cle
from shared.events.exemples import exemple
from shared.events.generation import RACINE, SCHEMAS
from shared.events.schemas import GENRES, types_de
from shared.network.reseau import charger
from tests.unit.events.atelier import HIER, LECTEUR, MAINTENANT

PROCESSUS = tuple(charger_processus().values())
HORS_SCHEMA = ("donnees_personnelles", "date_absurde")
"""Reasons that a schema cannot give."""


def schema(nom: str) -> Any:
    return json.loads((RACINE / SCHEMAS / f"{nom}.json").read_text(encoding="utf-8"))


VALIDEURS: dict[str, Validator] = {p.code: Draft202012Validator(schema(p.code)) for p in PROCESSUS}
ENVELOPPE = Draft202012Validator(schema("enveloppe"))
EXEMPLES = [(p, genre) for p in PROCESSUS for genre in GENRES]


def refus_de(evenement: Any) -> Refus | None:
    try:
        LECTEUR.lire(json.dumps(evenement).encode(), MAINTENANT)
    except Refus as refus:
        return refus
    return None


@pytest.mark.parametrize("nom", [*VALIDEURS, "enveloppe", "indicateur_change"])
def test_every_schema_is_a_schema_and_stands_alone(nom: str) -> None:
    contenu = schema(nom)
    assert contenu["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(contenu)
    assert all(r.startswith("#/$defs/") and r.removeprefix("#/$defs/") in contenu["$defs"] for r in references(contenu))


def references(valeur: Any) -> list[str]:
    if isinstance(valeur, dict):
        ici = [valeur["$ref"]] if isinstance(valeur.get("$ref"), str) else []
        return ici + [r for dedans in valeur.values() for r in references(dedans)]
    return [r for dedans in valeur for r in references(dedans)] if isinstance(valeur, list) else []


@pytest.mark.parametrize(("p", "genre"), EXEMPLES, ids=lambda v: v if isinstance(v, str) else v.code)
def test_every_example_is_accepted_by_its_schema_alone_and_by_the_reader(p: Processus, genre: str) -> None:
    evenement = exemple(p, genre)
    assert refus_de(evenement) is None
    assert ENVELOPPE.is_valid(evenement)
    assert [code for code, valideur in VALIDEURS.items() if valideur.is_valid(evenement)] == [p.code]


def test_every_type_the_reader_knows_is_in_a_schema_and_no_other() -> None:
    types = [t for p in PROCESSUS for genre in GENRES for t in types_de(p, genre)]
    assert len(types) == len(set(types))
    assert set(types) == set(LECTEUR._genres)


ABSENT = object()
NOMS = st.sampled_from(
    [
        "a",
        "A-20261103-000123",
        "é",
        "a b",
        "x" * 200,
        "🙂",
        "",
        "x" * 201,
        "a|b",
        "a\n",
        "\t",
        "a\u00a0b",
        "\u200b",
        "\x7f",
    ]
) | st.text(st.characters(max_codepoint=0x24F), max_size=6)
MAL_TYPES: st.SearchStrategy[Any] = st.sampled_from([None, 5, True, [], {}, 1.5])
DATES = st.sampled_from(
    [
        *(HIER, "2026-11-01T00:00:00Z", "2026-10-31t23:59:59.123456789z", "2012-02-29T12:00:00-11:30"),
        *(
            "2026-11-03T09:12:44",
            "2026-11-03",
            "2026-11-03T09:12:44Z\n",
            "2026-13-01T00:00:00Z",
            "2026-11-03T24:00:00Z",
        ),
        *(
            "2026-11-03 09:12:44Z",
            "2026-11-03T09:12:60Z",
            "2026-11-03T09:12:44+0100",
            "",
            "hier",
            "２026-11-03T09:12:44Z",
        ),
    ]
)
REVISIONS = st.sampled_from([0, 1, REVISION_MAX, REVISION_MAX + 1, -1, None, "1", True, 1.5, [], 10**20])
CAISSES = st.sampled_from([*charger().par_slug, "cpam-999", "", "CPAM-75", None, 75, [], {}, True])
PSEUDONYMES = st.sampled_from(
    [
        "k1." + "aB" * 10,
        "kabc12345." + "x_-0" * 16,
        "k1." + "a" * 19,
        "k1." + "0" * 22,
        "k1." + "a" * 65,
        "K1." + "a" * 22,
    ]
) | st.sampled_from(["k1." + "ab" * 11 + "\n", "", "jean", None, 5, [], {}])
ASSURES = PSEUDONYMES | st.lists(
    st.sampled_from(["k1." + "aB" * 10, "k2." + "aB" * 10, "k3." + "cD" * 10, "jean", None]), max_size=3
)
NOMBRES = st.sampled_from([1, 412, 10_000_000, 10_000_001, 0, -1, None, "1", True, 1.5, [], 10**20])
PLATEFORMES = st.sampled_from(["pfs-idf", "x" * 40, "x" * 41, "", "a\n", "é|è", "a\u2028", None, 5, [], {}])
CIBLES = NOMS | MAL_TYPES


def attribut(valeurs: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from([*valeurs, "autre", "zz", "", 1, 2, 1.5, True, False, None, [], {}])


def grandeur(maximum: int) -> st.SearchStrategy[Any]:
    return st.sampled_from([0, 1, maximum, maximum + 1, -1, 1.5, "1", True, None, [], {}, 10**20])


def jalons(p: Processus) -> st.SearchStrategy[Any]:
    dates = DATES | MAL_TYPES | st.lists(DATES | MAL_TYPES, max_size=3)
    bonnes = st.sampled_from([HIER, None])
    noms = st.sampled_from(list(p.jalons))
    return (
        st.dictionaries(noms, bonnes, max_size=3)
        | st.dictionaries(noms | st.sampled_from(["rien", ""]), dates, max_size=3)
        | MAL_TYPES
    )


@st.composite
def evenements(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An event of some process, right or wrong here and there; most of its members come right."""
    p = draw(st.sampled_from(PROCESSUS))
    genre = draw(st.sampled_from(GENRES))

    def parfois(juste: Any, sinon: st.SearchStrategy[Any]) -> Any:
        return draw(sinon) if draw(st.integers(0, 19)) == 19 else juste

    champs: dict[str, Any] = {
        "caisse": CAISSES,
        "productrice": CAISSES,
        "plateforme": PLATEFORMES,
        "assure": ASSURES,
        "nombre": NOMBRES,
        "cible": CIBLES,
        "jalons": jalons(p),
        "inconnu": st.sampled_from(["x", 1, None, [1, {"a": "b"}], {}]),
        **{nom: attribut(valeurs) for nom, valeurs in p.attributs.items()},
        **{nom: grandeur(maximum) for nom, maximum in p.grandeurs.items()},
    }
    donnees = {nom: draw(champs[nom]) for nom in draw(st.lists(st.sampled_from(list(champs)), max_size=3, unique=True))}
    if genre == TYPE_DOSSIER:
        donnees["jalons"] = draw(st.just({p.depart[0]: HIER}) | jalons(p))
    if genre == "retrait" and draw(st.integers(0, 3)):
        donnees["cible"] = draw(st.just("a") | CIBLES)
    evenement = {
        "specversion": parfois("1.0", st.sampled_from(["1", "0.3", 1.0, None, ABSENT])),
        "id": parfois("a", NOMS | MAL_TYPES | st.just(ABSENT)),
        "source": parfois("urn:vigie:source:x", NOMS | MAL_TYPES | st.just(ABSENT)),
        "type": parfois(draw(st.sampled_from(types_de(p, genre))), NOMS | MAL_TYPES | st.just(ABSENT)),
        "subject": parfois("s", NOMS | MAL_TYPES | st.just(ABSENT)),
        "time": parfois(draw(st.sampled_from([HIER, ABSENT])), DATES | MAL_TYPES),
        "recordedtime": parfois(ABSENT, DATES | MAL_TYPES),
        "revision": draw(st.just(ABSENT) | REVISIONS),
        "namespace": parfois(ABSENT, NOMS | MAL_TYPES),
        "datacontenttype": parfois(ABSENT, NOMS | MAL_TYPES),
        "extension": parfois(ABSENT, st.sampled_from(["x", 1, {"a": []}])),
        "data": parfois(donnees, MAL_TYPES | st.just(ABSENT)),
    }
    return p.code, {nom: valeur for nom, valeur in evenement.items() if valeur is not ABSENT}


@settings(max_examples=600)
@given(evenements())
def test_the_reader_and_the_schema_accept_the_same_events(cas: tuple[str, dict[str, Any]]) -> None:
    code, evenement = cas
    refus = refus_de(evenement)
    assume(refus is None or refus.raison not in HORS_SCHEMA)
    fautes = [f"{list(e.absolute_path)}: {e.message}" for e in VALIDEURS[code].iter_errors(evenement)]
    assert (refus is None) == (not fautes), (refus and (refus.raison, refus.champ), fautes[:3])
    assert refus is not None or ENVELOPPE.is_valid(evenement)


@pytest.mark.parametrize(
    ("attributs", "raison"),
    [
        ({"subject": "185057800608491"}, "donnees_personnelles"),
        ({"time": "1994-11-03T09:12:44+01:00"}, "date_absurde"),
        ({"time": "2026-02-30T09:12:44+01:00"}, "date_invalide"),
        ({"revision": 1.0}, "enveloppe_invalide"),
        ({"id": "\u0378"}, "enveloppe_invalide"),
    ],
)
def test_what_the_schema_cannot_say_is_what_its_page_says_it_cannot(attributs: dict[str, Any], raison: str) -> None:
    appel = next(p for p in PROCESSUS if p.code == "appel")
    evenement = exemple(appel, "jalon") | attributs
    assert VALIDEURS["appel"].is_valid(evenement)
    refus = refus_de(evenement)
    assert refus is not None
    assert refus.raison == raison


def test_the_key_of_an_example_is_the_one_its_channel_declares() -> None:
    lu = LECTEUR.lire(json.dumps(exemple(charger_processus()["appel"], "jalon")).encode(), MAINTENANT)
    assert cle(lu.process, lu.namespace, lu.subject) == b"appel|urn:vigie:source:appel-cpam-75|APPEL-20261103-000123"
