"""Exact order statistics of weighted integers: the nearest rank, and nothing interpolated."""

import numpy as np
from numpy.typing import NDArray

Entiers = NDArray[np.int64]
Quantile = tuple[int, int]
"""A quantile as an exact fraction: (9, 10) is the 9th decile."""

_ENTIER_MAX = 2**63 - 1


def rang(total: int, q: Quantile) -> int:
    """The rank, from 1, of the q-quantile of ``total`` items: ⌈q·total⌉, in whole numbers."""
    return max(1, -(-total * q[0] // q[1]))


def quantile(valeurs: Entiers, poids: Entiers, q: Quantile) -> int | None:
    """The smallest value with at least a share ``q`` of the weight at or below it; None without weight.

    Equal to ``percentile_disc(q)`` in SQL and to ``numpy.percentile(..., method="inverted_cdf")`` on the values
    repeated by their weights. Rows may weigh less than nothing (corrections, closures); the sum of those of one
    value does not.
    """
    _, trouves, _ = quantiles_par(np.zeros_like(valeurs), valeurs, poids, q)
    return int(trouves[0]) if len(trouves) else None


def quantiles_par(groupes: Entiers, valeurs: Entiers, poids: Entiers, q: Quantile) -> tuple[Entiers, Entiers, Entiers]:
    """The ``quantile`` of each group: (groups, ascending, their quantiles, their total weights).

    A group without weight is left out.
    """
    groupes, valeurs, poids = sommer_par(groupes, valeurs, poids)
    if not len(groupes):
        return groupes, valeurs, poids
    tetes = np.flatnonzero(np.r_[True, groupes[1:] != groupes[:-1]])
    totaux = np.add.reduceat(poids, tetes)
    cumul = np.cumsum(poids)
    rangs = np.maximum(1, -(-totaux * q[0] // q[1]))
    places = np.searchsorted(cumul, cumul[tetes] - poids[tetes] + rangs)
    garde = totaux > 0
    return groupes[tetes][garde], valeurs[places[garde]], totaux[garde]


def sommer_par(groupes: Entiers, valeurs: Entiers, poids: Entiers) -> tuple[Entiers, Entiers, Entiers]:
    """The same weights with one row per (group, value), sorted; rows that cancel out are gone."""
    if not len(groupes):
        return groupes, valeurs, poids
    ordre = _ordre(groupes, valeurs)
    groupes, valeurs, poids = groupes[ordre], valeurs[ordre], poids[ordre]
    debuts = np.flatnonzero(np.r_[True, (groupes[1:] != groupes[:-1]) | (valeurs[1:] != valeurs[:-1])])
    sommes = np.add.reduceat(poids, debuts)
    debuts, sommes = debuts[sommes != 0], sommes[sommes != 0]
    return groupes[debuts], valeurs[debuts], sommes


def _ordre(groupes: Entiers, valeurs: Entiers) -> Entiers:
    """Places that sort rows, at least one, by group, then value; those of equal rows in any order.

    Both make one integer where they fit in one, which sorts in a seventh of the time of two.
    """
    premier, moindre = int(groupes.min()), int(valeurs.min())
    largeur = int(valeurs.max()) - moindre + 1
    if (int(groupes.max()) - premier + 1) * largeur > _ENTIER_MAX:
        return np.lexsort((valeurs, groupes))
    return np.argsort((groupes - premier) * largeur + (valeurs - moindre))
