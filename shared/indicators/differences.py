"""A difference between one value and others of its kind, with its interval, and what it lets one conclude. Pure.

The interval is that of a regression on "it happened here" (one treated, n others, Student with n - 1 degrees of
freedom): it takes the noise of the one for that of the others.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from shared.indicators.lois import quantile_student
from shared.indicators.sens import Mieux
from shared.network.mois import Mois

MOIS_AVANT = 6
"""Months before. One alone would be an extreme: it is often for that one that something was done."""

MOIS_AVANT_MIN = 3
TEMOINS_MIN = 4
"""Fewer, and nothing is concluded. None of these figures is in the sources."""

CONFIANCE = 0.95

_BRUIT = 1e-9
"""Relative spread under which values differ by their last bits only."""

Serie = Mapping[Mois, float]
"""Measured months only."""

Conclusion = Literal["amelioree", "degradee", "non_distinguee", "pas_assez_de_donnees"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Change of one caisse less the mean change of ``n`` others, and its interval."""

    valeur: float
    bas: float
    haut: float
    n: int


def mois_d_avant(dernier: Mois) -> list[Mois]:
    """The months compared with, ``dernier`` the last."""
    return [dernier.plus(-recul) for recul in range(MOIS_AVANT - 1, -1, -1)]


def difference(traitee: float, temoins: Sequence[float]) -> Difference | None:
    """The change of the treated caisse less that of the others; None when theirs say nothing of the noise."""
    n = len(temoins)
    if n < 2 or (ecart_type := statistics.stdev(temoins)) <= _BRUIT * (1 + max(map(abs, temoins))):
        return None
    valeur = traitee - statistics.fmean(temoins)
    marge = quantile_student((1 + CONFIANCE) / 2, n - 1) * ecart_type * sqrt(1 + 1 / n)
    return Difference(valeur, valeur - marge, valeur + marge, n)


def conclure(trouvee: Difference, mieux: Mieux) -> Conclusion:
    """What an interval that does not hold zero says, on the side where one is better."""
    if trouvee.bas <= 0 <= trouvee.haut:
        return "non_distinguee"
    return "amelioree" if (trouvee.valeur > 0) == (mieux == "haut") else "degradee"
