"""Probabilities of the binomial, Student and normal laws, without a statistics package.

Relative error of a tail: about 1e-12 up to a thousand items, 1e-8 at ten million (it comes from ``math.lgamma``).
"""

import math
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

import numpy as np

_NORMALE = NormalDist()
_PRECISION = 1e-15
_MINUSCULE = 1e-300
_ECARTS_TYPES = 12
"""Beyond this many standard deviations from its mean, plus ``_MARGE``, a binomial weighs less than 1e-25."""
_MARGE = 60


def queue_binomiale(k: int, n: int, p: float | Fraction) -> float:
    """P(B ≥ k) of the number B of successes among ``n`` of probability ``p``."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    return beta_incomplete(k, n - k + 1, float(p))


def cumul_binomial(k: int, n: int, p: float | Fraction) -> float:
    """P(B ≤ k): never by subtraction from 1, so that a small one keeps its digits."""
    return queue_binomiale(n - k, n, 1 - p)


def cumul_student(t: float, degres: int) -> float:
    """P(T ≤ t) of Student's law with ``degres`` ≥ 1 degrees of freedom; a small one keeps its digits."""
    if math.isinf(t):
        return 1.0 if t > 0 else 0.0
    queue = beta_incomplete(degres / 2, 0.5, degres / (degres + t * t)) / 2
    return 1 - queue if t > 0 else queue


@lru_cache(maxsize=4_096)
def quantile_student(p: float, degres: int) -> float:
    """The t with P(T ≤ t) = ``p``, 0 < p < 1, by bisection to the last bits."""
    if p < 0.5:
        return -quantile_student(1 - p, degres)
    bas, haut = 0.0, 1.0
    while cumul_student(haut, degres) < p:
        bas, haut = haut, 2 * haut
    while haut - bas > _PRECISION * haut and bas < (milieu := (bas + haut) / 2) < haut:
        bas, haut = (milieu, haut) if cumul_student(milieu, degres) < p else (bas, milieu)
    return haut


def quantile_normal(p: float) -> float:
    """The z with P(Z ≤ z) = ``p``, 0 < p < 1."""
    return _NORMALE.inv_cdf(p)


def bornes_binomiales(n: int, p: Fraction, queue: float) -> tuple[int, int]:
    """(smallest k with P(B ≤ k) ≥ ``queue``, smallest k with P(B ≤ k) ≥ 1 − ``queue``), ``queue`` ≥ 1e-12.

    Every probability within reach is added up, in one pass: its cost grows with the square root of ``n``.
    """
    ecart = _ECARTS_TYPES * math.sqrt(n * float(p) * float(1 - p)) + _MARGE
    premier, dernier = max(0, math.floor(n * p - ecart)), min(n, math.ceil(n * p + ecart))
    k = np.arange(premier, dernier, dtype=np.float64)
    logs = np.concatenate([[0.0], np.cumsum(np.log((n - k) * float(p)) - np.log((k + 1) * float(1 - p)))])
    poids = np.exp(logs - logs.max())
    cumul = np.cumsum(poids) / poids.sum()
    reste = np.cumsum(poids[::-1])[::-1] / poids.sum()
    bas = int(np.searchsorted(cumul, queue))
    # P(B ≤ k) ≥ 1 − queue when P(B > k) ≤ queue: the upper tail is added from its own end.
    haut = int(np.flatnonzero(np.append(reste[1:], 0.0) <= queue)[0])
    return premier + bas, premier + haut


def beta_incomplete(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by the continued fraction of DLMF 8.17.22."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_a_gauche(b, a, 1 - x)
    return _beta_a_gauche(a, b, x)


def _beta_a_gauche(a: float, b: float, x: float) -> float:
    """I_x(a, b) left of its bulk, where the fraction converges in about √max(a, b) steps (Lentz's method)."""
    devant = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    ) / a  # fmt: skip
    d = 1 / (_non_nul(1 - (a + b) * x / (a + 1)))
    c, fraction = 1.0, d
    for m in range(1, 1_000 + 100 * math.isqrt(math.ceil(max(a, b)))):
        pas = 1.0
        for numerateur in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _non_nul(1 + numerateur * d)
            c = _non_nul(1 + numerateur / c)
            pas = c * d
            fraction *= pas
        if abs(pas - 1) < _PRECISION:
            return devant * fraction
    raise ArithmeticError(f"incomplete beta of {a}, {b} at {x} does not converge")


def _non_nul(valeur: float) -> float:
    return valeur if abs(valeur) > _MINUSCULE else _MINUSCULE
