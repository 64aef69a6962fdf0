"""A mission as the follow-up sees it: its two caisses, its days, and what is looked at. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from services.entraide.domain.activites import lire as lire_donnees
from services.entraide.domain.cycle_de_vie import FINAUX, Cote
from services.entraide.domain.fragilite import Passee
from services.entraide.propositions.lignes import MISSIONS, Lue
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.processus import Processus, tous_les_processus
from shared.catalogue.seuils import Vue, charger_seuils
from shared.indicators.semblables import MOIS_AVANT
from shared.network.jours import date_de, jour_de
from shared.network.mois import Mois, jour_de_preparation, mois_de

COTES: tuple[Cote, ...] = ("aidee", "aidante")


@dataclass(frozen=True, slots=True)
class Suivi:
    """An indicator looked at. ``vue``: the side it is judged on. ``relatif``: sizes differ, so caisses are compared on
    the share of their own level before."""

    indicateur: Indicateur
    vue: Vue
    relatif: bool


@cache
def suivis(process: str) -> tuple[Suivi, ...]:
    """What is looked at for a process: its watched indicators, then its stocks."""
    surveilles = charger_seuils().surveilles
    tous = [i for i in charger_indicateurs().values() if i.process == process]
    juges = [Suivi(i, surveilles[i.code].vue, False) for i in tous if i.code in surveilles]
    return (*juges, *(Suivi(i, "responsable", True) for i in tous if i.genre == "stock"))


def processus_de(lue: Lue) -> Processus:
    return tous_les_processus()[lue.proposition.process]


def travaillees(issues: Mapping[str, int], process: str) -> int:
    """How many of these outcomes are work delivered."""
    comptees = _issues_du_travail().get(process)
    return sum(n for issue, n in issues.items() if comptees is None or issue in comptees)


@cache
def _issues_du_travail() -> Mapping[str, frozenset[str]]:
    lues = cast(Mapping[str, list[str]], lire_donnees("travail.yaml")["travail"])
    return {process: frozenset(issues) for process, issues in lues.items()}


def est_mission(lue: Lue) -> bool:
    return lue.proposition.etat in MISSIONS


def a_commence(lue: Lue) -> bool:
    return est_mission(lue) and lue.demarree_le is not None


def debut(lue: Lue) -> int:
    """First day."""
    return lue.proposition.termes.debut


def fin(lue: Lue) -> int:
    """Last day of work: of the terms, or the eve of the end when it was cut short."""
    termes = lue.proposition.termes
    if lue.proposition.etat in FINAUX and lue.close_le is not None:
        return max(termes.debut - 1, min(termes.fin, lue.close_le - 1))
    return termes.fin


def caisse_du_cote(lue: Lue, cote: Cote) -> str:
    return lue.proposition.aidante if cote == "aidante" else lue.proposition.aidee


def mois_du_debut(lue: Lue) -> Mois:
    return mois_de(date_de(debut(lue)))


def mesurable_le(lue: Lue, horizon: int) -> int:
    """The day a month is measured on: late events have had the time to come."""
    return jour_de(jour_de_preparation(mois_du_debut(lue).plus(horizon)))


def voisines(lue: Lue, toutes: Iterable[Lue], horizon: int) -> tuple[Lue, ...]:
    """The other missions on the process that ran in the months compared."""
    du = jour_de(mois_du_debut(lue).plus(-MOIS_AVANT).du)
    au = jour_de(mois_du_debut(lue).plus(horizon).au)
    return tuple(
        a
        for a in toutes
        if a.id != lue.id
        and a_commence(a)
        and a.proposition.process == lue.proposition.process
        and debut(a) <= au
        and fin(a) >= du
    )


def mois_touches(toutes: Iterable[Lue], process: str) -> dict[str, set[Mois]]:
    """The months in which each caisse gave or received aid on the process."""
    touches: dict[str, set[Mois]] = {}
    for lue in toutes:
        if a_commence(lue) and lue.proposition.process == process:
            premier = mois_du_debut(lue)
            mois = [premier.plus(rang) for rang in range(mois_de(date_de(fin(lue))).depuis(premier) + 1)]
            for cote in COTES:
                touches.setdefault(caisse_du_cote(lue, cote), set()).update(mois)
    return touches


def passees(toutes: Iterable[Lue]) -> list[Passee]:
    """The missions that began, for who counts how often they come back."""
    return [
        Passee(a.id, a.besoin, a.proposition.aidee, a.proposition.process, debut(a), fin(a))
        for a in toutes
        if a_commence(a)
    ]
