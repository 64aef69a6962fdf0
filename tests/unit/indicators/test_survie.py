"""Period Kaplan-Meier on the triangle, against lifelines (left truncation by ``entry``) and hand-worked tables."""

from typing import NamedTuple

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from shared.indicators.periodes import Periode
from shared.indicators.rangs import quantile
from shared.indicators.statistiques import RESEAU, Cellules, Contexte
from shared.indicators.survie import DecileAvecStock, Observes, observes, quantile_avec_stock, quantile_de, tables
from shared.network.calendrier import Calendrier

DU, AU = 20_605, 20_635  # Monday 1 June 2026 to Wednesday 1 July 2026
JUIN = Periode(DU, AU)
Q = (9, 10)
DEMAIN = 30_000


class Dossier(NamedTuple):
    caisse: int
    ouvert: int
    clos: int | None
    n: int = 1
    compte: int = 1


def cellules(dossiers: list[Dossier]) -> tuple[Cellules, Cellules]:
    ouvertures = np.array([(d.caisse, d.ouvert, d.n) for d in dossiers], dtype=np.int64).reshape(-1, 3)
    clos = [(d.caisse, d.ouvert, d.clos, d.n, d.compte) for d in dossiers if d.clos is not None]
    clotures = np.array(clos, dtype=np.int64).reshape(-1, 5)
    return (
        dict(zip(("caisse", "jour", "n"), ouvertures.T, strict=True)),
        dict(zip(("caisse", "jour_ouvert", "jour", "n", "compte"), clotures.T, strict=True)),
    )


def demander(
    dossiers: list[Dossier], horloge: str = "jours_calendaires", aujourdhui: int = DEMAIN
) -> list[DecileAvecStock]:
    calendrier = Calendrier("Métropole")
    caisses = {d.caisse for d in dossiers}
    contexte = Contexte(dict.fromkeys(caisses, calendrier), dict.fromkeys(caisses, (aujourdhui, 12)))
    return quantile_avec_stock(*cellules(dossiers), horloge, Q, [JUIN], contexte)


def au_hasard(graine: int, caisses: int = 3) -> list[Dossier]:
    """Half a year of openings, delays of 0 to about 90 days, some files never closed, some refused."""
    rng = np.random.default_rng(graine)
    ouverts = rng.integers(DU - 150, AU + 20, size=900)
    delais = np.minimum(rng.geometric(0.06, size=900) - 1, 90)
    jamais = rng.random(900) < 0.05
    n = rng.integers(1, 4, size=900)
    compte = rng.random(900) < 0.85
    return [
        Dossier(int(i % caisses) + 1, int(o), None if j else int(o + d), int(k), int(c))
        for i, (o, d, j, k, c) in enumerate(zip(ouverts, delais, jamais, n, compte, strict=True))
    ]


def lifelines(dossiers: list[Dossier]) -> KaplanMeierFitter:
    """The files watched in June, by lifelines: ages shifted by one so that a closure at age 0 follows its entry."""
    vus = [d for d in dossiers if d.ouvert <= AU and (d.clos is None or d.clos >= DU)]
    fins = [AU if d.clos is None else min(d.clos, AU) for d in vus]
    return KaplanMeierFitter().fit(
        durations=[fin - d.ouvert + 1 for d, fin in zip(vus, fins, strict=True)],
        event_observed=[d.clos is not None and d.clos <= AU and d.compte == 1 for d in vus],
        entry=[max(0, DU - d.ouvert) for d in vus],
        weights=[d.n for d in vus],
    )


@pytest.mark.parametrize("graine", range(5))
def test_the_survival_is_that_of_lifelines_with_late_entry(graine: int) -> None:
    dossiers = au_hasard(graine)
    ajuste = lifelines(dossiers)
    [reseau] = [v for v in demander(dossiers) if v.caisse == RESEAU]
    survie = ajuste.survival_function_.iloc[:, 0]
    contexte = Contexte(dict.fromkeys((1, 2, 3), Calendrier("Métropole")), dict.fromkeys((1, 2, 3), (DEMAIN, 12)))
    [(_, vus)] = observes(*cellules(dossiers), "jours_calendaires", [JUIN], contexte)
    [(_, table, _)] = tables(vus._replace(groupe=np.zeros_like(vus.groupe)))
    assert table.survie == pytest.approx(ajuste.predict(np.arange(1, len(table.clos) + 1)).to_numpy())
    atteints = survie.index[survie.to_numpy() <= 0.1 + 1e-12]
    assert reseau.age == (int(atteints[0]) - 1 if len(atteints) else None)
    assert reseau.clos == int(ajuste.event_table["observed"].sum())


@pytest.mark.parametrize("graine", range(5))
def test_every_caisse_has_the_life_table_of_its_own_files(graine: int) -> None:
    dossiers = au_hasard(graine)
    valeurs = {v.caisse: v for v in demander(dossiers)}
    assert set(valeurs) == {RESEAU, 1, 2, 3}
    for caisse in (1, 2, 3):
        seule = demander([d for d in dossiers if d.caisse == caisse])
        assert seule == [valeurs[caisse], valeurs[caisse]._replace(caisse=RESEAU)]


