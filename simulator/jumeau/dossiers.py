"""A process of files, by day received: worked in order of age, some given back to the assuré, some done twice."""

from dataclasses import dataclass

import numpy as np

from simulator.jumeau.monde import Monde
from simulator.jumeau.parametres import DOSSIERS
from simulator.territoire import Entiers, Reels

AGE_MAX = 220
"""Days: older files are counted as that old."""


@dataclass(slots=True)
class JourneeDossiers:
    """A day of files of one process, [caisse]. ``traites``: files closed; ``passages``: handlings, those that end in a
    return to the assuré and the repeated ones (``reprises``) included; ``aides``: of them, done by aidantes.
    """

    entres: Entiers
    traites: Entiers
    passages: Entiers
    aides: Entiers
    reprises: Entiers
    rendus: Entiers
    stock: Entiers
    suspendus: Entiers


class File:
    """The files of one process in every caisse. Counts are whole; [caisse, jour de départ du délai]."""

    def __init__(self, monde: Monde, process: str) -> None:
        self._monde, self._rang = monde, DOSSIERS.index(process)
        self.p = monde.parametres.dossiers[process]
        forme = (len(monde.slugs), monde.jours)
        self.neufs: Entiers = np.zeros(forme, dtype=np.int64)
        """To be worked, never seen."""
        self.completes: Entiers = np.zeros(forme, dtype=np.int64)
        """To be worked, back from the assuré."""
        self.suspendus: Entiers = np.zeros(forme, dtype=np.int64)
        self.a_reprendre: Entiers = np.zeros(forme[0], dtype=np.int64)
        self.clos: Entiers = np.zeros((forme[0], monde.jours + self.p.cycle + self.p.apres + 1), dtype=np.int64)
        """Files that end on each day (paid, decided, answered), [caisse, jour]."""
        self.delais: Reels = np.zeros(self.clos.shape)
        """Sum of their delays, days."""
        self.a_temps: Entiers = np.zeros(forme, dtype=np.int64)
        """Twice the files worked at two days old at most (half of those of the second day), by day received."""
        self.recus: Entiers = np.zeros(forme, dtype=np.int64)
        """Files by day of the start of their delay, once they are at hand."""
        self._credit: Reels = np.zeros(forme[0])
        self._amorcer()

    def _amorcer(self) -> None:
        """A stock at its norm, made of past days: day 0 stands for all that is older than the run."""
        attendu = self._monde.volumes[1 + self._rang] / 365
        norme = self._monde.norme[self._rang]
        jours = np.minimum(np.ceil(norme), 40).astype(np.int64)
        stock = np.floor(attendu * norme).astype(np.int64)
        for j in range(int(jours.max())):
            part = np.where(j < jours, stock // jours, 0)
            self.neufs[:, j] += part
            self.recus[:, j] += part

    def demande(self, jour: int) -> Reels:
        """Handlings that would bring the stock towards its norm today, [caisse]."""
        m, pilotage = self._monde, self._monde.parametres.pilotage
        debut = max(0, jour - pilotage.memoire)
        venus = self.recus[:, debut : jour + 1].sum(axis=1) / (jour + 1 - debut)
        attendus = m.volumes[1 + self._rang] / 365
        # The first days know too little: what is usual stands for them.
        poids = min(1.0, jour / pilotage.memoire)
        flux = poids * venus + (1 - poids) * attendus
        norme = np.maximum(1.0, m.norme[self._rang] * flux)
        stock = self.neufs.sum(axis=1) + self.completes.sum(axis=1)
        par_jour = flux * self.p.passages * (1 + self.p.reprise) * 365 / m.parametres.jours_ouvres
        visee: Reels = par_jour * np.maximum(0.0, 1 + pilotage.rappel * (stock / norme - 1))
        return visee

    def jouer(self, jour: int, capacite: Reels, apport: Reels) -> JourneeDossiers:
        """Play a day. ``capacite`` and ``apport``: handlings the caisse and its aidantes can do, [caisse]."""
        m = self._monde
        u = m.arrondis(jour, 1 + self._rang, (3, *self.neufs.shape[:1]))
        entres = np.zeros_like(self.a_reprendre)
        for integration, comptes in m.entrees[self._rang]:
            depart = max(0, jour - integration)
            self.neufs[:, depart] += comptes[:, jour]
            self.recus[:, depart] += comptes[:, jour]
            entres += comptes[:, jour]
        bas = self._vieillir(jour)
        self._revenir(jour, bas)
        propre = np.minimum(capacite, self.demande(jour))
        self._credit += propre + apport
        budget = np.floor(self._credit).astype(np.int64)
        self._credit -= budget
        part_aide = np.where(propre + apport > 0, apport / np.maximum(propre + apport, 1e-9), 0.0)
        refaits = np.minimum(budget, np.floor(self.a_reprendre / 10 + u[0]).astype(np.int64))
        refaits = np.minimum(refaits, self.a_reprendre)
        self.a_reprendre -= refaits
        completes = self._prendre(self.completes, bas, jour, budget - refaits)
        reste = budget - refaits - completes.sum(axis=1)
        vus = self._prendre(self.neufs, bas, jour, reste)
        rendus = self._rendre(vus, bas, jour)
        finis = completes + vus - rendus
        self._clore(jour, bas, finis)
        passages = refaits + completes.sum(axis=1) + vus.sum(axis=1)
        traites = finis.sum(axis=1)
        a_refaire = np.minimum(traites, np.floor(traites * self.p.reprise + u[1])).astype(np.int64)
        self.a_reprendre += a_refaire
        return JourneeDossiers(
            entres,
            traites,
            passages,
            np.minimum(passages, np.floor(passages * part_aide + u[2])).astype(np.int64),
            refaits,
            rendus.sum(axis=1),
            self.neufs[:, bas : jour + 1].sum(axis=1) + self.completes[:, bas : jour + 1].sum(axis=1),
            self.suspendus[:, bas : jour + 1].sum(axis=1),
        )

    def ages(self, jour: int) -> Entiers:
        """Files to be worked at the end of a day by age in days, [caisse, age]; those back from the assuré are younger
        by the suspension, which the caisse does not hold."""
        bas = max(0, jour - AGE_MAX)
        par_age = np.zeros((len(self.neufs), AGE_MAX + 1), dtype=np.int64)
        par_age[:, : jour + 1 - bas] = self.neufs[:, bas : jour + 1][:, ::-1]
        revenus = self.completes[:, bas : jour + 1][:, ::-1]
        recul = self.p.suspension if self.p.incomplets else 0
        par_age[:, 0] += revenus[:, : recul + 1].sum(axis=1)
        suite = revenus[:, recul + 1 :]
        par_age[:, 1 : 1 + suite.shape[1]] += suite
        return par_age

    def _vieillir(self, jour: int) -> int:
        """First day kept: what is older joins it."""
        bas = max(0, jour - AGE_MAX)
        if bas:
            for pile in (self.neufs, self.completes, self.suspendus):
                pile[:, bas] += pile[:, bas - 1]
                pile[:, bas - 1] = 0
        return bas

    def _revenir(self, jour: int, bas: int) -> None:
        """The assuré's answers: each waiting file comes back with the same chance every day."""
        if self.p.incomplets:
            attend = self.suspendus[:, bas : jour + 1]
            u = self._monde.arrondis(jour, 10 + self._rang, attend.shape)
            reviennent = np.minimum(attend, np.floor(attend / self.p.suspension + u).astype(np.int64))
            self.suspendus[:, bas : jour + 1] -= reviennent
            self.completes[:, bas : jour + 1] += reviennent

    def _prendre(self, pile: Entiers, bas: int, jour: int, budget: Entiers) -> Entiers:
        """Take the oldest files off a pile, as many as the budget allows; by day received."""
        fenetre = pile[:, bas : jour + 1]
        cumul = fenetre.cumsum(axis=1)
        pris: Entiers = np.diff(np.minimum(cumul, budget[:, None]), axis=1, prepend=0)
        pile[:, bas : jour + 1] = fenetre - pris
        return pris

    def _rendre(self, vus: Entiers, bas: int, jour: int) -> Entiers:
        """Incomplete files, given back to the assuré at their first examination."""
        if not self.p.incomplets:
            return np.zeros_like(vus)
        u = self._monde.arrondis(jour, 20 + self._rang, vus.shape)
        rendus = np.minimum(vus, np.floor(vus * self.p.incomplets + u).astype(np.int64))
        self.suspendus[:, bas : jour + 1] += rendus
        return rendus

    def _clore(self, jour: int, bas: int, finis: Entiers) -> None:
        ages = np.arange(jour - bas, -1, -1)
        nombre = finis.sum(axis=1)
        sommes = finis @ ages
        # Whose payment falls on which day of the cycle is spread evenly: each day takes its share.
        jours = max(1, self.p.cycle)
        payes = np.zeros_like(nombre)
        for k in range(jours):
            part = (nombre * (k + 1) + jour % jours) // jours - payes
            payes += part
            fin = jour + self.p.apres + k
            self.clos[:, fin] += part
            self.delais[:, fin] += sommes * part / np.maximum(nombre, 1) + part * (self.p.apres + k)
        self.a_temps[:, bas : jour + 1] += finis * np.where(ages <= 1, 2, np.where(ages == 2, 1, 0))
