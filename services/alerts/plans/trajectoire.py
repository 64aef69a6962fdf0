"""The trajectory a plan promises for an indicator, against what was measured. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from services.alerts.comite.calendrier import Mois
from shared.catalogue.indicateurs import Indicateur
from shared.indicators.sens import Mieux

MOIS_MAX = 36

Etat = Literal["tenue", "en_retard", "non_mesure", "a_venir"]
"""Of a month, or of the whole: at the expected value or better; worse; ended without a value; not ended."""


class TrajectoireInvalide(ValueError):
    """Cannot be a trajectory; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Mesure:
    """The exact value of a month; None: not measured. ``bas`` and ``haut``: its interval at 95 %, None when unknown."""

    valeur: Fraction | None
    n: int = 0
    bas: float | None = None
    haut: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One month of the comparison. ``ecart``: in the unit of the indicator, positive when better than expected.

    ``averee``: the interval lies wholly on the wrong side of what was expected.
    """

    mois: Mois
    attendu: Decimal
    etat: Etat
    valeur: float | None = None
    n: int = 0
    ecart: float | None = None
    averee: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the trajectory stands: at its last month measured. ``mois_en_retard``: in a row, up to that one."""

    etat: Etat
    mois: Mois | None = None
    ecart: float | None = None
    averee: bool = False
    mois_en_retard: int = 0


def verifier(indicateur: Indicateur, attendus: Sequence[tuple[Mois, Decimal]]) -> None:
    """Raises TrajectoireInvalide, naming what is wrong."""
    if not attendus or len(attendus) > MOIS_MAX:
        raise TrajectoireInvalide(f"Donnez de 1 à {MOIS_MAX} mois.")
    for (avant, _), (apres, _) in pairwise(attendus):
        if not avant < apres:
            raise TrajectoireInvalide(f"Les mois vont croissant : {apres} suit {avant}.")
    plafond = 100 if indicateur.unite == "%" else None
    for mois, attendu in attendus:
        if not attendu.is_finite() or attendu < 0 or (plafond is not None and attendu > plafond):
            raise TrajectoireInvalide(f"{mois} : {attendu} ne peut pas être une valeur en {indicateur.unite}.")


def comparer(
    attendus: Mapping[Mois, Decimal], mesures: Mapping[Mois, Mesure], dernier_fini: Mois, mieux: Mieux
) -> list[Point]:
    """Month by month. ``dernier_fini``: the last month that is over."""
    return [_comparer(mois, attendus[mois], mesures.get(mois), dernier_fini, mieux) for mois in sorted(attendus)]


def _comparer(mois: Mois, attendu: Decimal, mesure: Mesure | None, dernier_fini: Mois, mieux: Mieux) -> Point:
    if mois > dernier_fini:
        return Point(mois, attendu, "a_venir")
    if mesure is None or mesure.valeur is None:
        return Point(mois, attendu, "non_mesure")
    signe = 1 if mieux == "haut" else -1
    ecart = signe * (mesure.valeur - Fraction(attendu))
    borne = mesure.haut if mieux == "haut" else mesure.bas
    averee = borne is not None and signe * (Fraction(str(borne)) - Fraction(attendu)) < 0
    etat: Etat = "tenue" if ecart >= 0 else "en_retard"
    return Point(mois, attendu, etat, float(mesure.valeur), mesure.n, float(ecart), averee)


def situer(points: Sequence[Point]) -> Situation:
    """The whole in one state: that of the last month measured."""
    mesures = [p for p in points if p.etat in ("tenue", "en_retard")]
    if not mesures:
        return Situation("non_mesure" if any(p.etat == "non_mesure" for p in points) else "a_venir")
    dernier, suite = mesures[-1], 0
    for point in reversed(mesures):
        if point.etat != "en_retard":
            break
        suite += 1
    return Situation(dernier.etat, dernier.mois, dernier.ecart, dernier.averee, suite)
