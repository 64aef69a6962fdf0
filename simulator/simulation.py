"""A run, day by day: the dossiers received that day are drawn with their whole future, and what is due is sent.

``journees`` is the replay; ``flux_direct`` goes on from where it ends, at the pace of a clock.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from shared.clock import Clock
from simulator.aleas import NATURES, expedier
from simulator.demandes import demandes
from simulator.ecrits import Courriels, reclamations
from simulator.evenements import Dossiers, Plume
from simulator.feuilles import feuilles
from simulator.guichets import visites
from simulator.hasard import generateur
from simulator.mesures import effectifs, reponses, supervisions
from simulator.parametres import CONTACTS, PROCESSUS, Config
from simulator.population import Assures
from simulator.prestations import complementaires, indemnites
from simulator.qualite import Terrain
from simulator.telephone import Plateformes
from simulator.territoire import Territoire

PARIS = ZoneInfo("Europe/Paris")
DIRECT_JOURS = 400
"""Days that can be played after the end of the replay."""
SUITE_JOURS = 300
"""Days beyond them over which the last dossiers find their end; a later end is brought back to the last open day."""
_FLUX_ALEAS = 50


@dataclass(frozen=True, slots=True)
class Journee:
    """One simulated day (Paris): the lines of each service in the order they are sent, and its last second."""

    jour: date
    contacts: list[bytes]
    claims: list[bytes]
    fin: datetime


Envoi = tuple[int, int, int, int, bytes]
"""Unix seconds, order of making, rank in PROCESSUS, rank in NATURES, line."""


class Simulation:
    """The state of a run: the days played and the events still to come. Not to be shared between tasks."""

    def __init__(self, config: Config) -> None:
        self.config = config
        amorce = max(v.amorce for v in config.volumes.processus.values())
        premier = config.debut - timedelta(days=amorce)
        dernier = config.fin + timedelta(days=DIRECT_JOURS + SUITE_JOURS)
        self.territoire = t = Territoire(premier, dernier, config.population.milliers)
        self.terrain = Terrain(config, t)
        self._assures = Assures(t.milliers, config.fraction, config.volumes.motifs, config.telephone.part_reiteration)
        self._plateformes = Plateformes(self.terrain)
        self._courriels = Courriels(self.terrain)
        self._plume = Plume(t, config.graine)
        self._minuits = np.array([t.paris(j) for j in range(t.jours)], dtype=np.int64)
        self._debut = t.jour(config.debut)
        self._jour = t.jour(premier)
        self._a_venir: defaultdict[int, list[Envoi]] = defaultdict(list)
        self._rang = 0
        self.bilan: Counter[tuple[str, str]] = Counter()
        """Lines sent so far, per (process, nature)."""
        self.attente = 0
        """Lines made and not yet sent."""

    @property
    def jour(self) -> date:
        """The next day to be played."""
        return self.territoire.date(max(self._jour, self._debut))

    def avancer(self) -> list[Envoi]:
        """Play the next day and return what it sends, in time order. Pure computation: under a second.

        Raises ValueError beyond DIRECT_JOURS days after the end of the replay.
        """
        while True:
            if self._jour > self.territoire.jour(self.config.fin) + DIRECT_JOURS:
                raise ValueError(f"La simulation s'arrête {DIRECT_JOURS} jours après la fin de la reprise.")
            self._recevoir(self._jour)
            self._jour += 1
            if self._jour > self._debut:
                break
        envois = self._a_venir.pop(self._jour - 1, [])
        envois.sort()
        self.attente -= len(envois)
        self.bilan.update((PROCESSUS[p], NATURES[n]) for _, _, p, n, _ in envois)
        return envois

    def _recevoir(self, jour: int) -> None:
        debut = int(self._minuits[self._debut])
        for dossiers in self._dossiers(jour):
            rng = generateur(self.config.graine, _FLUX_ALEAS + PROCESSUS.index(dossiers.processus), jour)
            for lot in expedier(self.terrain, self._plume, self.config.aleas, dossiers, debut, rng):
                jours = np.searchsorted(self._minuits, lot.instant, side="right") - 1
                processus = PROCESSUS.index(lot.processus)
                for j, instant, nature, ligne in zip(
                    jours.tolist(), lot.instant.tolist(), lot.nature.tolist(), lot.lignes, strict=True
                ):
                    self._rang += 1
                    self._a_venir[j].append((instant, self._rang, processus, nature, ligne))
                self.attente += len(lot.lignes)

    def _dossiers(self, jour: int) -> Iterator[Dossiers]:
        """What every process receives on that day; before the replay, only those whose dossiers may outlive it."""
        rngs = {p: generateur(self.config.graine, i, jour) for i, p in enumerate(PROCESSUS)}
        attendus = {p for p in PROCESSUS if jour >= self._debut - self.config.volumes.processus[p].amorce}
        contacts, ij, cmuc = [], [], []
        if "appel" in attendus:
            dossiers, colonnes = self._plateformes.engendrer(jour, rngs["appel"], self._assures)
            contacts.append(colonnes)
            yield dossiers
        if "courriel" in attendus:
            dossiers, colonnes = self._courriels.engendrer(jour, rngs["courriel"], self._assures)
            contacts.append(colonnes)
            yield dossiers
        if "reclamation" in attendus:
            yield reclamations(self.terrain, jour, rngs["reclamation"], self._assures)
        if "ij" in attendus:
            dossiers, colonnes = indemnites(self.terrain, jour, rngs["ij"], self._assures)
            ij.append(colonnes)
            yield dossiers
        if "cmuc_acs" in attendus:
            dossiers, colonnes = complementaires(self.terrain, jour, rngs["cmuc_acs"], self._assures)
            cmuc.append(colonnes)
            yield dossiers
        for processus in ("fse", "fsp"):
            if processus in attendus:
                yield feuilles(self.terrain, processus, jour, rngs[processus])
        for processus in ("courrier", "ame", "carte_vitale"):
            if processus in attendus:
                yield demandes(self.terrain, processus, jour, rngs[processus], self._assures)
        if jour >= self._debut:
            yield visites(self.terrain, jour, rngs["accueil"])
            yield supervisions(self.terrain, jour, rngs["supervision"])
            yield reponses(self.terrain, jour, rngs["enquete"])
            yield effectifs(self.terrain, self._plateformes, jour)
        self._assures.noter(contacts, ij, cmuc)


def _journee(jour: date, envois: list[Envoi], fin: datetime) -> Journee:
    contacts: list[bytes] = []
    claims: list[bytes] = []
    for _, _, processus, _, ligne in envois:
        (contacts if PROCESSUS[processus] in CONTACTS else claims).append(ligne)
    return Journee(jour, contacts, claims, fin)


def derouler(simulation: Simulation) -> Iterator[Journee]:
    """The days of the replay that are still to be played."""
    while simulation.jour < simulation.config.fin:
        jour = simulation.jour
        dernier = datetime.combine(jour, datetime.max.time(), tzinfo=PARIS).replace(microsecond=0)
        yield _journee(jour, simulation.avancer(), dernier)


def journees(config: Config) -> Iterator[Journee]:
    """The replay: every day from ``config.debut`` to the eve of ``config.fin``, the whole network in time order."""
    return derouler(Simulation(config))


async def flux_direct(
    config: Config,
    clock: Clock,
    *,
    vitesse: float = 1.0,
    pas: float = 1.0,
    simulation: Simulation | None = None,
    attendre: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Journee]:
    """What happens from the end of the replay on: every ``pas`` seconds, the events due since the step before.

    The simulated time starts at the clock's present, or at midnight of ``config.fin`` if that is later, and runs
    ``vitesse`` times as fast as the clock. What was due earlier comes with the first step. ``simulation``: the one
    whose replay was sent; without it the replay is computed again (some seconds) and dropped. ``fin`` of each
    Journee is the simulated instant; steps without events are yielded too, so that the clock of the services moves.
    """
    simulation = simulation or Simulation(config)
    while simulation.jour < config.fin:
        simulation.avancer()
    reel = clock.now()
    minuit = datetime.combine(config.fin, datetime.min.time(), tzinfo=PARIS)
    origine = max(reel, minuit)
    envois: list[Envoi] = []
    while True:
        present = origine + (clock.now() - reel) * vitesse
        while simulation.jour <= present.astimezone(PARIS).date():
            envois += simulation.avancer()
        secondes = int(present.timestamp())
        dus = [e for e in envois if e[0] <= secondes]
        envois = envois[len(dus) :]
        yield _journee(present.astimezone(PARIS).date(), dus, present.astimezone(UTC))
        await attendre(pas)
