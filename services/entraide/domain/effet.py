"""What a mission changed, at the aidée and at the aidante, with an interval. Pure.

Two measures that share nothing but the month: against the caisse's own projection made before the mission, and against
comparable caisses without aid: those that were in the same situation (``shared/indicators/semblables``, ADR 0023).
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.indicators.differences import (
    CONFIANCE,
    MOIS_AVANT_MIN,
    Conclusion,
    Difference,
    Serie,
    conclure,
    difference,
)
from shared.indicators.semblables import POSITIF, Bornes, Comparaison, Touches, comparer
from shared.indicators.sens import Mieux
from shared.network.mois import Mois

HORIZONS = (1, 2, 3)
"""Whole months after the month in which the mission began."""

ISOLEE = "Aucune caisse sans aide n'allait aussi mal : ce que celle-ci serait devenue s'en déduit mal."
AUTRE_AIDE = "Une autre mission a touché cette caisse sur ce process pendant ce temps : les effets s'y mêlent."
TARDIVE = "La projection a été faite après le premier jour : elle a déjà vu un peu de l'aide."
SAISON = "Le niveau d'avant est prolongé : une saison ou une tendance s'y mêle à l'effet."

Methode = Literal["projection", "prolongement"]


@dataclass(frozen=True, slots=True)
class Projetee:
    """What was expected of a month before the mission. ``niveau``: of the interval, in %."""

    valeur: float
    bas: float
    haut: float
    niveau: int
    methode: Methode


@dataclass(frozen=True, slots=True)
class Propre:
    """A caisse against itself: what was seen less what was expected, and the interval of that expectation."""

    attendue: Projetee
    observee: float
    ecart: float
    bas: float
    haut: float
    conclusion: Conclusion


@dataclass(frozen=True, slots=True)
class Effet:
    """One indicator of one caisse, so many months after. ``propre`` None: nothing could be expected, and
    ``raison_propre`` says why. ``relative``: the comparison is in % of the mean before, since sizes differ.
    """

    horizon: int
    mois: Mois
    comparaison: Comparaison
    propre: Propre | None
    raison_propre: str | None
    relative: bool
    reserves: tuple[str, ...]

    @property
    def jugee_sur_elle_meme(self) -> Propre | None:
        """Its own projection, where that is what is concluded from: a caisse worse off than any that went without aid
        would not have become what they became."""
        if self.comparaison.isolee and self.propre is not None and self.propre.attendue.methode == "projection":
            return self.propre
        return None

    @property
    def conclusion(self) -> Conclusion:
        """That of the comparison, since what happens without aid is no effect of the mission, or of its own projection
        (``jugee_sur_elle_meme``)."""
        propre = self.jugee_sur_elle_meme
        return self.comparaison.conclusion if propre is None else propre.conclusion


def prolonger(serie: Serie, avant: Sequence[Mois]) -> Projetee | None:
    """The level of the months before, continued: where nothing else can be projected (calls). None: too few months.

    The interval is that of one more month of the same kind, months independent of one another.
    """
    connus = [serie[m] for m in avant if m in serie]
    if len(connus) < MOIS_AVANT_MIN:
        return None
    niveau, ecart = statistics.fmean(connus), difference(0.0, connus)
    if ecart is None:
        return None
    marge = ecart.haut - ecart.valeur
    return Projetee(niveau, niveau - marge, niveau + marge, round(100 * CONFIANCE), "prolongement")


def contre_projection(attendue: Projetee, observee: float, mieux: Mieux) -> Propre:
    """What was seen against what was expected."""
    ecart, bas, haut = (observee - v for v in (attendue.valeur, attendue.haut, attendue.bas))
    return Propre(attendue, observee, ecart, bas, haut, conclure(Difference(ecart, bas, haut, 0), mieux))


def effet(
    horizon: int,
    debut: Mois,
    caisse: str,
    series: Mapping[str, Serie],
    mieux: Mieux,
    attendue: Projetee | str,
    touches: Touches,
    *,
    bornes: Bornes = POSITIF,
    relative: bool = False,
    autre_aide: bool = False,
    tardive: bool = False,
) -> Effet:
    """The effect on one indicator of ``caisse`` ``horizon`` months after ``debut``, the month of the first day.

    ``series``: of every caisse. ``attendue``: the projection kept before, or why there is none. ``touches``: the months
    in which each caisse gave or received aid. ``tardive``: see TARDIVE.
    """
    mois, sienne = debut.plus(horizon), series.get(caisse, {})
    vue = comparer(mois, debut, caisse, series, touches, mieux, bornes, relative=relative)
    propre, raison = None, attendue if isinstance(attendue, str) else None
    if not isinstance(attendue, str):
        if mois in sienne:
            propre = contre_projection(attendue, sienne[mois], mieux)
        else:
            raison = f"{mois.en_clair} n'est pas mesuré."
    conditions = {
        ISOLEE: vue.isolee,
        AUTRE_AIDE: autre_aide,
        TARDIVE: tardive and propre is not None and propre.attendue.methode == "projection",
        SAISON: propre is not None and propre.attendue.methode == "prolongement",
    }
    reserves = tuple(phrase for phrase, vraie in conditions.items() if vraie)
    return Effet(horizon, mois, vue, propre, raison, relative, reserves)
