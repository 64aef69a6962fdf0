"""Did something change an indicator? Difference in differences against comparable caisses. Pure.

What one caisse gained between the months before and one month after, less what its comparables gained: what happened
to all of them is taken away. The interval is that of a regression of each caisse's change on "it happened here" (one
treated, n comparables, Student with n - 1 degrees of freedom): it takes the month-to-month noise of the treated caisse
for that of its comparables, which is why they are chosen of its size.
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
    """Change of one caisse less the mean change of ``n`` others, and its interval at CONFIANCE."""

    valeur: float
    bas: float
    haut: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparaison:
    """One caisse and its comparables, before and after, in the unit of the indicator.

    ``raison``: why nothing is concluded. ``prealable``: the same difference between the first half of the months before
    and the second: it should be nothing.
    """

    mois: Mois
    conclusion: Conclusion
    raison: str | None = None
    avant: float | None = None
    apres: float | None = None
    temoins_avant: float | None = None
    temoins_apres: float | None = None
    difference: Difference | None = None
    prealable: Difference | None = None
    temoins: tuple[str, ...] = ()

    @property
    def divergente(self) -> bool:
        """Whether the caisse was already moving away from its comparables before."""
        return self.prealable is not None and not self.prealable.bas <= 0 <= self.prealable.haut


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


def comparer(
    mois: Mois,
    voulus: Sequence[Mois],
    traitee: Serie,
    temoins: Mapping[str, Serie],
    mieux: Mieux,
    avant_min: int = MOIS_AVANT_MIN,
) -> Comparaison:
    """The month ``mois`` against the months ``voulus`` before, of which ``avant_min`` at least must be measured; a
    comparable that lacks one of them is left out."""
    avant = [m for m in voulus if m in traitee]
    if mois not in traitee:
        return _rien(mois, f"{mois.en_clair} n'est pas mesuré.")
    if len(avant) < avant_min:
        return _rien(mois, f"{len(avant)} mois mesurés avant ; il en faut {avant_min}.")
    complets = {c: s for c, s in sorted(temoins.items()) if {*avant, mois} <= s.keys()}
    if len(complets) < TEMOINS_MIN:
        raison = f"{len(complets)} caisses comparables mesurées, et que rien de tel n'a touchées ; il en faut"
        return _rien(mois, f"{raison} {TEMOINS_MIN}.")
    trouvee = difference(_ecart(traitee, avant, [mois]), [_ecart(s, avant, [mois]) for s in complets.values()])
    if trouvee is None:
        return _rien(mois, "Les comparables ont toutes bougé d'autant : rien ne dit le hasard.")
    milieu = len(avant) // 2
    prealable = milieu and difference(
        _ecart(traitee, avant[:milieu], avant[milieu:]),
        [_ecart(s, avant[:milieu], avant[milieu:]) for s in complets.values()],
    )
    return Comparaison(
        mois, conclure(trouvee, mieux), None,
        avant=moyenne(traitee, avant), apres=traitee[mois],
        temoins_avant=statistics.fmean(moyenne(s, avant) for s in complets.values()),
        temoins_apres=statistics.fmean(s[mois] for s in complets.values()),
        difference=trouvee, prealable=prealable or None, temoins=tuple(complets),
    )  # fmt: skip


def conclure(trouvee: Difference, mieux: Mieux) -> Conclusion:
    """What an interval that does not hold zero says, on the side where one is better."""
    if trouvee.bas <= 0 <= trouvee.haut:
        return "non_distinguee"
    return "amelioree" if (trouvee.valeur > 0) == (mieux == "haut") else "degradee"


def moyenne(serie: Serie, mois: Sequence[Mois]) -> float:
    """Mean over these months."""
    return statistics.fmean(serie[m] for m in mois)


def _rien(mois: Mois, raison: str) -> Comparaison:
    return Comparaison(mois, "pas_assez_de_donnees", f"Pas assez de données. {raison}")


def _ecart(serie: Serie, avant: Sequence[Mois], apres: Sequence[Mois]) -> float:
    return moyenne(serie, apres) - moyenne(serie, avant)
