"""Ranges of days cut into days, ISO weeks and months."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.indicators.periodes import Periode, coupes, decouper
from shared.network.jours import date_de, jour_de

JOURS = st.dates(date(1990, 1, 1), date(2050, 12, 31))


def en_dates(periodes: list[Periode]) -> list[tuple[str, str]]:
    return [(str(date_de(p.du)), str(date_de(p.au))) for p in periodes]


def test_les_semaines_vont_du_lundi_au_dimanche_meme_au_changement_d_annee() -> None:
    # 2026 ends on the Thursday of ISO week 53.
    assert en_dates(decouper(date(2026, 12, 24), date(2027, 1, 12), "semaine")) == [
        ("2026-12-24", "2026-12-27"),
        ("2026-12-28", "2027-01-03"),
        ("2027-01-04", "2027-01-10"),
        ("2027-01-11", "2027-01-12"),
    ]


def test_les_mois_passent_l_annee_et_fevrier_bissextile() -> None:
    assert en_dates(decouper(date(2027, 12, 31), date(2028, 3, 1), "mois")) == [
        ("2027-12-31", "2027-12-31"),
        ("2028-01-01", "2028-01-31"),
        ("2028-02-01", "2028-02-29"),
        ("2028-03-01", "2028-03-01"),
    ]


def test_le_dernier_jour_que_python_connait_se_decoupe_aussi() -> None:
    assert en_dates(decouper(date(9999, 12, 1), date.max, "mois")) == [("9999-12-01", "9999-12-31")]


def test_a_l_envers_il_n_y_a_aucune_periode() -> None:
    assert decouper(date(2026, 1, 2), date(2026, 1, 1), None) == []


@given(JOURS, st.integers(0, 500), st.sampled_from(["jour", "semaine", "mois", None]))
def test_les_periodes_couvrent_chaque_jour_une_fois_dans_l_ordre(du: date, duree: int, pas: str | None) -> None:
    au = du + timedelta(days=duree)
    periodes = decouper(du, au, pas)
    assert [j for p in periodes for j in range(p.du, p.au + 1)] == list(range(jour_de(du), jour_de(au) + 1))
    cle = {"jour": lambda j: j, "semaine": lambda j: j.isocalendar()[:2], "mois": lambda j: (j.year, j.month)}
    for p in periodes:
        if pas is not None:
            assert len({cle[pas](date_de(j)) for j in range(p.du, p.au + 1)}) == 1


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=6))
def test_entre_deux_coupes_tous_les_jours_sont_des_memes_periodes(bornes: list[tuple[int, int]]) -> None:
    periodes = [Periode(du, du + duree) for du, duree in bornes]
    jours = coupes(periodes)
    assert jours[0] == min(p.du for p in periodes)
    assert jours[-1] == max(p.au for p in periodes) + 1
    for debut, fin in pairwise(jours):
        assert len({tuple(p.du <= j <= p.au for p in periodes) for j in range(debut, fin)}) == 1


@pytest.mark.parametrize(("texte", "attendu"), [("1970-01-01", 0), ("1969-12-31", -1), ("2026-11-03", 20_760)])
def test_le_numero_d_un_jour_compte_depuis_1970(texte: str, attendu: int) -> None:
    assert jour_de(date.fromisoformat(texte)) == attendu
    assert date_de(attendu) == date.fromisoformat(texte)
