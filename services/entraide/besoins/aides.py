"""The aid that caisses got and gave lately, and the aid agreed for the weeks to come, from the propositions. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from services.entraide.besoins.charges import Aide
from services.entraide.domain.cycle_de_vie import Etat, Termes
from services.entraide.domain.semaines import JOURS, Horizon
from services.entraide.propositions.lignes import VIVANTES, Lue

TRAVAILLEES: tuple[Etat, ...] = ("active", "terminee", "interrompue")
"""States in which something was worked."""

JOURS_PAR_AN = 365

Clef = tuple[str, str]
"""(caisse, process)"""


def aides(lues: Iterable[Lue], hier: int, fenetre: int, horizon: Horizon) -> Mapping[Clef, Aide]:
    """By caisse and process. ``fenetre``: days up to ``hier`` over which the past is looked at."""
    recues: defaultdict[Clef, float] = defaultdict(float)
    donnees: defaultdict[Clef, float] = defaultdict(float)
    a_venir: defaultdict[Clef, list[float]] = defaultdict(lambda: [0.0] * horizon.nombre)
    for lue in lues:
        p = lue.proposition
        if p.etat in TRAVAILLEES:
            fait = _travaille(lue, hier - fenetre + 1, hier) * JOURS / fenetre
            recues[p.aidee, p.process] += fait
            donnees[p.aidante, p.process] += fait
        if p.etat in VIVANTES:
            serie = a_venir[p.aidee, p.process]
            for lundi, volume in _par_semaine(p.termes):
                rang = horizon.rang(lundi)
                if 0 <= rang < horizon.nombre:
                    serie[rang] += volume
    clefs = recues.keys() | donnees.keys() | a_venir.keys()
    return {
        clef: Aide(recues.get(clef, 0.0), donnees.get(clef, 0.0), tuple(a_venir.get(clef, ())))
        for clef in sorted(clefs)
    }


def donnes(lues: Iterable[Lue], hier: int) -> Mapping[str, float]:
    """ETP-weeks that each pôle has worked for others over the last twelve months: the memory of fairness."""
    total: defaultdict[str, float] = defaultdict(float)
    for lue in lues:
        if lue.proposition.etat in TRAVAILLEES:
            termes = lue.proposition.termes
            part = _travaille(lue, hier - JOURS_PAR_AN + 1, hier) / termes.volume
            total[lue.pole] += part * sum(termes.etp) / 100
    return dict(total)


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
