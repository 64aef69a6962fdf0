"""A bound on every plan, and where the good ones are: the linear relaxation over all pairs, pooled.

Pôles of a process with the same ramp-up and working days give blocks of work to a common pool, from which the needs
of the process take: a few thousand columns instead of one per pair and block, and the same optimum, because any
split of a pool's blocks between those who give and those who take is a plan of the relaxation. What the pool
forgets (a refusal between two caisses, minimum assignments, whole hundredths) only makes it better than any plan.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np

from services.entraide.domain.allocation.contexte import Contexte, Couple
from services.entraide.domain.allocation.glouton import Reserve
from services.entraide.domain.allocation.modele import JOURS_DE_REFERENCE, MILLIEMES
from services.entraide.domain.allocation.patrons import Reels
from services.entraide.domain.allocation.programme import (
    INFINI,
    Lot,
    apport,
    ensemble,
    points,
    solveur,
    squelette,
    usage,
)

FAMILLES_MAX = 12
"""Pools at most; beyond, those of a process are merged with the fastest ramp-up and the most working days."""

_NEGLIGEABLE = 1e-4


@dataclass(frozen=True, slots=True)
class Relaxation:
    """``borne``, in points, is below the cost of every plan. ``colonnes``: (rank of couple, block) of use."""

    borne: float
    colonnes: tuple[tuple[int, int], ...]
    iterations: int


@dataclass(frozen=True, slots=True)
class _Famille:
    """Couples whose work may be pooled: one process, one ramp-up, one series of working days."""

    process: str
    montee: tuple[float, ...]
    jours: tuple[int, ...]
    deja: int
    couples: tuple[int, ...]


def relacher(c: Contexte) -> Relaxation:
    """Solve the pooled relaxation by interior point and crossover. Raises ArithmeticError when HiGHS cannot."""
    h = solveur()
    h.setOptionValue("solver", "ipm")
    lignes, lot, premiere = squelette(h, c, Reserve(c)), Lot(), h.getNumCol()
    familles, n_blocs, pools = _familles(c), len(c.blocs.debuts), h.getNumRow()
    _rangees(h, len(familles) * n_blocs)
    sens: list[tuple[bool, int, int, int]] = []
    for rang, famille in enumerate(familles):
        base = pools + rang * n_blocs
        for offreur, couples in _par(c, famille, "offreur").items():
            niveau = np.max([x.niveau for x in couples], axis=0)
            fixe = min(x.fixe for x in couples) / max(x.etp_semaines_max for x in couples)
            par_etp = np.min([x.par_etp for x in couples], axis=0) + fixe * c.blocs.longueurs
            donne = np.array([-c.probleme.offreurs[offreur].productivites[famille.process]])
            for bloc in np.flatnonzero(niveau).tolist():
                entrees = ensemble(usage(c, lignes, couples[0], bloc), (np.array([base + bloc]), donne))
                lot.ajouter(entrees, 0.0, float(niveau[bloc]), points(par_etp[bloc]))
                sens.append((True, rang, offreur, bloc))
        rythme = _rythme(c, famille)
        for demande, couples in _par(c, famille, "demande").items():
            for bloc in np.flatnonzero(np.max([x.niveau for x in couples], axis=0)).tolist():
                recu = (np.array([base + bloc]), np.array([1.0]))
                lot.ajouter(ensemble(apport(c, lignes, demande, rythme[bloc]), recu), 0.0, INFINI)
                sens.append((False, rang, demande, bloc))
    lot.colonnes(h)
    h.run()
    if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ArithmeticError(f"Relaxation : {h.modelStatusToString(h.getModelStatus())}.")
    valeurs = np.array(h.getSolution().col_value)[premiere:]
    info = h.getInfo()
    iterations = max(0, info.ipm_iteration_count) + max(0, info.simplex_iteration_count)
    return Relaxation(h.getObjectiveValue(), _croiser(c, sens, valeurs), iterations)


def _familles(c: Contexte) -> list[_Famille]:
    groupes: defaultdict[tuple[str, tuple[float, ...], tuple[int, ...], int], list[int]] = defaultdict(list)
    for rang, x in enumerate(c.couples):
        offreur, process = c.probleme.offreurs[x.offreur], c.probleme.demandes[x.demande].process
        groupes[process, offreur.montee, offreur.jours, x.deja].append(rang)
    if len(groupes) > FAMILLES_MAX:
        fusions: defaultdict[tuple[str, int], list[tuple[tuple[float, ...], tuple[int, ...], list[int]]]]
        fusions = defaultdict(list)
        for (process, montee, jours, deja), rangs in sorted(groupes.items()):
            fusions[process, deja].append((montee, jours, rangs))
        return [_fusion(process, deja, membres) for (process, deja), membres in sorted(fusions.items())]
    return [_Famille(*clef, tuple(rangs)) for clef, rangs in sorted(groupes.items())]


def _fusion(process: str, deja: int, membres: list[tuple[tuple[float, ...], tuple[int, ...], list[int]]]) -> _Famille:
    """One family as fast as the fastest of each: it can only promise more than its members can do."""
    longueur = max(len(m[0]) for m in membres)
    montees = [(*m[0], *[1.0] * (longueur - len(m[0]))) for m in membres]
    jours = tuple(max(j) for j in zip(*(m[1] for m in membres), strict=True))
    montee = tuple(max(r) for r in zip(*montees, strict=True))
    return _Famille(process, montee, jours, deja, tuple(sorted(rang for m in membres for rang in m[2])))


def _par(c: Contexte, famille: _Famille, cote: Literal["offreur", "demande"]) -> dict[int, list[Couple]]:
    """Couples of a family by rank of pôle or of need, ascending."""
    groupes: defaultdict[int, list[Couple]] = defaultdict(list)
    for rang in famille.couples:
        couple = c.couples[rang]
        groupes[couple.offreur if cote == "offreur" else couple.demande].append(couple)
    return dict(sorted(groupes.items()))


def _rythme(c: Contexte, f: _Famille) -> Reels:
    """Thousandths delivered per unit of the pool, [bloc, semaine]."""
    montee = np.array([*f.montee, 1.0])
    anciennete = c.blocs.cumul - 1 + f.deja * (c.blocs.debuts == 0)[:, None]
    rythme = montee[np.clip(anciennete, 0, len(montee) - 1)]
    delivre: Reels = MILLIEMES * rythme * (np.array(f.jours) / JOURS_DE_REFERENCE) * c.blocs.presence
    return delivre


def _rangees(h: highspy.Highs, nombre: int) -> None:
    """Pools: what is taken is not above what is given."""
    vide = np.zeros(0, dtype=np.int32)
    h.addRows(
        nombre, np.full(nombre, -INFINI), np.zeros(nombre), 0, np.zeros(nombre, dtype=np.int32), vide, np.zeros(0)
    )


def _croiser(c: Contexte, sens: list[tuple[bool, int, int, int]], valeurs: Reels) -> tuple[tuple[int, int], ...]:
    """Every pair between those who give and those who take in a block of the optimum."""
    rang_couple = {(x.offreur, x.demande): r for r, x in enumerate(c.couples)}
    donneurs: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    preneurs: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for (donne, famille, qui, bloc), valeur in zip(sens, valeurs, strict=True):
        if valeur > _NEGLIGEABLE:
            (donneurs if donne else preneurs)[famille, bloc].append(qui)
    return tuple(
        sorted(
            (rang, bloc)
            for (famille, bloc), offreurs in donneurs.items()
            for offreur in offreurs
            for demande in preneurs[famille, bloc]
            if (rang := rang_couple.get((offreur, demande))) is not None and c.couples[rang].niveau[bloc]
        )
    )
