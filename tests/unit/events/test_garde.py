"""The guard sees a NIR, an e-mail address and a phone number wherever they hide, and leaves file numbers alone."""

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.garde import (
    deux_noms_ordinaires,
    donnee_personnelle,
    famille_du_nom,
    famille_personnelle,
    toutes_ordinaires,
)

NIRS = [
    "185057800608491",
    "1850578006084",
    "1 85 05 78 006 084 91",
    "1 85 05 78 006 084",
    "1-85-05-78-006-084-91",
    "1.85.05.78.006.084",
    "1\u00a085\u00a005\u00a078\u00a0006\u00a0084\u00a091",
    "1\u202f85\u202f05\u202f78\u202f006\u202f084",
    "2 85 05 2A 004 123 45",
    "285052B004123",
    "285052b00412345",
    "2 99 63 97 411 001 12",
    "7850578006084",
    "assuré:1850578006084",
    "nir_1850578006084_2026",
    "n°1850578006084.",
]
TELEPHONES = [
    "0612345678",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "06/12/34/56/78",
    "06\u00a012\u00a034\u00a056\u00a078",
    "06 12345678",
    "tél : 01 42 00 00 01.",
    "+33612345678",
    "+33 6 12 34 56 78",
    "+33 (0)6 12 34 56 78",
    "0033612345678",
    "+262 692 12 34 56",
    "00262692123456",
    "+32 475 12 34 56",
    "portable_0612345678",
]
COURRIELS = ["jean.dupont@exemple.fr", "écrire à j+d@sous.domaine-x.org !", "<a@b.c>", "é@exemple.fr", "a b@c.de"]
ORDINAIRES = [
    "A-20261103-000123",
    "FSE-20261103-000123",
    "20261103-000123",
    "0192f3c4-8d2e-7a11-9c3b-5d6e7f8091a2",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "2026-11-03T09:12:44+01:00",
    "2026-11-03 09:12:44",
    "03/11/2026 09:12",
    "03-11-2026 10 h 05",
    "03.11.2026",
    "20261103091244",
    "0000123456",
    "412,50 €",
    "1.0.3-rc.2",
    "cpam-75",
    "75011 Paris",
    "@accueil",
    "a @ b",
    "",
]


@pytest.mark.parametrize("texte", NIRS)
def test_a_nir_is_seen_in_all_its_writings(texte: str) -> None:
    assert famille_personnelle(texte) == "NIR"


@pytest.mark.parametrize("texte", TELEPHONES)
def test_a_phone_number_is_seen_in_all_its_writings(texte: str) -> None:
    assert famille_personnelle(texte) == "numéro de téléphone"


@pytest.mark.parametrize("texte", COURRIELS)
def test_an_email_address_is_seen(texte: str) -> None:
    assert famille_personnelle(texte) == "adresse électronique"


@pytest.mark.parametrize("texte", ORDINAIRES)
def test_file_numbers_dates_and_identifiers_are_left_alone(texte: str) -> None:
    assert famille_personnelle(texte) is None
    assert famille_du_nom(texte) is None


@st.composite
def nirs(draw: st.DrawFn) -> str:
    """A NIR by INSEE's rule: sex, year, month, département, commune, order, and key 97 - n mod 97."""
    departement = draw(st.sampled_from(["01", "13", "2A", "2B", "75", "97", "99"]))
    corps = (
        f"{draw(st.sampled_from('12'))}{draw(st.integers(0, 99)):02d}{draw(st.integers(1, 12)):02d}{departement}"
        f"{draw(st.integers(1, 999)):03d}{draw(st.integers(1, 999)):03d}"
    )
    entier = int(corps.replace("2A", "19").replace("2B", "18"))
    return corps + f"{97 - entier % 97:02d}" * draw(st.booleans())


@given(nir=nirs(), separateur=st.sampled_from(["", " ", ".", "-", "\u00a0", "\u2009"]))
def test_every_nir_is_seen_whatever_separates_its_groups(nir: str, separateur: str) -> None:
    coupes = [0, 1, 3, 5, 7, 10, 13, 15]
    groupes = [nir[a:b] for a, b in pairwise(coupes) if nir[a:b]]
    texte = f"assuré {separateur.join(groupes)}, reçu"
    assert famille_personnelle(texte) is not None
    assert famille_du_nom(texte) == "NIR"


