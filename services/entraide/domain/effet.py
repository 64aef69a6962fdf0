"""What a mission changed, at the aidée and at the aidante, with an interval. Pure.

Two measures that share nothing but the month: against the caisse's own projection made before the mission, and against
comparable caisses without aid (``shared/indicators/differences``).
"""

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.indicators.differences import (
    CONFIANCE,
    MOIS_AVANT_MIN,
    Comparaison,
    Conclusion,
    Difference,
    Serie,
    comparer,
    conclure,
    difference,
    moyenne,
)
from shared.indicators.sens import Mieux
from shared.network.mois import Mois

HORIZONS = (1, 2, 3)
"""Whole months after the month in which the mission began."""

MOIS_DU_BESOIN = 3
"""Months before the aid that are its level before: the month the comité judged and those that led to it. An assumption,
to be judged where the true effect is known: ``python -m vigie.experience.mesure``."""

CHOISIE = (
    "La caisse a été aidée parce que son chiffre était mauvais : une part de l'amélioration peut n'être qu'un retour à "
    "la moyenne."
)
DIVERGENTE = "Avant la mission, la caisse s'écartait déjà de ses comparables : l'effet peut en être la suite."
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
    ecartes: tuple[str, ...]
    reserves: tuple[str, ...]

    @property
    def jugee_sur_elle_meme(self) -> Propre | None:
        """Its own projection, where that is what is concluded from: a caisse that was already moving away from its
        comparables, as one in a crisis is, would not have become what they became."""
        if self.comparaison.divergente and self.propre is not None and self.propre.attendue.methode == "projection":
            return self.propre
        return None

    @property
    def conclusion(self) -> Conclusion:
        """That of the comparison, since what happens to all caisses is no effect of the mission, or of its own
        projection (``jugee_sur_elle_meme``)."""
        propre = self.jugee_sur_elle_meme
        return self.comparaison.conclusion if propre is None else propre.conclusion


def mois_d_avant_l_aide(debut: Mois) -> list[Mois]:
    """The months that an aid begun in ``debut`` is compared with: those in which the need was stated, not the ordinary
    ones before it, to which the caisse would not have come back by itself."""
    return [debut.plus(-recul) for recul in range(MOIS_DU_BESOIN, 0, -1)]


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


def en_part_d_avant(serie: Serie, avant: Sequence[Mois]) -> dict[Mois, float]:
    """A stock in % of its own mean before; empty when that mean is nil or unknown."""
    connus = [m for m in avant if m in serie]
    niveau = moyenne(serie, connus) if connus else 0.0
    return {m: 100 * v / niveau for m, v in serie.items()} if niveau > 0 else {}


def effet(
    horizon: int,
    debut: Mois,
    serie: Serie,
    temoins: Mapping[str, Serie],
    mieux: Mieux,
    attendue: Projetee | str,
    *,
    avant: Sequence[Mois] = (),
    relative: bool = False,
    touches: Collection[str] = (),
    autre_aide: bool = False,
    choisie: bool = True,
    tardive: bool = False,
) -> Effet:
    """The effect on one indicator ``horizon`` months after ``debut``, the month of the first day.

    ``avant``: the months before (none: those of ``mois_d_avant_l_aide``). ``attendue``: the projection kept before, or
    why there is none. ``touches``: comparables with an aid of their own,
    given or received: set aside. ``choisie``: it was taken for its bad figures. ``tardive``: see TARDIVE.
    """
    mois, avant = debut.plus(horizon), avant or mois_d_avant_l_aide(debut)
    ecartes = tuple(sorted(set(touches) & temoins.keys()))
    libres = {c: s for c, s in temoins.items() if c not in ecartes}
    if relative:
        parts = {c: en_part_d_avant(s, avant) for c, s in libres.items()}
        vue = comparer(mois, avant, en_part_d_avant(serie, avant), parts, mieux, min(len(avant), MOIS_AVANT_MIN))
    else:
        vue = comparer(mois, avant, serie, libres, mieux, min(len(avant), MOIS_AVANT_MIN))
    propre, raison = None, attendue if isinstance(attendue, str) else None
    if not isinstance(attendue, str):
        if mois in serie:
            propre = contre_projection(attendue, serie[mois], mieux)
        else:
            raison = f"{mois.en_clair} n'est pas mesuré."
    conditions = {
        CHOISIE: choisie and vue.difference is not None,
        DIVERGENTE: vue.divergente,
        AUTRE_AIDE: autre_aide,
        TARDIVE: tardive and propre is not None and propre.attendue.methode == "projection",
        SAISON: propre is not None and propre.attendue.methode == "prolongement",
    }
    reserves = tuple(phrase for phrase, vraie in conditions.items() if vraie)
    return Effet(horizon, mois, vue, propre, raison, relative, ecartes, reserves)
