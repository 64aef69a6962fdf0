"""Confidence intervals, against statsmodels and SciPy, and by simulation."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from shared.indicators.intervalles import (
    Intervalle,
    Sommes,
    intervalle_moyenne,
    intervalle_quantile,
    rangs_encadrants,
    wilson,
    wilson_par,
)
from shared.indicators.rangs import Quantile

NEUF_DIXIEMES = (9, 10)


@pytest.mark.parametrize(
    ("k", "n"), [(0, 1), (0, 10), (1, 1), (7, 10), (85, 100), (923, 1_000), (22_000_000, 25_000_000)]
)
@pytest.mark.parametrize("confiance", [0.8, 0.95, 0.99])
def test_wilson_is_that_of_statsmodels(k: int, n: int, confiance: float) -> None:
    attendu = proportion_confint(k, n, alpha=1 - confiance, method="wilson")
    assert wilson(k, n, confiance) == pytest.approx(tuple(map(float, attendu)), rel=1e-12, abs=1e-15)


def test_wilson_of_many_is_wilson_of_each_and_stays_between_0_and_1() -> None:
    n = np.arange(1, 300)
    k = n * 7 // 9
    bas, haut = wilson_par(k, n)
    assert list(zip(bas.tolist(), haut.tolist(), strict=True)) == [
        wilson(a, b) for a, b in zip(k.tolist(), n.tolist(), strict=True)
    ]
    assert wilson(40, 40).haut == 1.0
    assert wilson(0, 40).bas == 0.0


def test_no_item_bounds_nothing() -> None:
    vide = np.array([], dtype=np.int64)
    assert wilson(0, 0) == (None, None)
    assert intervalle_quantile(vide, vide, NEUF_DIXIEMES) == (None, None)
    assert intervalle_moyenne(Sommes(1, 12, 144)) == (None, None)


@pytest.mark.parametrize("n", [1, 10, 28, 29, 36, 37, 107, 5_000, 1_000_003])
@pytest.mark.parametrize("q", [(9, 10), (1, 2), (1, 10)])
def test_the_ranks_leave_at_most_half_the_risk_on_each_side_and_are_the_closest_to_do_so(n: int, q: Quantile) -> None:
    loi, risque = stats.binom(n, float(Fraction(*q))), 0.025
    bas, haut = rangs_encadrants(n, q)
    rang_bas, rang_haut = bas or 0, haut or n + 1
    assert loi.cdf(rang_bas - 1) <= risque < loi.cdf(rang_bas)
    assert loi.sf(rang_haut - 1) <= risque
    assert loi.sf(rang_haut - 2) > risque


def test_the_ninth_decile_of_thirty_five_files_has_no_upper_bound_at_95_per_cent() -> None:
    # 0.9³⁵ = 2.503 %: the greatest of 35 may well be under the decile; of 36, it is above with 97.75 %.
    assert rangs_encadrants(35, NEUF_DIXIEMES)[1] is None
    assert rangs_encadrants(36, NEUF_DIXIEMES)[1] == 36


def test_weights_are_counts_of_items() -> None:
    valeurs, poids = np.array([30, 3, 12, 3, 45]), np.array([38, 150, 0, 200, 12])
    repetes = np.sort(np.repeat(valeurs, poids))
    bas, haut = stats.binom.ppf([0.025, 0.975], len(repetes), 0.9).astype(int)
    attendu = (float(repetes[bas - 1]), float(repetes[haut]))
    assert intervalle_quantile(valeurs, poids, NEUF_DIXIEMES) == attendu == (3.0, 30.0)


def test_the_interval_of_a_decile_holds_the_true_one_at_least_as_often_as_it_says() -> None:
    rng, vrai = np.random.default_rng(7), 22  # P(X ≤ 21) = 0.8906 < 0.9 ≤ P(X ≤ 22), geometric of p = 0.1
    assert stats.geom.ppf(0.9, 0.1) == vrai
    tirages = np.sort(rng.geometric(0.1, size=(4_000, 120)), axis=1)
    bas, haut = rangs_encadrants(120, NEUF_DIXIEMES)
    assert bas is not None
    assert haut is not None
    couverts = (tirages[:, bas - 1] <= vrai) & (vrai <= tirages[:, haut - 1])
    assert couverts.mean() >= 0.95


@pytest.mark.parametrize("confiance", [0.8, 0.95])
def test_the_interval_of_a_mean_is_that_of_student(confiance: float) -> None:
    delais = np.array([3, 8, 8, 21, 40, 2, 5, 17, 90])
    sommes = Sommes(len(delais), int(delais.sum()), int((delais**2).sum()))
    attendu = stats.t.interval(confiance, len(delais) - 1, loc=delais.mean(), scale=stats.sem(delais))
    assert intervalle_moyenne(sommes, confiance) == pytest.approx(attendu, rel=1e-12)
    assert sommes.variance == pytest.approx(float(delais.var(ddof=1)))


def test_the_variance_of_great_sums_of_seconds_does_not_cancel_out() -> None:
    # Half at 1e9 s, half one second more: the variance is n/(4(n−1)), lost if computed with floats.
    n, a = 2_000_000, 10**9
    sommes = Sommes(n, n * a + n // 2, n // 2 * (a**2 + (a + 1) ** 2))
    assert sommes.variance == pytest.approx(n / (4 * (n - 1)), rel=1e-12)


def test_items_all_alike_have_an_interval_of_one_point() -> None:
    assert intervalle_moyenne(Sommes(4, 20, 100)) == Intervalle(5.0, 5.0)
