"""How sure a figure is: confidence intervals of rates, quantiles and means.

Every interval is two-sided. What cannot be bounded is None, never a bound made up: a quantile of ten files has no
upper bound at 95 %. They speak of the files as a sample of what the caisse does; the count itself is exact.
"""

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.indicators.lois import bornes_binomiales, quantile_normal, quantile_student
from shared.indicators.rangs import Entiers, Quantile

CONFIANCE = 0.95
"""Probability that the interval holds the true value."""


class Intervalle(NamedTuple):
    """Both bounds are in. None: no bound on that side."""

    bas: float | None
    haut: float | None


NON_BORNE = Intervalle(None, None)


class Sommes(NamedTuple):
    """What a mean and its variance are made of: exact sums over ``n`` items."""

    n: int
    somme: int
    carres: int

    @property
    def moyenne(self) -> float:
        """Of ``n`` ≥ 1 items."""
        return self.somme / self.n

    @property
    def variance(self) -> float:
        """Sample variance (denominator n − 1) of ``n`` ≥ 2 items; the cancelling is done in whole numbers."""
        return (self.n * self.carres - self.somme**2) / (self.n * (self.n - 1))


def wilson(succes: int, n: int, confiance: float = CONFIANCE) -> Intervalle:
    """Wilson's score interval of a rate, between 0 and 1 (Wilson 1927). Without items: no bound."""
    if n == 0:
        return NON_BORNE
    bas, haut = wilson_par([succes], [n], confiance)
    return Intervalle(float(bas[0]), float(haut[0]))


def wilson_par(
    succes: ArrayLike, n: ArrayLike, confiance: float = CONFIANCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``wilson`` of many rates at once: (lower bounds, upper bounds). Every ``n`` is at least 1."""
    k, taille = np.asarray(succes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z2 = quantile_normal((1 + confiance) / 2) ** 2
    centre = (k + z2 / 2) / (taille + z2)
    demi = np.sqrt(z2) / (taille + z2) * np.sqrt(k * (taille - k) / taille + z2 / 4)
    # At 0 and at n the bound is the rate itself, which rounding could miss by a hair.
    return np.where(k == 0, 0.0, centre - demi), np.where(k == taille, 1.0, centre + demi)


@lru_cache(maxsize=65_536)
def rangs_encadrants(n: int, q: Quantile, confiance: float = CONFIANCE) -> tuple[int | None, int | None]:
    """Ranks, from 1, of the two order statistics of ``n`` items that bracket their q-quantile; None: none does.

    Each side is missed with a probability of at most (1 − ``confiance``)/2 whatever the law of the items, since the
    number of them at or below the true quantile is binomial (Conover, Practical Nonparametric Statistics, 3.2).
    """
    if n == 0:
        return None, None
    bas, haut = bornes_binomiales(n, Fraction(*q), (1 - confiance) / 2)
    return bas or None, haut + 1 if haut < n else None


def intervalle_quantile(valeurs: Entiers, poids: Entiers, q: Quantile, confiance: float = CONFIANCE) -> Intervalle:
    """Interval of the q-quantile of weighted integers (see ``rangs.quantile``), each for ``poids`` ≥ 0 items."""
    ordre = np.argsort(valeurs, kind="stable")
    cumul = np.cumsum(poids[ordre])
    n = int(cumul[-1]) if len(cumul) else 0
    bornes = (
        None if rang is None else float(valeurs[ordre][np.searchsorted(cumul, rang)])
        for rang in rangs_encadrants(n, q, confiance)
    )
    return Intervalle(*bornes)


def intervalle_moyenne(sommes: Sommes, confiance: float = CONFIANCE) -> Intervalle:
    """Student's interval of a mean. Fewer than two items: no bound."""
    if sommes.n < 2:
        return NON_BORNE
    demi = quantile_student((1 + confiance) / 2, sommes.n - 1) * math.sqrt(sommes.variance / sommes.n)
    return Intervalle(sommes.moyenne - demi, sommes.moyenne + demi)
