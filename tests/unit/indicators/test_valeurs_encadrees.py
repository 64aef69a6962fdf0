"""Every value computed from cells carries its exact form and its interval, as SciPy and statsmodels make it."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from shared.indicators.intervalles import demi_moyenne_par
from shared.indicators.periodes import Periode
from shared.indicators.rangs import Entiers
from shared.indicators.statistiques import RESEAU, Valeur, exacte, moyenne, quantiles, rapport

PERIODE = Periode(10, 19)


def colonnes(**valeurs: list[int]) -> dict[str, Entiers]:
    return {nom: np.array(v, dtype=np.int64) for nom, v in valeurs.items()}


def par_caisse(valeurs: list[Valeur]) -> dict[int, Valeur]:
    return {v.caisse: v for v in valeurs}


def test_a_rate_is_exact_and_has_the_wilson_interval_of_statsmodels_in_per_cent() -> None:
    cellules = colonnes(caisse=[1, 1, 2], jour=[10, 12, 15], num=[80, 9, 0], den=[90, 10, 4])
    trouves = par_caisse(rapport(cellules, [PERIODE]))
    for caisse, k, n in ((1, 89, 100), (2, 0, 4), (RESEAU, 89, 104)):
        bas, haut = proportion_confint(k, n, method="wilson")
        v = trouves[caisse]
        assert (v.numerateur, v.denominateur, v.n) == (k, n, n)
        assert (v.bas, v.haut) == pytest.approx((100 * bas, 100 * haut), abs=1e-9)
        assert exacte(v, "%") == (100 * k, n)


def test_a_rate_above_one_as_between_two_corrections_has_no_interval() -> None:
    (caisse, _) = rapport(colonnes(caisse=[1], jour=[10], num=[3], den=[2]), [PERIODE])
    assert (caisse.valeur, caisse.bas, caisse.haut) == (150.0, None, None)


def test_a_mean_has_the_student_interval_of_its_days_about_its_exact_seconds() -> None:
    jours = np.array([13, 18, 18, 31, 50, 12, 15, 27, 60])
    secondes = jours * 86_400 + 1_800
    cellules = {
        "caisse": np.ones(9, dtype=np.int64),
        "jour": np.full(9, 12),
        "n": np.ones(9, dtype=np.int64),
        "somme": secondes,
        "duree": jours,
        "carre": jours**2,
    }
    v = moyenne(cellules, [PERIODE], 86_400)[0]
    assert exacte(v, "jours") == (int(secondes.sum()), 9 * 86_400)
    attendu = stats.t.interval(0.95, 8, loc=secondes.mean() / 86_400, scale=stats.sem(jours))
    assert (v.bas, v.haut) == pytest.approx(attendu, rel=1e-12)


def test_a_duration_is_never_said_to_be_possibly_negative() -> None:
    v = moyenne(colonnes(caisse=[1], jour=[12], somme=[39], n=[2], duree=[39], carre=[15**2 + 24**2]), [PERIODE])[0]
    bas, haut = stats.t.interval(0.95, 1, loc=19.5, scale=stats.sem([15, 24]))
    assert bas < 0
    assert (v.bas, v.haut) == (0, pytest.approx(haut))


def test_a_mean_without_the_sums_of_squares_has_no_interval_rather_than_an_invented_one() -> None:
    (v, _) = moyenne(colonnes(caisse=[1], jour=[12], somme=[100], n=[4]), [PERIODE])
    assert (v.valeur, v.bas, v.haut) == (25.0, None, None)


@pytest.mark.parametrize("n", [2, 5, 30, 61, 62, 200, 10_000, 5_000_000])
def test_the_half_width_of_many_means_is_that_of_scipy(n: int) -> None:
    somme, carre = 12 * n, 150 * n
    variance = (n * carre - somme**2) / (n * (n - 1))
    attendu = stats.t.ppf(0.975, n - 1) * (variance / n) ** 0.5
    (demi,) = demi_moyenne_par(*(np.array([x]) for x in (n, somme, carre)))
    assert demi == pytest.approx(attendu, rel=1e-7)


def test_a_decile_has_the_order_statistics_that_bracket_it() -> None:
    rng = np.random.default_rng(4)
    delais = {1: rng.geometric(0.1, 400), 2: rng.geometric(0.05, 77), 3: rng.geometric(0.2, 12)}
    cellules = {
        "caisse": np.repeat(list(delais), [len(d) for d in delais.values()]),
        "jour": np.full(489, 11),
        "n": np.ones(489, dtype=np.int64),
    }
    trouves = par_caisse(quantiles(cellules, np.concatenate(list(delais.values())), (9, 10), [PERIODE]))
    for caisse, mesures in (*delais.items(), (RESEAU, np.concatenate(list(delais.values())))):
        triees, v = np.sort(mesures), trouves[caisse]
        bas, haut = stats.binom.ppf([0.025, 0.975], len(triees), 0.9).astype(int)
        assert v.bas == triees[bas - 1]
        assert v.haut == (triees[haut] if haut < len(triees) else None)
        assert exacte(v, "jours") == (np.percentile(mesures, 90, method="inverted_cdf"), 1)


def test_a_value_without_an_exact_form_is_refused_by_the_judge() -> None:
    assert exacte(Valeur(1, PERIODE, None, 0), "%") is None
    assert exacte(Valeur(1, PERIODE, 12.0, 3), "jours") == (12, 1)
    with pytest.raises(ValueError, match="no exact form"):
        exacte(Valeur(1, PERIODE, 12.5, 3), "jours")