@given(nir=nirs(), autour=st.sampled_from(["", "A-", "x_", "urn:x:"]))
def test_the_fast_voucher_of_names_never_vouches_for_what_the_guard_sees(nir: str, autour: str) -> None:
    assert deux_noms_ordinaires(f"{autour}{nir}|S-1") is None
    assert deux_noms_ordinaires(f"S-1|{autour}{nir}") is None


@given(st.text(alphabet="0123456789AaB-_./: @+|\u00a0é", max_size=40), st.text(alphabet="0123456789A-_.", max_size=20))
def test_whatever_the_voucher_accepts_the_guard_accepts(un: str, autre: str) -> None:
    if deux_noms_ordinaires(f"{un}|{autre}"):
        assert famille_du_nom(un) is None
        assert famille_du_nom(autre) is None
        assert "|" not in un + autre
        assert (un + autre).isprintable()


@pytest.mark.parametrize("texte", ["0612345678", "0751234567-2026"])
def test_ten_digits_are_a_file_number_in_an_identifier(texte: str) -> None:
    assert famille_du_nom(texte) is None


@pytest.mark.parametrize(
    ("valeur", "chemin"),
    [
        ("0612345678", "data"),
        ({"a": "0612345678"}, "data.a"),
        ({"a": [0, {"b": "x@y.fr"}]}, "data.a[1].b"),
        ({"a": 1850578006084}, "data.a"),
        ({"a": 1850578006084.0}, "data.a"),
        ({"a": {"0612345678": 1}}, "data.a.(champ n° 1)"),
        ({"a": 1, "x@y.fr": {"b": "0612345678"}}, "data.(champ n° 2)"),
        ({"x\x00": "0612345678"}, "data.(champ n° 1)"),
        ({"n" * 41: "0612345678"}, "data.(champ n° 1)"),
        ([[["0612345678"]]], "data[0][0][0]"),
    ],
)
def test_the_path_says_where_and_never_what(valeur: Any, chemin: str) -> None:
    trouve = donnee_personnelle(valeur, "data")
    assert trouve is not None
    assert trouve[0] == chemin


@pytest.mark.parametrize("valeur", [None, True, False, 3.5, -0.0, 1e300, 10**4000, {}, [], {"a": [None, {"b": 12}]}])
def test_other_json_values_hold_nobody(valeur: Any) -> None:
    assert donnee_personnelle(valeur, "data") is None


def test_the_first_datum_in_document_order_is_the_one_named() -> None:
    assert donnee_personnelle({"a": {"b": "x@y.fr"}, "c": "0612345678"}, "data") == ("data.a.b", "adresse électronique")


def test_depth_is_not_bounded_by_the_stack_and_paths_stay_short() -> None:
    valeur: Any = "0612345678"
    for _ in range(5_000):
        valeur = {"niveau": [valeur]}
    trouve = donnee_personnelle(valeur, "data")
    assert trouve is not None
    assert len(trouve[0]) <= 210


@pytest.mark.parametrize("motif", ["a", "a@", "a@a.", "1", "1 ", "0 6", "+1", "-", "2A", "\u00a0", "06-12", "é@"])
def test_a_text_made_to_slow_the_guard_takes_no_longer_than_its_length_asks(motif: str) -> None:
    debut = time.perf_counter()
    famille_personnelle(motif * (1_000_000 // len(motif)))
    assert time.perf_counter() - debut < 5


@given(
    st.lists(st.tuples(*[st.text("a1|\n-é", max_size=6) | st.sampled_from(["S-1", "x", *NIRS[:2]])] * 2), max_size=4)
)
def test_a_batch_is_vouched_for_when_each_of_its_pairs_is(noms: list[tuple[str, str]]) -> None:
    paires = [f"{un}|{autre}" for un, autre in noms]
    assert toutes_ordinaires(paires) == all(deux_noms_ordinaires(paire) for paire in paires)


def test_a_batch_is_not_vouched_for_when_a_name_is_too_long() -> None:
    assert toutes_ordinaires(["a|b", "c" * 198 + "|d"])
    assert not toutes_ordinaires(["a|b", "c" * 199 + "|d"])
