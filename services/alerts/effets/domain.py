"""Did a measure change its indicator? Difference in differences against comparable caisses. Pure.

What the caisse gained between the months before the measure and one month after it, less what its comparables gained:
what happened to all of them is taken away. The interval is that of a regression of each caisse's change on "had the
measure" (one treated, n comparables, Student with n - 1 degrees of freedom): it takes the month-to-month noise of the
treated caisse for that of its comparables, which is why they are chosen of its size.
"""

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from services.alerts.comite.calendrier import Mois
from shared.indicators.lois import quantile_student
from shared.indicators.sens import Mieux

HORIZONS = (1, 2, 3)
"""Whole months after the month of the decision."""

MOIS_AVANT = 6
"""Months before, the one the comité judged being the last. One alone would be an extreme: it was chosen for that."""

MOIS_AVANT_MIN = 3
TEMOINS_MIN = 4
"""Fewer, and nothing is concluded. None of these figures is in the sources."""

CONFIANCE = 0.95

_BRUIT = 1e-9
"""Relative spread under which values differ by their last bits only."""

Serie = Mapping[Mois, float]
"""Measured months only."""

Conclusion = Literal["amelioree", "degradee", "non_distinguee", "pas_assez_de_donnees"]

RETOUR_A_LA_MOYENNE = (
    "La caisse a été choisie parce que son chiffre était mauvais : une part de l'amélioration peut n'être qu'un retour "
    "à la moyenne."
)
DIVERGENTE = "Avant la mesure, la caisse s'écartait déjà de ses comparables : l'effet peut en être la suite."


@dataclass(frozen=True, slots=True)
class Difference:
    """Change of one caisse less the mean change of ``n`` others, and its interval at CONFIANCE."""

    valeur: float
    bas: float
    haut: float
    n: int


@dataclass(frozen=True, slots=True)
class Effet:
    """What is known of one horizon. Levels and ``difference`` are in the unit of the indicator.

    ``raison``: why nothing is concluded. ``prealable``: the same difference between the first half of the months before
    and the second: it should be nothing.
    """

    horizon: int
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
    ecartes: tuple[str, ...] = ()
    reserves: tuple[str, ...] = ()


def mois_d_avant(juge: Mois) -> list[Mois]:
    """The months a measure is compared with, ``juge`` (the month it was decided for) the last."""
    return [juge.plus(-recul) for recul in range(MOIS_AVANT - 1, -1, -1)]


def difference(traitee: float, temoins: Sequence[float]) -> Difference | None:
    """The change of the treated caisse less that of the others; None when theirs say nothing of the noise."""
    n = len(temoins)
    if n < 2 or (ecart_type := statistics.stdev(temoins)) <= _BRUIT * (1 + max(map(abs, temoins))):
        return None
    valeur = traitee - statistics.fmean(temoins)
    marge = quantile_student((1 + CONFIANCE) / 2, n - 1) * ecart_type * sqrt(1 + 1 / n)
    return Difference(valeur, valeur - marge, valeur + marge, n)


def effet(
    horizon: int,
    decidee: Mois,
    juge: Mois,
    traitee: Serie,
    temoins: Mapping[str, Serie],
    mieux: Mieux,
    touches: Collection[str] = (),
    autres_mesures: int = 0,
) -> Effet:
    """The effect ``horizon`` months after ``decidee``, the month of the decision.

    ``touches``: comparables that had a measure of their own on the indicator: they are set aside. ``autres_mesures``:
    how many others the caisse had meanwhile.
    """
    mois = decidee.plus(horizon)
    ecartes = tuple(sorted(set(touches) & temoins.keys()))
    avant = [m for m in mois_d_avant(juge) if m in traitee]
    if mois not in traitee:
        return _rien(horizon, mois, f"{mois.en_clair} n'est pas mesuré.", ecartes)
    if len(avant) < MOIS_AVANT_MIN:
        raison = f"{len(avant)} mois mesurés avant la mesure ; il en faut {MOIS_AVANT_MIN}."
        return _rien(horizon, mois, raison, ecartes)
    voulus = {*avant, mois}
    complets = {c: s for c, s in sorted(temoins.items()) if c not in ecartes and voulus <= s.keys()}
    if len(complets) < TEMOINS_MIN:
        raison = f"{len(complets)} caisses comparables mesurées et sans mesure elles-mêmes ; il en faut {TEMOINS_MIN}."
        return _rien(horizon, mois, raison, ecartes)
    trouvee = difference(_ecart(traitee, avant, [mois]), [_ecart(s, avant, [mois]) for s in complets.values()])
    if trouvee is None:
        return _rien(horizon, mois, "Les comparables ont toutes bougé d'autant : rien ne dit le hasard.", ecartes)
    milieu = len(avant) // 2
    prealable = difference(
        _ecart(traitee, avant[:milieu], avant[milieu:]),
        [_ecart(s, avant[:milieu], avant[milieu:]) for s in complets.values()],
    )
    reserves = [RETOUR_A_LA_MOYENNE]
    if prealable is not None and not prealable.bas <= 0 <= prealable.haut:
        reserves.append(DIVERGENTE)
    if autres_mesures:
        reserves.append(
            f"{autres_mesures} autre(s) mesure(s) sur cet indicateur pendant ce temps : leur effet s'y mêle."
        )
    return Effet(
        horizon, mois, _conclure(trouvee, mieux), None,
        avant=_moyenne(traitee, avant), apres=traitee[mois],
        temoins_avant=statistics.fmean(_moyenne(s, avant) for s in complets.values()),
        temoins_apres=statistics.fmean(s[mois] for s in complets.values()),
        difference=trouvee, prealable=prealable, temoins=tuple(complets), ecartes=ecartes, reserves=tuple(reserves),
    )  # fmt: skip


def _conclure(trouvee: Difference, mieux: Mieux) -> Conclusion:
    if trouvee.bas <= 0 <= trouvee.haut:
        return "non_distinguee"
    return "amelioree" if (trouvee.valeur > 0) == (mieux == "haut") else "degradee"


def _rien(horizon: int, mois: Mois, raison: str, ecartes: tuple[str, ...]) -> Effet:
    return Effet(horizon, mois, "pas_assez_de_donnees", f"Pas assez de données. {raison}", ecartes=ecartes)


def _moyenne(serie: Serie, mois: Sequence[Mois]) -> float:
    return statistics.fmean(serie[m] for m in mois)


def _ecart(serie: Serie, avant: Sequence[Mois], apres: Sequence[Mois]) -> float:
    return _moyenne(serie, apres) - _moyenne(serie, avant)
