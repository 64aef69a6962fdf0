"""Exact order statistics of weighted integers: the nearest rank, and nothing interpolated."""

import numpy as np
from numpy.typing import NDArray

Entiers = NDArray[np.int64]
Quantile = tuple[int, int]
"""A quantile as an exact fraction: (9, 10) is the 9th decile."""


def rang(total: int, q: Quantile) -> int:
    """The rank, from 1, of the q-quantile of ``total`` items: ⌈q·total⌉, in whole numbers."""
    return max(1, -(-total * q[0] // q[1]))


def quantile(valeurs: Entiers, poids: Entiers, q: Quantile) -> int | None:
    """The smallest value with at least a share ``q`` of the weight at or below it; None without weight.

    Equal to ``percentile_disc(q)`` in SQL and to ``numpy.percentile(..., method="inverted_cdf")`` on the values
    repeated by their weights. Weights may be negative where corrections left them so; their sums are not.
    """
    total = int(poids.sum())
    if total <= 0:
        return None
    ordre = np.argsort(valeurs, kind="stable")
    cumul = np.cumsum(poids[ordre])
    return int(valeurs[ordre][np.searchsorted(cumul, rang(total, q))])
