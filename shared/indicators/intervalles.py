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

Reels = NDArray[np.float64]

CONFIANCE = 0.95
"""Probability that the interval holds the true value."""


_GRANDS = 60
"""Degrees of freedom from which Student's quantile is taken from its expansion."""


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


def wilson_par(succes: ArrayLike, n: ArrayLike, confiance: float = CONFIANCE) -> tuple[Reels, Reels]:
    """``wilson`` of many rates at once: (lower bounds, upper bounds). Every ``n`` is at least 1.

    A rate that is none (more successes than items, as between two corrections) has bounds that are not numbers.
    """
    k, taille = np.asarray(succes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    k = np.where((k < 0) | (k > taille), np.nan, k)
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


def encadrer(
    groupes: Entiers, valeurs: Entiers, poids: Entiers, codes: Entiers, totaux: Entiers, q: Quantile
) -> tuple[Reels, Reels]:
    """``intervalle_quantile`` of many groups at once: (lower bounds, upper bounds); not a number: no bound.

    ``groupes``, ``valeurs``, ``poids``: as ``rangs.sommer_par`` gives them. ``codes``: the groups wanted, each with a
    total weight in ``totaux``, as ``rangs.quantiles_par`` gives them.
    """
    avant = np.cumsum(poids) - poids
    debuts = avant[np.searchsorted(groupes, codes)]
    # Rank 0 stands for a bound that does not exist.
    rangs = [[rang or 0 for rang in rangs_encadrants(total, q)] for total in totaux.tolist()]
    bas, haut = np.array(rangs, dtype=np.int64).reshape(len(codes), 2).T
    return _au_rang(valeurs, avant, debuts, bas), _au_rang(valeurs, avant, debuts, haut)


def _au_rang(valeurs: Entiers, avant: Entiers, debuts: Entiers, rangs: Entiers) -> Reels:
    """The value of each rank after ``debuts``, ``avant`` being the weight before each value; rank 0: not a number."""
    places = np.maximum(np.searchsorted(avant, debuts + rangs) - 1, 0)
    return np.where(rangs > 0, valeurs[places].astype(np.float64), np.nan) if len(valeurs) else np.full(0, np.nan)


def intervalle_moyenne(sommes: Sommes, confiance: float = CONFIANCE) -> Intervalle:
    """Student's interval of a mean. Fewer than two items: no bound."""
    if sommes.n < 2:
        return NON_BORNE
    demi = quantile_student((1 + confiance) / 2, sommes.n - 1) * math.sqrt(sommes.variance / sommes.n)
    return Intervalle(sommes.moyenne - demi, sommes.moyenne + demi)


def demi_moyenne_par(n: Entiers, sommes: Entiers, carres: Entiers, confiance: float = CONFIANCE) -> Reels:
    """Half-widths of Student's intervals of many means at once; not a number: fewer than two items.

    ``sommes``, ``carres``: Σ x and Σ x² of the ``n`` items. The cancelling is done on whole numbers where they fit.
    """
    demi = np.full(len(n), np.nan)
    for rang, (taille, somme, carre) in enumerate(zip(n.tolist(), sommes.tolist(), carres.tolist(), strict=True)):
        if taille >= 2:
            variance = max(0.0, Sommes(taille, somme, carre).variance)
            demi[rang] = _student((1 + confiance) / 2, taille - 1) * math.sqrt(variance / taille)
    return demi


def _student(p: float, degres: int) -> float:
    """``quantile_student``; from ``_GRANDS`` degrees on, by Fisher and Cornish's expansion about the normal law.

    The expansion to 1/ν⁴ (Abramowitz and Stegun 26.7.5) is within 1e-7 of it there, and costs nothing.
    """
    if degres < _GRANDS:
        return quantile_student(p, degres)
    z, v = quantile_normal(p), float(degres)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92_160 * v**4)
    )