def test_without_stock_nor_late_entry_it_is_the_nearest_rank_decile() -> None:
    rng = np.random.default_rng(3)
    for taille in (1, 9, 10, 11, 20, 137, 1_000):
        ages, n = rng.integers(0, 30, size=taille), rng.integers(1, 5, size=taille)
        zeros, uns = np.zeros(taille, dtype=np.int64), np.ones(taille, dtype=np.int64)
        [(_, table, ouverts)] = tables(Observes(zeros, zeros, ages, uns, zeros, n))
        for q in (Q, (1, 2), (99, 100), (1, 10)):
            assert quantile_de(table, q) == quantile(ages, n, q)
        assert ouverts == 0


def test_a_survival_equal_to_one_tenth_reaches_the_decile_whatever_floats_say() -> None:
    """Ten files closed on ten days: S(8) is 9/10 × 8/9 × … × 1/2, which is 1/10 exactly."""
    ages = np.arange(10)
    zeros, uns = np.zeros(10, dtype=np.int64), np.ones(10, dtype=np.int64)
    [(_, table, _)] = tables(Observes(zeros, zeros, ages, uns, zeros, uns * 7))
    assert quantile_de(table, Q) == 8


def test_closing_only_the_easy_files_shows() -> None:
    """Nine files closed within 2 days, eleven left open since May: the closed-only decile is 2 days."""
    faciles = [Dossier(1, DU + i, DU + i + 2) for i in range(9)]
    oublies = [Dossier(1, DU - 20, None) for _ in range(11)]
    assert demander(faciles + oublies)[0] == DecileAvecStock(1, JUIN, 2, 9, 11)
    # Opened in the period too, they are at risk at age 2 and the decile is not reached.
    recents = [Dossier(1, DU + 1, None) for _ in range(11)]
    assert demander(faciles + recents)[0] == DecileAvecStock(1, JUIN, None, 9, 11)


def test_a_hand_worked_table() -> None:
    """Ages at risk: 0 to 3: the four opened in June; from 30 on: the two of May.

    Age 1: 4 watched, 1 closed (3/4); age 3: 3 watched, 3 closed (0): S crosses 1/10 at 3.
    """
    juin = [Dossier(1, DU, DU + 1), Dossier(1, DU, DU + 3, 3)]
    mai = [Dossier(1, DU - 30, DU + 5), Dossier(1, DU - 30, DU - 1)]
    assert demander(juin + mai)[0] == DecileAvecStock(1, JUIN, 3, 5, 0)


def test_files_closed_before_or_opened_after_the_period_are_not_watched() -> None:
    assert demander([Dossier(1, DU - 9, DU - 1), Dossier(1, AU + 1, AU + 2), Dossier(1, AU + 1, None)]) == []


def test_a_file_closed_the_day_it_was_opened_counts_at_age_0() -> None:
    assert demander([Dossier(1, DU, DU, 5)])[0] == DecileAvecStock(1, JUIN, 0, 5, 0)


def test_a_stop_dated_before_its_start_counts_at_age_0() -> None:
    assert demander([Dossier(1, DU + 5, DU + 3, 5)])[0] == DecileAvecStock(1, JUIN, 0, 5, 0)


def test_a_period_under_way_is_watched_until_today() -> None:
    dossiers = [Dossier(1, DU, DU + 1, 3), Dossier(1, DU, DU + 9, 7)]
    assert demander(dossiers, aujourdhui=DU + 5)[0] == DecileAvecStock(1, JUIN, None, 3, 7)
    assert demander(dossiers, aujourdhui=DU - 1) == []


def test_working_days_leave_out_the_week_end() -> None:
    """Opened on Friday 5 June, closed on Monday 8: 3 calendar days, 1 working day."""
    dossiers = [Dossier(1, DU + 4, DU + 7, 4)]
    assert demander(dossiers, "jours_ouvres")[0].age == 1
    assert demander(dossiers)[0].age == 3


def test_periods_are_each_what_they_are_alone_whatever_their_order() -> None:
    dossiers = au_hasard(8)
    calendrier = Calendrier("Métropole")
    contexte = Contexte(dict.fromkeys((1, 2, 3), calendrier), dict.fromkeys((1, 2, 3), (DEMAIN, 12)))
    periodes = [JUIN, Periode(DU - 100, DU - 50), Periode(DU - 60, AU), Periode(DU - 31, DU - 1)]
    ensemble = quantile_avec_stock(*cellules(dossiers), "jours_ouvres", Q, periodes, contexte)
    seules = [quantile_avec_stock(*cellules(dossiers), "jours_ouvres", Q, [p], contexte) for p in periodes]
    assert sorted(ensemble, key=str) == sorted((v for seule in seules for v in seule), key=str)
