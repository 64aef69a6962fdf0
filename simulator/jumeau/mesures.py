"""What is measured of a run: the history of its days, and the watched indicator of each process over a window."""

import numpy as np

from simulator.jumeau.jumeau import Journee, Jumeau
from simulator.jumeau.parametres import DOSSIERS, PROCESS
from simulator.territoire import Entiers, Reels

UNITES = {"appel": "%", "courriel": "%", "fsp": "jours", "ij": "jours", "cmuc_acs": "jours"}
"""Décroché and e-mails within 48 h are shares in %; the others are mean delays in calendar days."""

_ECHEANCE_COURRIEL = 2
"""Days after which an e-mail is due (48 h)."""


class Historique:
    """Days already played. ``appels``: presented, answered, lost for good; ``files``: came in, closed, handlings, done
    by aidantes, given back, open at the end; ``etp``: lent and useful ETP. [mesure, (process,) caisse, jour].
    """

    def __init__(self, jumeau: Jumeau) -> None:
        m = jumeau.monde
        caisses = len(m.slugs)
        self._jumeau = jumeau
        self.jours = 0
        self.appels: Entiers = np.zeros((3, caisses, m.jours), dtype=np.int64)
        self.files: Entiers = np.zeros((6, len(DOSSIERS), caisses, m.jours), dtype=np.int64)
        self.etp: Reels = np.zeros((2, len(PROCESS), caisses, m.jours))

    def noter(self, journee: Journee) -> None:
        """Add the day just played."""
        j, a = journee.jour, journee.appels
        self.appels[:, :, j] = a.presentes.sum(axis=1), a.decroches.sum(axis=1), a.perdus
        for i, process in enumerate(DOSSIERS):
            d = journee.dossiers[process]
            self.files[:, i, :, j] = d.entres, d.traites, d.passages, d.aides, d.rendus, d.stock
        self.etp[:, :, :, j] = journee.pretes, journee.utiles
        self.jours = j + 1

    def valeur(self, process: str, du: int, au: int) -> Reels:
        """The indicator of each caisse over days [du, au), which must have been played; NaN without activity.

        A delay is the mean of the files that ended in the window; e-mails are those whose 48 h ended in it.
        """
        if not 0 <= du < au <= self.jours:
            raise ValueError(f"Fenêtre [{du}, {au}) hors des jours joués ({self.jours}).")
        if process == "appel":
            return _rapport(100 * self.appels[1, :, du:au].sum(axis=1), self.appels[0, :, du:au].sum(axis=1))
        file = self._jumeau.files[process]
        if process == "courriel":
            dus = slice(max(0, du - _ECHEANCE_COURRIEL), max(0, au - _ECHEANCE_COURRIEL))
            return _rapport(50 * file.a_temps[:, dus].sum(axis=1), file.recus[:, dus].sum(axis=1))
        return _rapport(file.delais[:, du:au].sum(axis=1), file.clos[:, du:au].sum(axis=1))

    def nationale(self, process: str, du: int, au: int) -> float:
        """The same for the whole network."""
        if process == "appel":
            poids = self.appels[0, :, du:au].sum(axis=1)
        elif process == "courriel":
            poids = self._jumeau.files[process].recus[:, du - _ECHEANCE_COURRIEL : au - _ECHEANCE_COURRIEL].sum(axis=1)
        else:
            poids = self._jumeau.files[process].clos[:, du:au].sum(axis=1)
        return float(np.average(np.nan_to_num(self.valeur(process, du, au)), weights=poids))


def _rapport(haut: Entiers, bas: Entiers) -> Reels:
    rapport: Reels = np.divide(haut, bas, out=np.full(len(bas), np.nan), where=bas > 0)
    return rapport
