"""The greedy plan: the most useful mission first, then the next, until none is worth its cost.

Feasible by construction: what is given is taken off the pôle's capacity and off the donor's margin at once. It is
the baseline a plan is compared with, what completes a plan, and the answer when the program cannot be solved.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np

from services.entraide.domain.allocation.contexte import Contexte, Couple
from services.entraide.domain.allocation.modele import MILLIEMES, Mission
from services.entraide.domain.allocation.patrons import Entiers, niveaux, travail
from services.entraide.domain.allocation.plan import apports

_PALIERS = 4
"""Amounts of ETP tried between the minimum and the most a mission may have."""


class Reserve:
    """What is still free while a plan is filled: capacities, margins, shares, and what needs have received."""

    def __init__(self, contexte: Contexte, missions: Sequence[Mission] = ()) -> None:
        self._c = contexte
        self.capacite = contexte.capacite.copy()
        self.hebdo = [d.hebdo.copy() for d in contexte.donneurs]
        self.cumul = [d.cumul.copy() for d in contexte.donneurs]
        self.parts = contexte.parts.copy()
        self.recu: Entiers = np.zeros((len(contexte.probleme.demandes), contexte.probleme.semaines), dtype=np.int64)
        self.pris: set[tuple[int, int]] = set()
        recus = apports(contexte.probleme, missions)
        for m in missions:
            couple = contexte.couple(m)
            presence = np.zeros(contexte.probleme.semaines, dtype=np.int64)
            presence[m.debut : m.fin + 1] = m.etp
            self.retirer(couple, presence)
            self.recu[couple.demande] = recus[m.demande]

    def prendre(self, couple: Couple, bloc: int, etp: int) -> None:
        """Give ``etp`` hundredths of the couple in a block."""
        self.retirer(couple, etp * self._c.blocs.presence[bloc])
        self.recu[couple.demande] += self._c.utile(couple, travail(couple.effet[bloc], etp))

    def permet(self, couple: Couple, presence: Entiers) -> bool:
        """Whether the couple may still give that, hundredths of ETP by week."""
        rang, donneur = couple.offreur, couple.donneur
        return bool(
            (presence <= self.capacite[rang]).all()
            and (presence <= self.hebdo[donneur]).all()
            and (presence.cumsum() <= self.cumul[donneur]).all()
        )

    def retirer(self, couple: Couple, presence: Entiers) -> None:
        """Take off what the couple gives, hundredths of ETP by week."""
        self.capacite[couple.offreur] -= presence
        self.hebdo[couple.donneur] -= presence
        self.cumul[couple.donneur] -= presence.cumsum()
        self.parts[couple.offreur] -= presence.sum()
        self.pris.add((couple.offreur, couple.demande))

    def niveaux(self, couple: Couple) -> Entiers:
        """Most hundredths of ETP of a new mission of the couple in each block; 0 where below the minimum."""
        rang, donneur = couple.offreur, couple.donneur
        libres = niveaux(self._c.blocs, self.capacite[rang], self.hebdo[donneur], self.cumul[donneur])
        possibles = np.minimum(libres, couple.niveau)
        assez = (possibles >= self._c.probleme.regles.etp_min) & self._c.assez_longs
        return np.where(assez, possibles, 0)

    def meilleur(self, couple: Couple) -> tuple[int, int, int]:
        """(points gained, block, hundredths of ETP) of the couple's best mission; (0, 0, 0): none is worth it."""
        plafonds = self.niveaux(couple)
        if (couple.offreur, couple.demande) in self.pris or not plafonds.any():
            return (0, 0, 0)
        manque = self._c.manques[couple.demande] - self.recu[couple.demande]
        avant = (np.maximum(manque, 0) * self._c.prix[couple.demande]).sum()
        part, longueurs = int(self.parts[couple.offreur]), self._c.blocs.longueurs
        meilleur = (0, 0, 0)
        for etp in _paliers(self._c.probleme.regles.etp_min, int(plafonds.max())):
            utile = self._c.utile(couple, travail(couple.effet, etp))
            restent = np.maximum(manque[None, :, :] - utile[:, None, :], 0)
            apres = (restent * self._c.prix[couple.demande]).sum(axis=(1, 2))
            exces = np.maximum(0, etp * longueurs - part) - max(0, -part)
            cout = couple.fixe + etp * couple.par_etp + self._c.probleme.poids.iniquite * MILLIEMES * exces
            gain = np.where(plafonds >= etp, avant - apres - cout, 0)
            bloc = int(gain.argmax())
            if gain[bloc] > meilleur[0]:
                meilleur = (int(gain[bloc]), bloc, etp)
        return meilleur


def _paliers(etp_min: int, etp_max: int) -> list[int]:
    return sorted({int(v) for v in np.linspace(etp_min, etp_max, _PALIERS)})


def glouton(contexte: Contexte, missions: Sequence[Mission] = ()) -> tuple[Mission, ...]:
    """The greedy plan, on top of missions already chosen, which it keeps.

    Gains only shrink as the plan fills, so a mission whose fresh gain still leads the others' old gains is the best.
    """
    reserve = Reserve(contexte, missions)
    retenues = list(missions)
    tas = [(-gain, rang) for rang, c in enumerate(contexte.couples) if (gain := reserve.meilleur(c)[0]) > 0]
    heapify(tas)
    while tas:
        _, rang = heappop(tas)
        couple = contexte.couples[rang]
        gain, bloc, etp = reserve.meilleur(couple)
        if gain > 0 and tas and -gain > tas[0][0]:
            heappush(tas, (-gain, rang))
        elif gain > 0:
            reserve.prendre(couple, bloc, etp)
            retenues.append(contexte.constante(couple, bloc, etp))
    return tuple(sorted(retenues))
