"""Did a measure change its indicator? ``shared/indicators/semblables``, put to a decision of the comité. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.alerts.comite.calendrier import Mois
from shared.indicators.differences import Serie
from shared.indicators.semblables import POSITIF, Bornes, Comparaison, Touches, comparer
from shared.indicators.sens import Mieux

HORIZONS = (1, 2, 3)
"""Whole months after the month of the decision."""

ISOLEE = "Aucune caisse laissée sans mesure n'allait aussi mal : ce que celle-ci serait devenue s'en déduit mal."


@dataclass(frozen=True, slots=True)
class Effet:
    """What is known of one horizon."""

    horizon: int
    comparaison: Comparaison
    reserves: tuple[str, ...] = ()


def effet(
    horizon: int,
    decidee: Mois,
    caisse: str,
    series: Mapping[str, Serie],
    mieux: Mieux,
    touches: Touches,
    bornes: Bornes = POSITIF,
    autres_mesures: int = 0,
) -> Effet:
    """The effect ``horizon`` months after ``decidee``, the month of the decision.

    ``series``: of every caisse. ``touches``: the months in which each was under a measure on the indicator.
    ``autres_mesures``: how many others the caisse had meanwhile.
    """
    vue = comparer(decidee.plus(horizon), decidee, caisse, series, touches, mieux, bornes)
    conditions = {
        ISOLEE: vue.isolee,
        f"{autres_mesures} autre(s) mesure(s) sur cet indicateur pendant ce temps : leur effet s'y mêle.": (
            vue.difference is not None and autres_mesures > 0
        ),
    }
    return Effet(horizon, vue, tuple(phrase for phrase, vraie in conditions.items() if vraie))
