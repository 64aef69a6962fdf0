"""The aid that caisses got and gave lately, as it was delivered, and the aid agreed for the weeks to come. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.entraide.besoins.charges import Aide
from services.entraide.domain.activites import parametres
from services.entraide.domain.cycle_de_vie import Etat, Termes
from services.entraide.domain.livraison import SEMAINES_APRES, attendus
from services.entraide.domain.semaines import JOURS, Horizon, lundi_de
from services.entraide.propositions.lignes import VIVANTES, Lue, calendrier_de

TRAVAILLEES: tuple[Etat, ...] = ("active", "terminee", "interrompue")
"""States in which something was worked."""

JOURS_PAR_AN = 365

SEMAINES_DU_RYTHME = 4
"""Whole weeks over which a pace of its own is read once the aid is there: two cycles of 14 days of the IJ."""

Clef = tuple[str, str]
"""(caisse, process)"""

Montees = Mapping[str, Sequence[float]]
"""Ramp-up by pôle; the default for those that are not there."""


@dataclass(frozen=True, slots=True)
class Fait:
    """What a ``productrice`` closed of the files of ``caisse`` (day number ``jour``), in the unit of the process."""

    caisse: str
    productrice: str
    jour: int
    volume: float


def aidees_depuis(lues: Iterable[Lue], hier: int, fenetre: int) -> Mapping[Clef, int]:
    """Where aid was worked in the ``fenetre`` days up to ``hier``: the first day of what is to be read of each, that
    of the window or of the aid that runs."""
    premiers: dict[Clef, int] = {}
    for lue in lues:
        p = lue.proposition
        if p.etat in TRAVAILLEES and _jours_de(lue)[0] <= hier and _jours_de(lue)[1] > hier - fenetre:
            depuis = min(hier - fenetre + 1, hier if lue.close_le is not None else lundi_de(p.termes.debut))
            clef = (p.aidee, p.process)
            premiers[clef] = min(depuis, premiers.get(clef, depuis))
    return premiers


def aides(
    lues: Iterable[Lue], faits: Mapping[Clef, Iterable[Fait]], hier: int, fenetre: int, horizon: Horizon,
    montees: Montees,
) -> Mapping[Clef, Aide]:  # fmt: skip
    """By caisse and process. ``faits``: of each aidée, who closed what (see ``aidees_depuis``); ``fenetre``: days up to
    ``hier`` over which the past is looked at."""
    toutes = list(lues)
    recues: defaultdict[Clef, float] = defaultdict(float)
    donnees: defaultdict[Clef, float] = defaultdict(float)
    propres: dict[Clef, float] = {}
    for (aidee, process), siens in faits.items():
        missions = [
            lue for lue in toutes
            if (lue.proposition.aidee, lue.proposition.process) == (aidee, process)
            and lue.proposition.etat in TRAVAILLEES
        ]  # fmt: skip
        tous = list(siens)
        aidants = {id(f) for f in tous if any(_de_la_mission(f, lue) for lue in missions)}
        for f in tous:
            if id(f) in aidants and f.jour > hier - fenetre:
                recues[aidee, process] += f.volume * JOURS / fenetre
                donnees[f.productrice, process] += f.volume * JOURS / fenetre
        en_cours = [lundi_de(lue.proposition.termes.debut) for lue in missions if lue.close_le is None]
        rythme = _meilleur_rythme([f for f in tous if id(f) not in aidants], min(en_cours, default=hier), hier)
        if rythme is not None:
            propres[aidee, process] = rythme
    a_venir = _a_venir(toutes, horizon, montees)
    return {
        clef: Aide(recues.get(clef, 0.0), donnees.get(clef, 0.0), tuple(a_venir.get(clef, ())), propres.get(clef))
        for clef in sorted(recues.keys() | donnees.keys() | a_venir.keys() | propres.keys())
    }


def prevu(lue: Lue, montees: Montees, fin: int | None = None) -> dict[int, float]:
    """Volume a mission is to deliver in each week, by Monday: ETP, ramp-up and working days of the aidante."""
    montee = montees.get(lue.pole) or parametres()["montee_en_charge"]
    return attendus(lue.proposition.termes, montee, calendrier_de(lue.proposition.aidante), fin)


def donnes(lues: Iterable[Lue], hier: int) -> Mapping[str, float]:
    """ETP-weeks that each pôle has worked for others over the last twelve months: the memory of fairness."""
    total: defaultdict[str, float] = defaultdict(float)
    for lue in lues:
        if lue.proposition.etat in TRAVAILLEES:
            termes = lue.proposition.termes
            part = _travaille(lue, hier - JOURS_PAR_AN + 1, hier) / termes.volume
            total[lue.pole] += part * sum(termes.etp) / 100
    return dict(total)


def _a_venir(lues: Collection[Lue], horizon: Horizon, montees: Montees) -> Mapping[Clef, list[float]]:
    """What live propositions bring in each week of the horizon."""
    a_venir: defaultdict[Clef, list[float]] = defaultdict(lambda: [0.0] * horizon.nombre)
    for lue in lues:
        if lue.proposition.etat in VIVANTES:
            serie = a_venir[lue.proposition.aidee, lue.proposition.process]
            for lundi, volume in prevu(lue, montees).items():
                rang = horizon.rang(lundi)
                if 0 <= rang < horizon.nombre:
                    serie[rang] += volume
    return a_venir


def _de_la_mission(f: Fait, lue: Lue) -> bool:
    du, au = _jours_de(lue)
    return f.productrice == lue.proposition.aidante and du <= f.jour <= au + JOURS * SEMAINES_APRES


def _jours_de(lue: Lue) -> tuple[int, int]:
    """First and last day on which a mission ran, or is to."""
    termes = lue.proposition.termes
    return termes.debut, termes.fin if lue.close_le is None else min(termes.fin, lue.close_le)


def _meilleur_rythme(faits: Iterable[Fait], du: int, hier: int) -> float | None:
    """Best weekly volume over SEMAINES_DU_RYTHME whole weeks in a row from the Monday ``du`` on; None: too soon."""
    semaines = (hier + 1 - du) // JOURS
    if semaines < SEMAINES_DU_RYTHME:
        return None
    par_semaine = [0.0] * semaines
    for f in faits:
        if 0 <= (f.jour - du) // JOURS < semaines:
            par_semaine[(f.jour - du) // JOURS] += f.volume
    pas = SEMAINES_DU_RYTHME
    return max(sum(par_semaine[rang : rang + pas]) / pas for rang in range(semaines - pas + 1))


def _par_semaine(termes: Termes) -> Iterator[tuple[int, float]]:
    """(Monday, volume) of each week agreed on, in proportion to its ETP."""
    for rang, etp in enumerate(termes.etp):
        yield termes.debut + JOURS * rang, termes.volume * etp / sum(termes.etp)


def _travaille(lue: Lue, du: int, au: int) -> float:
    """Volume agreed on for the days of [du, au] on which the mission ran."""
    close = au if lue.close_le is None else min(au, lue.close_le)
    return sum(
        volume * max(0, min(lundi + JOURS - 1, close) - max(lundi, du) + 1) / JOURS
        for lundi, volume in _par_semaine(lue.proposition.termes)
    )
