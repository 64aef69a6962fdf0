"""The twin itself: a day of the whole network, with the missions under way."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulator.jumeau.appels import JourneeAppels, Plateformes
from simulator.jumeau.dossiers import File, JourneeDossiers
from simulator.jumeau.monde import Monde
from simulator.jumeau.parametres import DOSSIERS, PROCESS
from simulator.territoire import Reels


@dataclass(frozen=True, slots=True)
class Pret:
    """Staff of an aidante that works for an aidée. Caisses by rank; days of the run, both included.

    ``montee``: first day of the ramp-up, when it is before ``du`` (a mission that goes on).
    """

    process: str
    aidante: int
    aidee: int
    etp: float
    du: int
    au: int
    montee: int | None = None


class PretImpossible(ValueError):
    """More ETP lent than the aidante has, a caisse that helps itself, or an unknown process."""


@dataclass(frozen=True, slots=True)
class Journee:
    """One day played. ``pretes`` and ``recus``: ETP lent and received, attendance and incidents included,
    [process, caisse]; ``utiles``: received after ramp-up.
    """

    jour: int
    appels: JourneeAppels
    dossiers: dict[str, JourneeDossiers]
    pretes: Reels
    recus: Reels
    utiles: Reels


class Jumeau:
    """A run, day by day. What it draws is in ``monde``; only what is decided (``preter``) is its own."""

    def __init__(self, monde: Monde) -> None:
        self.monde = monde
        self.jour = 0
        """The next day to be played."""
        self.files = {p: File(monde, p) for p in DOSSIERS}
        self.plateformes = Plateformes(monde)
        self.prets: tuple[Pret, ...] = ()
        self._rendements = np.array([monde.parametres.rendement(p) for p in DOSSIERS])

    def preter(self, prets: Iterable[Pret]) -> None:
        """Replace the missions, past ones left out. Raises PretImpossible; then nothing has changed."""
        suite = tuple(p for p in prets if p.au >= self.jour)
        for p in suite:
            if p.process not in PROCESS or p.aidante == p.aidee or p.etp < 0:
                raise PretImpossible(f"{p.process} : {p.aidante} ne peut prêter {p.etp:g} ETP à {p.aidee}.")
        for p in suite:
            ensemble = [q for q in suite if (q.process, q.aidante) == (p.process, p.aidante) and q.du <= p.du <= q.au]
            total, staff = sum(q.etp for q in ensemble), self.monde.etp[PROCESS.index(p.process), p.aidante]
            if total > staff + 1e-9:
                slug = self.monde.slugs[p.aidante]
                raise PretImpossible(f"{slug} prête {total:.1f} ETP sur {p.process} et n'en a que {staff:.1f}.")
        self.prets = suite

    def avancer(self) -> Journee:
        """Play the next day. A few milliseconds. Raises IndexError after the last day of the world."""
        m, jour = self.monde, self.jour
        if jour >= m.jours:
            raise IndexError("Le jumeau est au dernier jour de son monde.")
        presents = m.etp * m.facteurs.effectif[:, :, jour]
        pretes, recus, utiles = self._missions(jour, presents)
        restent = (presents - pretes) * m.presence[:, :, jour]
        rendement = m.facteurs.rendement[:, :, jour]
        dossiers = {
            process: self.files[process].jouer(
                jour,
                self._rendements[i]
                * m.parametres.pilotage.surcroit
                * restent[1 + i]
                * rendement[1 + i]
                * m.ouvert[:, jour],
                self._rendements[i] * utiles[1 + i],
            )
            for i, process in enumerate(DOSSIERS)
        }
        appels = self.plateformes.jouer(jour, restent[0] * rendement[0] + utiles[0], self._impatients(jour))
        self.jour += 1
        return Journee(jour, appels, dossiers, pretes, recus, utiles)

    def _missions(self, jour: int, presents: Reels) -> tuple[Reels, Reels, Reels]:
        """(lent, received, useful) ETP of the day: what an aidante no longer has it cannot lend."""
        m = self.monde
        pretes, recus, utiles = (np.zeros_like(presents) for _ in range(3))
        en_cours = [p for p in self.prets if p.du <= jour <= p.au]
        for p in en_cours:
            pretes[PROCESS.index(p.process), p.aidante] += p.etp
        part = np.where(pretes > 0, np.minimum(1.0, presents / np.maximum(pretes, 1e-9)), 0.0)
        montee = m.parametres.montee_en_charge
        for p in en_cours:
            i = PROCESS.index(p.process)
            etp = p.etp * part[i, p.aidante] * m.presence[i, p.aidante, jour] * m.ouvert[p.aidante, jour]
            semaine = (jour - (p.du if p.montee is None else p.montee)) // 7
            recus[i, p.aidee] += etp
            utiles[i, p.aidee] += etp * (montee[semaine] if semaine < len(montee) else 1.0)
        return pretes * part, recus, utiles

    def _impatients(self, jour: int) -> Reels:
        """Calls expected today from people whose file waits too long, [caisse]."""
        attendus = np.zeros(len(self.monde.slugs))
        for file in self.files.values():
            vieux = slice(0, max(0, jour - file.p.impatience))
            attendus += file.p.appels * (file.neufs[:, vieux].sum(axis=1) + file.completes[:, vieux].sum(axis=1))
        return attendus
