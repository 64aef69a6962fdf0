"""From the relaxation to missions: the program over a few thousand (pair, block) columns, rounded by diving.

Each round solves the relaxation left, keeps the pairs that stand out over the weeks they work, drops the crumbs, and
goes on; a plan comes out after a bounded number of rounds, whatever the machine's load.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

import highspy
import numpy as np

from services.entraide.domain.allocation.arrondi import arrondir
from services.entraide.domain.allocation.contexte import Contexte
from services.entraide.domain.allocation.glouton import Reserve
from services.entraide.domain.allocation.modele import Mission
from services.entraide.domain.allocation.patrons import Reels
from services.entraide.domain.allocation.programme import Lot, apport, ensemble, points, solveur, squelette, usage

_PART_PAR_TOUR = 0.25
"""Share of the pairs in use that a round of the dive settles."""

_NEGLIGEABLE = 1e-6


class Restreint:
    """The linear program over (rank of couple, block) columns. Raises ArithmeticError when HiGHS finds no optimum."""

    def __init__(self, c: Contexte, colonnes: Sequence[tuple[int, int]]) -> None:
        self._c = c
        self._h = solveur()
        self._lignes = squelette(self._h, c, Reserve(c))
        self._premiere = self._h.getNumCol()
        self.colonnes: list[tuple[int, int]] = []
        self._rangs: dict[tuple[int, int], int] = {}
        self.iterations = 0
        self.ajouter(colonnes)

    def ajouter(self, colonnes: Sequence[tuple[int, int]]) -> None:
        """Add the columns not yet there."""
        lot = Lot()
        for colonne in colonnes:
            if colonne in self._rangs:
                continue
            self._rangs[colonne] = len(self.colonnes)
            self.colonnes.append(colonne)
            couple, bloc = self._c.couples[colonne[0]], colonne[1]
            besoin = apport(self._c, self._lignes, couple.demande, couple.effet[bloc])
            fixe = couple.fixe / couple.etp_semaines_max * float(self._c.blocs.longueurs[bloc])
            entrees = ensemble(usage(self._c, self._lignes, couple, bloc), besoin)
            lot.ajouter(entrees, 0.0, float(couple.niveau[bloc]), points(fixe + float(couple.par_etp[bloc])))
        lot.colonnes(self._h)

    def resoudre(self) -> Reels:
        """Hundredths of ETP of each column at the optimum."""
        self._h.run()
        if self._h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"Plongée : {self._h.modelStatusToString(self._h.getModelStatus())}.")
        self.iterations += max(0, self._h.getInfo().simplex_iteration_count)
        return np.array(self._h.getSolution().col_value)[self._premiere :]

    def exclure(self, colonne: tuple[int, int]) -> None:
        self._h.changeColBounds(self._premiere + self._rangs[colonne], 0.0, 0.0)

    def exiger(self, colonne: tuple[int, int]) -> None:
        """At least the minimum assignment in this block, which the plan has decided on."""
        couple = self._c.couples[colonne[0]]
        bas, haut = float(self._c.probleme.regles.etp_min), float(couple.niveau[colonne[1]])
        self._h.changeColBounds(self._premiere + self._rangs[colonne], bas, haut)

    def deja_paye(self, colonne: tuple[int, int]) -> None:
        """The pair is decided: only what varies with its ETP is left to choose."""
        couple = self._c.couples[colonne[0]]
        self._h.changeColCost(self._premiere + self._rangs[colonne], points(couple.par_etp[colonne[1]]))


def plonger(c: Contexte, restreint: Restreint) -> tuple[Mission, ...]:
    """A plan from the relaxation; possibly empty, never against a rule.

    A decided pair has a base: the minimum assignment over the weeks in which it works, within what the other bases
    leave free, so that every round is feasible. Its other blocks may only add to the base.
    """
    reserve, etp_min = Reserve(c), c.probleme.regles.etp_min
    libres = set(range(len(c.couples)))
    bases: dict[int, int] = {}
    while True:
        profils = _profils(c, restreint, restreint.resoudre())
        actifs = sorted((r for r in profils if r in libres), key=lambda r: (-profils[r].sum(), r))
        if not actifs:
            return arrondir(c, {rang: profils[rang] for rang in bases})
        lot = max(1, ceil(len(actifs) * _PART_PAR_TOUR))
        for place, rang in enumerate(actifs):
            if lot <= place < len(actifs) - lot:
                continue
            libres.discard(rang)
            bloc = _base(c, reserve, rang, profils[rang]) if place < lot else None
            if bloc is not None:
                bases[rang] = bloc
                reserve.prendre(c.couples[rang], bloc, etp_min)
                restreint.ajouter([(rang, bloc)])
                restreint.exiger((rang, bloc))
            _regler(c, restreint, rang, bloc)


def polir(c: Contexte, plan: Sequence[Mission], colonnes: Sequence[tuple[int, int]]) -> tuple[Mission, ...]:
    """The same missions in the same weeks, with the best levels that ``colonnes`` allow."""
    bases = {c.rang(m): c.bloc(m.debut, m.fin) for m in plan}
    presence = c.blocs.presence
    internes = {(r, b) for r, b in colonnes if r in bases and (presence[b] <= presence[bases[r]]).all()}
    restreint = Restreint(c, sorted(internes | set(bases.items())))
    for colonne in restreint.colonnes:
        restreint.deja_paye(colonne)
    for base in bases.items():
        restreint.exiger(base)
    return arrondir(c, _profils(c, restreint, restreint.resoudre()))


def _regler(c: Contexte, restreint: Restreint, rang: int, base: int | None) -> None:
    """Keep the columns of a pair that lie within its base, and drop the others."""
    presence = c.blocs.presence
    for colonne in [x for x in restreint.colonnes if x[0] == rang]:
        if base is not None and (presence[colonne[1]] <= presence[base]).all():
            restreint.deja_paye(colonne)
        else:
            restreint.exclure(colonne)


def _profils(c: Contexte, restreint: Restreint, valeurs: Reels) -> dict[int, Reels]:
    """Hundredths of ETP by week of each couple in use."""
    profils: defaultdict[int, Reels] = defaultdict(lambda: np.zeros(c.probleme.semaines))
    for (rang, bloc), valeur in zip(restreint.colonnes, valeurs, strict=True):
        if valeur > _NEGLIGEABLE:
            profils[rang] += valeur * c.blocs.presence[bloc]
    return dict(profils)


def _base(c: Contexte, reserve: Reserve, rang: int, profil: Reels) -> int | None:
    """The block that captures most of a profile, at the minimum assignment, among those the reserve allows."""
    possibles = reserve.niveaux(c.couples[rang]) > 0
    etp_min = c.probleme.regles.etp_min
    interet = (c.blocs.presence * (profil - etp_min / 2)).sum(axis=1)
    interet = np.where(possibles, interet, -np.inf)
    bloc = int(interet.argmax())
    return bloc if interet[bloc] > 0 else None
