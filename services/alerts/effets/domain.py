"""Did a measure change its indicator? ``shared/indicators/differences``, put to a decision of the comité. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.alerts.comite.calendrier import Mois
from shared.indicators.differences import Conclusion, Difference, Serie, comparer, mois_d_avant
from shared.indicators.sens import Mieux

HORIZONS = (1, 2, 3)
"""Whole months after the month of the decision."""

RETOUR_A_LA_MOYENNE = (
    "La caisse a été choisie parce que son chiffre était mauvais : une part de l'amélioration peut n'être qu'un retour "
    "à la moyenne."
)
DIVERGENTE = "Avant la mesure, la caisse s'écartait déjà de ses comparables : l'effet peut en être la suite."


@dataclass(frozen=True, slots=True)
class Effet:
    """What is known of one horizon; see ``Comparaison``. ``ecartes``: comparables that had a measure of their own."""

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
    """The effect ``horizon`` months after ``decidee``, the month of the decision; the comité judged ``juge``, the last
    of the months before.

    ``touches``: comparables that had a measure of their own on the indicator: they are set aside. ``autres_mesures``:
    how many others the caisse had meanwhile.
    """
    ecartes = tuple(sorted(set(touches) & temoins.keys()))
    libres = {caisse: serie for caisse, serie in temoins.items() if caisse not in ecartes}
    vue = comparer(decidee.plus(horizon), mois_d_avant(juge), traitee, libres, mieux)
    reserves = []
    if vue.difference is not None:
        reserves.append(RETOUR_A_LA_MOYENNE)
        if vue.divergente:
            reserves.append(DIVERGENTE)
        if autres_mesures:
            reserves.append(
                f"{autres_mesures} autre(s) mesure(s) sur cet indicateur pendant ce temps : leur effet s'y mêle."
            )
    return Effet(
        horizon, vue.mois, vue.conclusion, vue.raison, vue.avant, vue.apres, vue.temoins_avant, vue.temoins_apres,
        vue.difference, vue.prealable, vue.temoins, ecartes, tuple(reserves),
    )  # fmt: skip
