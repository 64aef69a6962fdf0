"""A plan for a problem: relaxation, dive, completion, then exact programs on parts of it, all bounded in work."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.entraide.domain.allocation.contexte import Contexte
from services.entraide.domain.allocation.entier import ameliorer
from services.entraide.domain.allocation.glouton import glouton
from services.entraide.domain.allocation.modele import Mission, Probleme
from services.entraide.domain.allocation.plan import Bilan, evaluer, violations
from services.entraide.domain.allocation.relaxation import relacher
from services.entraide.domain.allocation.restreint import Restreint, plonger, polir

Methode = Literal["programme", "glouton"]

COLONNES_EXACTES = 3_000
"""Blocks of all pairs up to which one exact program is solved over all of them."""

VOISINAGES_MAX = 24
"""Exact programs solved after the dive, at most."""

_DEMANDES_PAR_VOISINAGE = 4

AFFINAGES_MAX = 3
"""Times levels are set again in a row, at most."""


class PlanInvalide(AssertionError):
    """The search broke a rule of its own: a fault of the program, never of the data."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Missions and what they cost; ``borne``, in points, is below the cost of every plan (None when it was not
    computed).

    ``sans_aide``: the cost when nobody helps. ``methode``: what made the plan.
    """

    probleme: Probleme
    missions: tuple[Mission, ...]
    bilan: Bilan
    sans_aide: Bilan
    borne: float | None
    methode: Methode
    iterations: int

    @property
    def ecart(self) -> float | None:
        """Share of the gain of an ideal plan that this one may miss, 0 to 1: what is left to gain at most."""
        if self.borne is None:
            return None
        possible = self.sans_aide.points - self.borne
        return max(0.0, (self.bilan.points - self.borne) / possible) if possible > 0 else 0.0


def allouer(probleme: Probleme, methode: Methode = "programme") -> Plan:
    """The plan of a problem, the same for the same values in any order. Blocks for seconds: call it off the loop.

    ``glouton`` asks for the baseline; it is also the answer when HiGHS cannot solve the relaxation.
    """
    c = Contexte(probleme)
    gourmand = glouton(c)
    plan, borne, iterations, par = gourmand, None, 0, methode
    if methode == "programme" and c.couples:
        try:
            plan, borne, iterations = _programme(c, gourmand)
        except ArithmeticError:
            par = "glouton"
    fautes = violations(c.probleme, plan)
    if fautes:
        raise PlanInvalide(" ".join(fautes))
    return Plan(c.probleme, plan, evaluer(c.probleme, plan), evaluer(c.probleme, ()), borne, par, iterations)


def _programme(c: Contexte, gourmand: tuple[Mission, ...]) -> tuple[tuple[Mission, ...], float, int]:
    relaxation = relacher(c)
    colonnes = {*relaxation.colonnes, *_blocs_de(c, gourmand)}
    restreint = Restreint(c, sorted(colonnes))
    meilleur = _Meilleur(c, gourmand)
    meilleur.proposer(glouton(c, plonger(c, restreint)))
    colonnes |= {*restreint.colonnes, *_blocs_de(c, meilleur.plan)}
    meilleur.affiner(colonnes)
    borne, toutes = relaxation.borne, _toutes(c)
    if len(toutes) <= COLONNES_EXACTES:
        plan, borne_exacte = ameliorer(c, meilleur.plan, range(len(c.couples)), toutes)
        meilleur.proposer(plan)
        borne = max(borne, borne_exacte)
    else:
        for libres in _voisinages(c, meilleur.plan, colonnes):
            meilleur.proposer(ameliorer(c, meilleur.plan, libres, sorted(colonnes))[0])
    meilleur.affiner(colonnes)
    return meilleur.plan, borne, relaxation.iterations + restreint.iterations


def _toutes(c: Contexte) -> list[tuple[int, int]]:
    """Every block of every couple."""
    return [(rang, int(bloc)) for rang, x in enumerate(c.couples) for bloc in x.niveau.nonzero()[0]]


class _Meilleur:
    """The best plan so far: only a cheaper one that breaks no rule replaces it."""

    def __init__(self, c: Contexte, plan: tuple[Mission, ...]) -> None:
        self._c = c
        self.plan = plan
        self.cout = evaluer(c.probleme, plan).total

    def proposer(self, plan: tuple[Mission, ...]) -> bool:
        cout = evaluer(self._c.probleme, plan).total
        if cout >= self.cout or violations(self._c.probleme, plan):
            return False
        self.plan, self.cout = plan, cout
        return True

    def affiner(self, colonnes: Iterable[tuple[int, int]]) -> None:
        """Set the levels again, then fill what that frees, as long as it pays."""
        for _ in range(AFFINAGES_MAX):
            blocs = {*colonnes, *_blocs_de(self._c, self.plan)}
            poli = self.proposer(polir(self._c, self.plan, sorted(blocs)))
            if not self.proposer(glouton(self._c, self.plan)) and not poli:
                return


def _blocs_de(c: Contexte, plan: Sequence[Mission]) -> set[tuple[int, int]]:
    return {(c.rang(m), c.bloc(debut, fin)) for m in plan for debut, fin, _ in m.vagues}


def _voisinages(c: Contexte, plan: Sequence[Mission], colonnes: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Sets of pairs to decide again: needs of one process that miss most, a few at a time."""
    bilan = evaluer(c.probleme, plan)
    par_process: defaultdict[str, list[int]] = defaultdict(list)
    manque = {d.cle: sum(bilan.manque_objectif[d.cle]) * d.priorite for d in c.probleme.demandes}
    for rang, d in sorted(enumerate(c.probleme.demandes), key=lambda x: (-manque[x[1].cle], x[0])):
        par_process[d.process].append(rang)
    pas = _DEMANDES_PAR_VOISINAGE
    groupes = [demandes[i : i + pas] for demandes in par_process.values() for i in range(0, len(demandes), pas)]
    groupes.sort(key=lambda g: -sum(manque[c.probleme.demandes[r].cle] for r in g))
    utiles = sorted({rang for rang, _ in colonnes})
    return [frozenset(r for r in utiles if c.couples[r].demande in set(g)) for g in groupes[:VOISINAGES_MAX]]
