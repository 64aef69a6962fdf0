"""The mixed-integer program: which pairs work in which weeks, exactly, over a chosen set of pairs.

A pair works in one run of weeks, with at least the minimum assignment in each; its levels are free above it. Pairs
left out of the set keep the missions they have: the program improves a plan, it never breaks one.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

import highspy
import numpy as np

from services.entraide.domain.allocation.arrondi import arrondir
from services.entraide.domain.allocation.contexte import Contexte
from services.entraide.domain.allocation.glouton import Reserve
from services.entraide.domain.allocation.modele import Mission
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

NOEUDS_MAX = 1
"""Nodes of a program at most: the root, its cuts and its heuristics. A limit in work, not in seconds, so that a busy
machine gives the same plan."""

_ECART = 0.005
_RIEN = (np.zeros(0, dtype=np.int64), np.zeros(0))


def ameliorer(
    c: Contexte,
    plan: Sequence[Mission],
    libres: Collection[int],
    colonnes: Sequence[tuple[int, int]],
) -> tuple[tuple[Mission, ...], float]:
    """The plan with the pairs of ``libres`` (ranks of couples) decided again over blocks of ``colonnes``, and a bound.

    Stops at NOEUDS_MAX nodes with the best found; the plan itself comes back when nothing was. The bound, in
    points, is below every plan that these choices allow: below all plans when they are all there.
    """
    rangs = {c.rang(m): m for m in plan}
    fixes = [m for r, m in rangs.items() if r not in libres]
    h, w = solveur(), c.probleme.semaines
    lignes, lot, premiere = squelette(h, c, Reserve(c, fixes)), Lot(), h.getNumCol()
    utiles = [x for x in colonnes if x[0] in libres]
    for rang, bloc in utiles:
        couple = c.couples[rang]
        besoin = apport(c, lignes, couple.demande, couple.effet[bloc])
        entrees = ensemble(usage(c, lignes, couple, bloc), besoin)
        lot.ajouter(entrees, 0.0, float(couple.niveau[bloc]), points(couple.par_etp[bloc]))
    lot.colonnes(h)
    marches = _marches(h, c, premiere, utiles)
    h.setOptionValue("mip_max_nodes", NOEUDS_MAX)
    h.setOptionValue("mip_rel_gap", _ECART)
    depart = [(debut + s, r, s) for r, debut in marches.items() for s in range(w)]
    present = [float(r in rangs and rangs[r].debut <= s <= rangs[r].fin) for _, r, s in depart]
    h.setSolution(len(depart), np.array([i for i, _, _ in depart], dtype=np.int32), np.array(present))
    h.run()
    valeurs = np.array(h.getSolution().col_value)
    if not len(valeurs) or h.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return tuple(plan), -np.inf
    profils = _profils(c, utiles, valeurs[premiere : premiere + len(utiles)])
    return arrondir(c, profils, fixes), float(h.getInfo().mip_dual_bound)


def _marches(h: highspy.Highs, c: Contexte, premiere: int, colonnes: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Add, for each pair, a binary per week (at work) and what starts it; first column by rank of couple."""
    w, presence, etp_min = c.probleme.semaines, c.blocs.presence, float(c.probleme.regles.etp_min)
    par_couple: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, (rang, bloc) in enumerate(colonnes):
        par_couple[rang].append((premiere + place, bloc))
    variables, lignes, base = Lot(), Lot(), h.getNumCol()
    debuts = {rang: base + 2 * w * i for i, rang in enumerate(sorted(par_couple))}
    for rang, debut in debuts.items():
        couple, blocs = c.couples[rang], par_couple[rang]
        for s in range(w):
            actives = [(j, float(couple.niveau[b])) for j, b in blocs if presence[b, s]]
            variables.ajouter(_RIEN, 0.0, 1.0 if actives else 0.0)
            indices = np.array([*(j for j, _ in actives), debut + s])
            uns = np.ones(len(actives))
            plafond = max((n for _, n in actives), default=0.0)
            lignes.ajouter((indices, np.array([*uns, -plafond])), -INFINI, 0.0)
            lignes.ajouter((indices, np.array([*uns, -etp_min])), 0.0, INFINI)
            avant = ([debut + s - 1], [1.0]) if s else ([], [])
            lignes.ajouter(
                (np.array([debut + w + s, debut + s, *avant[0]]), np.array([1.0, -1.0, *avant[1]])), 0.0, INFINI
            )
        for _ in range(w):
            variables.ajouter(_RIEN, 0.0, 1.0, points(couple.fixe))
        lignes.ajouter((np.arange(debut + w, debut + 2 * w), np.ones(w)), -INFINI, 1.0)
        _durees_min(c, lignes, debut)
    variables.colonnes(h)
    lignes.lignes(h)
    for debut in debuts.values():
        for s in range(w):
            h.changeColIntegrality(debut + s, highspy.HighsVarType.kInteger)
    return debuts


def _durees_min(c: Contexte, lignes: Lot, debut: int) -> None:
    """A pair that starts works at least the minimum number of weeks."""
    w, duree = c.probleme.semaines, c.probleme.regles.semaines_min
    for s in range(w):
        for suivante in range(s + 1, s + duree):
            travail = ([debut + suivante], [1.0]) if suivante < w else ([], [])
            lignes.ajouter((np.array([*travail[0], debut + w + s]), np.array([*travail[1], -1.0])), 0.0, INFINI)


def _profils(c: Contexte, colonnes: Sequence[tuple[int, int]], valeurs: Reels) -> dict[int, Reels]:
    profils: defaultdict[int, Reels] = defaultdict(lambda: np.zeros(c.probleme.semaines))
    for (rang, bloc), valeur in zip(colonnes, valeurs, strict=True):
        profils[rang] += max(0.0, valeur) * c.blocs.presence[bloc]
    return dict(profils)
