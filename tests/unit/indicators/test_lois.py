"""The probability laws, against SciPy."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from shared.indicators.lois import (
    beta_incomplete,
    bornes_binomiales,
    cumul_binomial,
    cumul_student,
    quantile_normal,
    quantile_student,
    queue_binomiale,
)

TAILLES = (1, 2, 9, 30, 107, 1_000, 25_000, 3_400_000)
PARTS = (Fraction(1, 1000), Fraction(1, 10), Fraction(1, 3), Fraction(17, 20), Fraction(9, 10), Fraction(999, 1000))


@pytest.mark.parametrize("n", TAILLES)
@pytest.mark.parametrize("p", PARTS)
def test_both_binomial_tails_are_those_of_scipy_far_from_the_mean_too(n: int, p: Fraction) -> None:
    loi = stats.binom(n, float(p))
    for ecarts in (-8, -2, -1, 0, 1, 2, 8):
        k = min(n, max(0, round(float(loi.mean() + ecarts * loi.std()))))
        assert queue_binomiale(k, n, p) == pytest.approx(float(loi.sf(k - 1)), rel=1e-7)
        assert cumul_binomial(k, n, p) == pytest.approx(float(loi.cdf(k)), rel=1e-7)


@pytest.mark.parametrize("n", TAILLES)
@pytest.mark.parametrize("p", PARTS)
@pytest.mark.parametrize("queue", [0.025, 0.0051, 3e-9])
def test_binomial_bounds_are_the_quantiles_of_scipy(n: int, p: Fraction, queue: float) -> None:
    loi = stats.binom(n, float(p))
    assert bornes_binomiales(n, p, queue) == (int(loi.ppf(queue)), int(loi.isf(queue)))


def test_the_ends_of_the_laws_are_certain() -> None:
    assert queue_binomiale(0, 5, 0.1) == cumul_binomial(5, 5, 0.1) == 1.0
    assert queue_binomiale(6, 5, 0.1) == cumul_binomial(-1, 5, 0.1) == 0.0
    assert cumul_student(float("inf"), 3) == 1.0
    assert cumul_student(float("-inf"), 3) == 0.0
    assert (beta_incomplete(2, 3, 0), beta_incomplete(2, 3, 1)) == (0.0, 1.0)


@pytest.mark.parametrize("degres", [1, 2, 5, 29, 400, 100_000])
def test_student_is_that_of_scipy(degres: int) -> None:
    loi = stats.t(degres)
    for t in (-9.0, -3.0, -1.0, -0.01, 0.0, 0.7, 2.0, 6.0):
        assert cumul_student(t, degres) == pytest.approx(float(loi.cdf(t)), rel=1e-8)
    for p in (0.005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.999):
        assert quantile_student(p, degres) == pytest.approx(float(loi.ppf(p)), rel=1e-9, abs=1e-12)


def test_the_normal_quantile_is_that_of_scipy() -> None:
    parts = np.array([0.001, 0.025, 0.5, 0.9, 0.999])
    assert [quantile_normal(p) for p in parts.tolist()] == pytest.approx(stats.norm.ppf(parts).tolist(), abs=1e-12)
