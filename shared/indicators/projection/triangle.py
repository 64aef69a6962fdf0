"""The recent past of a process as dense arrays: arrivals, closings, and files exposed to closing by age.

Ages are working days of the caisse's own calendar: a file is exposed once per working day it is open, at the age it
has that day, 0 on the day it comes. Files opened long ago are grouped by weeks, then by four weeks.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.indicators.rangs import Entiers
from shared.indicators.statistiques import CalendrierDe, Cellules, regrouper
from shared.network.calendrier import PREMIER_JOUR

Reels = NDArray[np.float64]

JOURS_LUS = 182
"""Days of history looked at: what is older says little about the next weeks."""

BLOC = 14
"""Days of a block: closings and exposures are kept by block, block 0 ending on the last evening."""

AGES = 130
"""Ages told apart, in working days (half a year); the last stands for it and beyond."""

_FINS, _SEMAINES = 63, 427
"""Days of age up to which openings are kept by day, then by week."""


class Passe(NamedTuple):
    """The past of the caisses that share a calendar, up to the evening of ``arrete``.

    ``arrivees``, ``clos``: files per caisse and day since ``depuis``. ``exposes``, ``fermes``: files exposed and
    closed per caisse, block and age. ``stock``: files open on the evening, per caisse and day opened (``cohortes``,
    ascending). ``premier``: first day a file of the caisse is known.
    """

    caisses: Entiers
    calendrier: CalendrierDe
    depuis: int
    arrete: int
    premier: Entiers
    arrivees: Entiers
    clos: Entiers
    exposes: Entiers
    fermes: Entiers
    cohortes: Entiers
    stock: Entiers


def passes(
    ouvertures: Cellules, clotures: Cellules, calendriers: Mapping[int, CalendrierDe], arrete: int
) -> list[Passe]:
    """The past of every caisse, by calendar.

    ``ouvertures``: caisse, jour, n; ``clotures``: caisse, jour_ouvert, jour, n. What was closed before the days looked
    at (``JOURS_LUS`` up to ``arrete``) is taken off the openings. What is dated after ``arrete`` is not known yet.
    """
    depuis = arrete - JOURS_LUS + 1
    ouverts = _jusqu_a(ouvertures, arrete)
    clos = _jusqu_a(clotures, arrete)
    tous: list[Passe] = []
    for modele, membres in regrouper(ouverts["caisse"], lambda code: id(calendriers[code])):
        caisses = np.unique(ouverts["caisse"][membres])
        siens = {nom: colonne[membres] for nom, colonne in ouverts.items()}
        ici = np.isin(clos["caisse"], caisses)
        leurs = {nom: colonne[ici] for nom, colonne in clos.items()}
        tous.append(_passe(caisses, calendriers[modele], siens, leurs, depuis, arrete))
    return tous


def jour_groupe(jours: Entiers, repere: int) -> Entiers:
    """The day that stands for each opening seen on ``repere``: itself, or the middle of its week or four weeks."""
    age = repere - jours
    semaine = repere - (_FINS + (age - _FINS) // 7 * 7 + 3)
    quatre = repere - (_SEMAINES + (age - _SEMAINES) // 28 * 28 + 14)
    groupes = np.where(age <= _FINS, jours, np.where(age <= _SEMAINES, semaine, quatre))
    resultat: Entiers = np.maximum(PREMIER_JOUR, groupes)
    return resultat


def ages_ouvres(cumuls: Entiers, cumul: int) -> Entiers:
    """Working days from each opening to a day, brought back to the ages told apart. ``cumuls`` of the openings and
    ``cumul`` of the day: see ``ouvres_cumul``."""
    return np.minimum(np.maximum(cumul - cumuls, 0), AGES - 1)


_Nombres = TypeVar("_Nombres", np.int64, np.float64)


def sommer_tranches(montants: NDArray[_Nombres], cles: Entiers) -> tuple[NDArray[_Nombres], Entiers]:
    """Sums of the last axis over runs of equal ``cles`` (monotone), and the key of each run."""
    debuts = np.flatnonzero(np.r_[True, cles[1:] != cles[:-1]])
    sommes: NDArray[_Nombres] = np.add.reduceat(montants, debuts, axis=-1)
    return sommes, cles[debuts]


def _jusqu_a(cellules: Cellules, arrete: int) -> dict[str, Entiers]:
    ouvert = cellules.get("jour_ouvert", cellules["jour"])
    garde = (np.maximum(cellules["jour"], ouvert) <= arrete) & (cellules["n"] != 0)
    return {nom: colonne[garde] for nom, colonne in cellules.items()}


def _passe(
    caisses: Entiers, calendrier: CalendrierDe, ouverts: Cellules, clos: Cellules, depuis: int, arrete: int
) -> Passe:
    lieu = np.searchsorted(caisses, ouverts["caisse"])
    premier = np.full(len(caisses), arrete, dtype=np.int64)
    np.minimum.at(premier, lieu, ouverts["jour"])
    anciens = jour_groupe(np.concatenate([ouverts["jour"], clos["jour_ouvert"]]), depuis)
    cohortes = np.unique(np.concatenate([anciens, np.arange(depuis, arrete + 1)]))
    jours = arrete - depuis + 1
    arrivees, fins = (np.zeros((len(caisses), jours), dtype=np.int64) for _ in range(2))
    recents = ouverts["jour"] >= depuis
    np.add.at(arrivees, (lieu[recents], ouverts["jour"][recents] - depuis), ouverts["n"][recents])

    ou, quand = np.searchsorted(caisses, clos["caisse"]), np.maximum(clos["jour"], clos["jour_ouvert"])
    np.add.at(fins, (ou, quand - depuis), clos["n"])
    ordre = np.argsort(quand, kind="stable")
    rang_clos = np.searchsorted(cohortes, jour_groupe(clos["jour_ouvert"], depuis))
    bornes = np.searchsorted(quand[ordre], np.arange(depuis, arrete + 2))

    stock = np.zeros((len(caisses), len(cohortes)), dtype=np.int64)
    vieux = ~recents
    np.add.at(
        stock,
        (lieu[vieux], np.searchsorted(cohortes, jour_groupe(ouverts["jour"][vieux], depuis))),
        ouverts["n"][vieux],
    )
    blocs = -(-jours // BLOC)
    exposes, fermes = (np.zeros((len(caisses), blocs, AGES), dtype=np.int64) for _ in range(2))
    cumul = calendrier.ouvres_cumul(np.arange(depuis, arrete + 2)).tolist()
    cumuls = calendrier.ouvres_cumul(cohortes).astype(np.int64)
    for rang, jour in enumerate(range(depuis, arrete + 1)):
        bloc, vus = (arrete - jour) // BLOC, int(np.searchsorted(cohortes, jour)) + 1
        stock[:, vus - 1] += arrivees[:, rang]
        ages = ages_ouvres(cumuls[:vus], cumul[rang])
        if cumul[rang + 1] > cumul[rang]:
            sommes, cles = sommer_tranches(stock[:, :vus], ages)
            exposes[:, bloc, cles] += sommes
        partis = ordre[bornes[rang] : bornes[rang + 1]]
        np.subtract.at(stock, (ou[partis], rang_clos[partis]), clos["n"][partis])
        np.add.at(fermes[:, bloc], (ou[partis], ages[rang_clos[partis]]), clos["n"][partis])

    restants = jour_groupe(cohortes, arrete)
    reste, groupes = sommer_tranches(np.maximum(stock, 0), restants)
    garde = reste.any(axis=0)
    return Passe(
        caisses, calendrier, depuis, arrete, premier, arrivees, fins, np.maximum(exposes, 0), fermes,
        groupes[garde], reste[:, garde],
    )  # fmt: skip
