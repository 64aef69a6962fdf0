"""Draws and dispersions shared by the generators. All are functions of a generator made from the seed."""

from collections.abc import Iterable
from statistics import NormalDist

import numpy as np

from simulator.territoire import Entiers, Reels

_QUANTILES = np.array([NormalDist().inv_cdf((i + 0.5) / 4096) for i in range(4096)])
_RANGS = (np.arange(4096) + 0.5) / 4096

OR = 0.6180339887498949
"""Fractional part of the golden ratio: its multiples fill [0, 1) evenly, whatever their number."""


def generateur(graine: int, flux: int, jour: int = 0) -> np.random.Generator:
    """The generator of one stream and day: the same whatever else was drawn before."""
    return np.random.default_rng([graine, flux, jour])


def choisir(rng: np.random.Generator, nombre: int, parts: Iterable[float]) -> Entiers:
    """``nombre`` ranks drawn with these shares (normalised)."""
    bornes = np.cumsum(tuple(parts))
    rangs: Entiers = np.searchsorted(bornes / bornes[-1], rng.random(nombre), side="right").astype(np.int64)
    return rangs


def normale(rang: Reels) -> Reels:
    """Standard normal quantiles at these probabilities (table of 4,096, so bounded to ±3.7)."""
    quantiles: Reels = np.interp(rang, _RANGS, _QUANTILES)
    return quantiles


def lognormal(rang: Reels, sigma: float) -> Reels:
    """Lognormal quantiles of mean one at these probabilities."""
    quantiles: Reels = np.exp(sigma * normale(rang) - sigma * sigma / 2)
    return quantiles


def sigmoide(x: Reels) -> Reels:
    inverse: Reels = 1 / (1 + np.exp(-x))
    return inverse


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def dispersion(rng: np.random.Generator, sigma: float, poids: Reels, commun: Reels) -> Reels:
    """One positive factor per caisse, of weighted mean one; ``commun`` (standard normal) is half of its variance.

    A caisse slow on one process so tends to be slow on the others.
    """
    facteurs = np.exp(sigma * np.sqrt(0.5) * (commun + rng.standard_normal(len(poids))))
    normes: Reels = facteurs / np.average(facteurs, weights=poids)
    return normes


def caler(formes: Reels, poids: Reels, ecarts: Reels, points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """(a, b) such that the weighted mean of sigmoide(a + b (niveau × formes - 1) + ecarts) is the rate of each point.

    ``points``: two (niveau, rate). Newton's method from the solution without dispersion.
    """
    (n1, t1), (n2, t2) = points
    b = (logit(t2) - logit(t1)) / (n2 - n1)
    theta = np.array([logit(t1) - b * (n1 - 1), b])
    poids = poids / poids.sum()
    for _ in range(30):
        ecart, jacobien = np.empty(2), np.empty((2, 2))
        for i, (niveau, taux) in enumerate(((n1, t1), (n2, t2))):
            x = niveau * formes - 1
            p = sigmoide(theta[0] + theta[1] * x + ecarts)
            pente = poids * p * (1 - p)
            ecart[i] = (poids * p).sum() - taux
            jacobien[i] = pente.sum(), (pente * x).sum()
        theta = theta - np.linalg.solve(jacobien, ecart)
        if np.abs(ecart).max() < 1e-9:
            break
    return float(theta[0]), float(theta[1])
