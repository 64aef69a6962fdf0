"""What a value depends on: the days of cells it reads, and whether the present decides of it."""

from collections.abc import Callable, Mapping, Sequence

from shared.catalogue.indicateurs import Genre
from shared.catalogue.processus import charger_processus
from shared.dossiers.derives.lecture import ECHUS_APRES
from shared.dossiers.echeances import premier_ouvert
from shared.dossiers.mouvements import (
    ATTENTES_LE,
    CLOS_LE,
    CLOS_OUVERTS_LE,
    FLUX_LE,
    OUVERTS,
    RELEVES_LE,
)
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode

_TOUJOURS = -(2**31)
"""Before every day: a stock is summed from the first one."""

DEPUIS_TOUJOURS: tuple[Genre, ...] = ("stock", "stock_age_quantile")
"""Kinds that read every day up to the last one asked."""

_HEURE = 3_600
_JOUR = 86_400

Lecture = tuple[str, int, int, int]
"""Process, axis of ``mouvements``, first and last day."""

_Lectures = Callable[[Demande, Periode], Sequence[Lecture]]


def entrees(demande: Demande, periode: Periode) -> Sequence[Lecture]:
    """The cells that the values of one period are read from."""
    return ENTREES[demande.indicateur.genre](demande, periode)


def heure_de(demande: Demande, periode: Periode) -> int | None:
    """The hour (Unix seconds / 3,600) of the present that a value was made in, when it holds for that hour only.

    None for what the present does not decide: most kinds, and every period that is over everywhere (with what came in
    it fallen due, for a rate of what came). Every zone of
    the network is a whole number of hours, less than a day, from UTC; deadlines fall on the hour.
    """
    genre = demande.indicateur.genre
    suite = ECHUS_APRES + 1 if genre == "echeance_nette" else 1
    if genre not in _DU_PRESENT or periode.au < demande.maintenant // _JOUR - suite:
        return None
    return demande.maintenant // _HEURE


def _le(axe: int) -> _Lectures:
    return lambda demande, periode: [(demande.indicateur.process, axe, *periode)]


def _part_strate(demande: Demande, periode: Periode) -> Sequence[Lecture]:
    return _le(CLOS_LE if _en_dossiers(demande.indicateur.process) else FLUX_LE)(demande, periode)


def _part_nette(demande: Demande, periode: Periode) -> Sequence[Lecture]:
    canal, sans = demande.indicateur.process, demande.indicateur.parametres["sans"]["process"]
    axes = (OUVERTS, CLOS_OUVERTS_LE) if _en_dossiers(canal) else (FLUX_LE,)
    return [*((canal, axe, *periode) for axe in axes), (sans, FLUX_LE, *periode)]


def _en_dossiers(process: str) -> bool:
    return charger_processus()[process].forme == "dossiers"


def _stock(demande: Demande, periode: Periode) -> Sequence[Lecture]:
    return [(demande.indicateur.process, axe, _TOUJOURS, periode.au) for axe in (OUVERTS, CLOS_LE)]


def _echeance(demande: Demande, periode: Periode) -> Sequence[Lecture]:
    p = demande.indicateur.parametres
    depuis = premier_ouvert(p["horloge"], int(p["limite"]), periode.du)
    axes = (CLOS_OUVERTS_LE,) if demande.executante else (OUVERTS, CLOS_LE)
    return [(demande.indicateur.process, axe, depuis, periode.au) for axe in axes]


ENTREES: Mapping[Genre, _Lectures] = {
    "rapport": _le(FLUX_LE),
    "nombre": _le(FLUX_LE),
    "part_strate": _part_strate,
    "attente_part": _le(ATTENTES_LE),
    "attente_quantile": _le(ATTENTES_LE),
    "attente_moyenne": _le(ATTENTES_LE),
    "delai_moyen": _le(CLOS_LE),
    "delai_quantile": _le(CLOS_LE),
    "part_issue": _le(CLOS_LE),
    "stock": _stock,
    "stock_age_quantile": _stock,
    "echeance": _echeance,
    "releve_moyenne": _le(RELEVES_LE),
    "releve_part": _le(RELEVES_LE),
    "ecart_sources": _le(RELEVES_LE),
    "part_chaine": _le(FLUX_LE),
    "part_nette": _part_nette,
    "echeance_nette": _part_nette,
}
"""What each kind reads: at least all of it, or a kept value would outlive what it was made from."""

_DU_PRESENT: tuple[Genre, ...] = (*DEPUIS_TOUJOURS, "echeance", "echeance_nette")
