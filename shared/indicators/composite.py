"""The composite of the CPG indicators: what each caisse scores, how many miss the socle or the objectif, year on year.

The five indicators are cumulated as the source does (IGAS 2017, tome I [65]): a caisse that misses two counts twice.
Pure and exact; bounds are included, and a missing value is never reached and never missed.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from shared.catalogue.composites import Bareme
from shared.indicators.sens import Mieux
from shared.indicators.verdicts import Exact


class Bornes(NamedTuple):
    """What one indicator is scored against, in its unit. ``socle`` None: nothing is scored short of the objectif."""

    objectif: Exact
    socle: Exact | None
    mieux: Mieux


class Note(NamedTuple):
    """Score of one caisse: ``points`` out of ``possibles``, those of the indicators measured.

    ``note`` is their ratio, None when nothing is measured. ``non_mesures`` counts against nobody and is shown.
    """

    points: Fraction
    possibles: Fraction
    sous_socle: tuple[str, ...]
    sous_objectif: tuple[str, ...]
    non_mesures: tuple[str, ...]

    @property
    def note(self) -> Fraction | None:
        return self.points / self.possibles if self.possibles else None


class Cumul(NamedTuple):
    """Over the network: (caisse, indicator) couples that miss a bound, and caisses that miss one at least."""

    couples_sous_socle: int
    couples_sous_objectif: int
    caisses_sous_socle: int
    caisses_sous_objectif: int


class Reduction(NamedTuple):
    """Fall of the couples from one year to the next, as shares; None: there were none before. ``tenue``: both are
    at least what was aimed at."""

    socle: Fraction | None
    objectif: Fraction | None
    tenue: bool


def noter(valeurs: Mapping[str, Exact | None], bornes: Mapping[str, Bornes], bareme: Bareme) -> Note:
    """Score of one caisse from its values by indicator. An indicator without bounds is not measured."""
    points = possibles = Fraction(0)
    sous_socle, sous_objectif, non_mesures = [], [], []
    for code, valant in bareme.points.items():
        valeur, limites = valeurs.get(code), bornes.get(code)
        if valeur is None or limites is None:
            non_mesures.append(code)
            continue
        part = part_des_points(valeur, limites, bareme)
        points, possibles = points + valant * part, possibles + valant
        if not _atteint(valeur, limites.objectif, limites.mieux):
            sous_objectif.append(code)
        if limites.socle is not None and not _atteint(valeur, limites.socle, limites.mieux):
            sous_socle.append(code)
    return Note(points, possibles, tuple(sous_socle), tuple(sous_objectif), tuple(non_mesures))


def part_des_points(valeur: Exact, bornes: Bornes, bareme: Bareme) -> Fraction:
    """Share of the points of one indicator that a value is worth, between 0 and 1."""
    if _atteint(valeur, bornes.objectif, bornes.mieux):
        return bareme.a_l_objectif
    if bornes.socle is None or not _atteint(valeur, bornes.socle, bornes.mieux):
        return Fraction(0)
    socle = Fraction(bornes.socle)
    chemin = (Fraction(valeur) - socle) / (Fraction(bornes.objectif) - socle)
    return bareme.au_socle + (bareme.a_l_objectif - bareme.au_socle) * chemin


def cumuler(notes: Mapping[str, Note]) -> Cumul:
    """How many miss a bound; ``notes`` by caisse."""
    return Cumul(
        sum(len(n.sous_socle) for n in notes.values()),
        sum(len(n.sous_objectif) for n in notes.values()),
        sum(bool(n.sous_socle) for n in notes.values()),
        sum(bool(n.sous_objectif) for n in notes.values()),
    )


def reduction(avant: Cumul, apres: Cumul, bareme: Bareme) -> Reduction:
    """Whether the network came as much closer as was aimed at. A bound nobody missed before is held when nobody
    misses it after."""
    paires = (
        (avant.couples_sous_socle, apres.couples_sous_socle),
        (avant.couples_sous_objectif, apres.couples_sous_objectif),
    )
    baisses = [Fraction(a - b, a) if a else None for a, b in paires]
    visee = bareme.reduction_visee / 100
    tenues = [b == 0 if baisse is None else baisse >= visee for baisse, (_, b) in zip(baisses, paires, strict=True)]
    return Reduction(baisses[0], baisses[1], all(tenues))


def _atteint(valeur: Exact, borne: Exact, mieux: Mieux) -> bool:
    return Fraction(valeur) >= Fraction(borne) if mieux == "haut" else Fraction(valeur) <= Fraction(borne)
