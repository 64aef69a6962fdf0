"""What differs between caisses and moves slowly: sizes, intensities, delay factors, seen by every generator."""

import numpy as np

from simulator.hasard import dispersion, generateur
from simulator.parametres import PROCESSUS, Config
from simulator.scenario import Scenario
from simulator.territoire import OUVRES_PAR_JOUR, SERVICE, Entiers, Reels, Territoire, repartir

_FLUX_QUALITE = 100
"""First stream of the seed kept for what is drawn once; the days of the processes use the streams below."""


class Terrain:
    """The network of one run: who receives how much of what on each day, and how fast each works."""

    def __init__(self, config: Config, territoire: Territoire) -> None:
        self.config = config
        self.territoire = territoire
        self.volumes = {
            p: np.array(repartir(config.volumes.processus[p].volume, territoire.milliers.tolist())) for p in PROCESSUS
        }
        """Yearly national volume of each process split between the caisses: adds up exactly."""
        self._poids: dict[tuple[tuple[float, ...], tuple[float, ...]], Reels] = {}
        self.scenarios = {p: Scenario(p, config.incidents, territoire, config.fin) for p in PROCESSUS}
        commun = generateur(config.graine, _FLUX_QUALITE).standard_normal(len(territoire.slugs))
        self._facteurs = {p: self._qualite(p, commun) for p in PROCESSUS}

    def _qualite(self, processus: str, commun: Reels) -> tuple[Reels, Reels]:
        """Delay factor of each caisse and the phase of its slow swing."""
        rng = generateur(self.config.graine, _FLUX_QUALITE + 1 + PROCESSUS.index(processus))
        parametres = getattr(self.config.delais, processus, None)
        sigma = 0.0 if parametres is None or processus == "courriel" else parametres.dispersion
        return dispersion(rng, sigma, self.territoire.milliers, commun), rng.random(len(commun))

    def poids(self, processus: str) -> Reels:
        """Share of the year's volume on each day, [caisse, day]."""
        volume = self.config.volumes.processus[processus]
        cle = (volume.saison, volume.semaine)
        if cle not in self._poids:
            self._poids[cle] = self.territoire.poids(*cle)
        return self._poids[cle]

    def attendus(self, processus: str, jour: int) -> Reels:
        """Expected items of each caisse on that day, in the sample."""
        attendus: Reels = self.volumes[processus] * self.poids(processus)[:, jour] / self.config.fraction
        return attendus

    def lenteur(self, processus: str, caisse: Entiers, jour: int) -> Reels:
        """What multiplies the mean delay of files received by these caisses on that day; 1 is the national mean."""
        derive = self.config.delais.derive
        qualite, phase = self._facteurs[processus]
        houle = 1 + derive.amplitude * np.sin(2 * np.pi * (jour / derive.periode + phase[caisse]))
        lent: Reels = qualite[caisse] * houle * self.scenarios[processus].lenteur(caisse, jour)
        return lent

    def echeance(self, processus: str, caisse: Entiers, debut: Entiers, jours: Reels) -> Entiers:
        """Local instants at which work begun at ``debut`` and lasting ``jours`` (calendar days) is done."""
        depart = self.territoire.service(caisse, debut)
        fin = depart + np.maximum(60, jours * OUVRES_PAR_JOUR * SERVICE)
        return self.territoire.instant(caisse, self.scenarios[processus].reporter(caisse, depart, fin))
