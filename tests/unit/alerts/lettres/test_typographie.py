"""French typography: what a reader would correct with a red pen."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.lettres.typographie import (
    decimales_utiles,
    du_mois,
    en_cours_de_phrase,
    grandeur,
    instant,
    intervalle,
    jour,
    nombre,
    phrase,
)  # fmt: skip


@pytest.mark.parametrize(
    ("valeur", "decimales", "attendu"),
    [
        (1234.56, 1, "1\u202f234,6"), (1234567, 0, "1\u202f234\u202f567"), (12.0, 1, "12"), (-3.25, 2, "\u22123,25"),
        (0.0, 1, "0"), (-0.04, 1, "0"), (100, 1, "100"), (1000, 0, "1\u202f000"),
    ],
)  # fmt: skip
def test_numbers_have_a_comma_narrow_spaces_and_no_useless_zero(valeur: float, decimales: int, attendu: str) -> None:
    assert nombre(valeur, decimales) == attendu


def test_days_are_written_out() -> None:
    assert jour(date(2026, 3, 1)) == "1er\u00a0mars\u00a02026"
    assert jour(date(2026, 11, 20)) == "20\u00a0novembre\u00a02026"
    assert instant(datetime(2026, 8, 9, 6, 5, tzinfo=UTC)) == "9\u00a0août\u00a02026 à 6\u00a0h\u00a005"
    assert (du_mois("octobre 2026"), du_mois("mars 2026")) == ("d’octobre\u00a02026", "de mars\u00a02026")


@pytest.mark.parametrize(
    ("valeur", "unite", "attendu"),
    [
        (87.44, "%", "87,4\u202f%"), (31.24, "jours", "31,2\u00a0jours"), (1.0, "jours", "1\u00a0jour"),
        (1.9, "jours", "1,9\u00a0jour"), (2.0, "jours", "2\u00a0jours"), (20.0, "s", "20\u202fs"),
    ],
)  # fmt: skip
def test_units_agree_with_their_number_and_stay_on_its_line(valeur: float, unite: str, attendu: str) -> None:
    assert grandeur(valeur, unite) == attendu


def test_an_interval_with_one_bound_says_so() -> None:
    assert intervalle(85.1, 89.9, "%") == "entre 85,1 et 89,9\u202f%"
    assert intervalle(None, 3.0, "jours") == "au plus 3\u00a0jours"
    assert intervalle(float("-inf"), None, "jours") == ""


def test_a_value_is_never_printed_as_the_bound_it_crossed() -> None:
    assert nombre(15.04, decimales_utiles(15.04, 15.0)) == "15,04"
    assert nombre(15.004, decimales_utiles(15.004, 15.0)) == "15,004"
    assert nombre(15.0, decimales_utiles(15.0, 15.0)) == "15"


@pytest.mark.parametrize(
    ("brut", "juste"),
    [
        ("Seuil : 52 % ; urgent !", "Seuil\u00a0: 52\u202f% ; urgent\u202f!".replace(" ;", "\u202f;")),
        ("l'état « ouvert »", "l’état «\u00a0ouvert\u00a0»"),
        ("voir https://exemple.test/a?b=1 à 10:30", "voir https://exemple.test/a?b=1 à 10:30"),
        ("4 200 dossiers", "4\u202f200 dossiers"),
        ("(vraiment ?)", "(vraiment\u202f?)"),
    ],
)
def test_sentences_get_their_french_spaces_and_addresses_are_left_alone(brut: str, juste: str) -> None:
    assert phrase(brut) == juste


@given(st.text(max_size=200))
def test_a_sentence_mended_once_is_mended_for_good(texte: str) -> None:
    assert phrase(phrase(texte)) == phrase(texte)


def test_a_label_inside_a_sentence_loses_its_capital_unless_it_is_an_acronym() -> None:
    assert en_cours_de_phrase("Délai de la première IJ") == "délai de la première IJ"
    assert en_cours_de_phrase("FSP assurés") == "FSP assurés"
