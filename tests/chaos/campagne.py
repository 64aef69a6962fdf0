"""The loop of the campaign: start a load, inject, heal, wait until all is at rest, control, write a line."""

import asyncio
import contextlib
import os
import random
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from services.alerts.comite.calendrier import dernier_a_preparer
from tests.chaos.appels import semer_appels
from tests.chaos.charge import Charge, Plan
from tests.chaos.invariants import au_repos, controler, faire_venir_les_essais, tentatives
from tests.chaos.site import Moteur, Site
from tests.chaos.volume import VolumeImpossible
from tests.support.jeu_seme import semer

DOSSIERS = 2_000
"""Of one load: about 5 000 events."""

APPELS = 4
"""Dossiers for one telephone call."""

REPOS_S = 240.0
"""Most seconds that a site may take from the end of the fault to its rest, on a machine that others keep busy."""

IMMOBILE_S = 5.0
"""Without a try of any livraison before the clock is moved to the next; twice as long each time, since a try that is
under way must not be overtaken."""

CONTROLES_MAX = 3
"""Times that a site is controlled: a double of an event may be appended after all is at rest, and be read at once."""

Verdict = Literal["tenu", "rompu", "non joué"]


@dataclass
class Essai:
    """What a fault works on while it is played. ``note``: what it did, for the table."""

    site: Site
    plan: Plan
    charge: Charge
    hasard: random.Random
    note: str = ""


class Inconcluant(Exception):
    """The fault did not take hold: nothing was tried. ``str()`` says what was not seen."""


Geste = Callable[[Essai], Awaitable[None]]


async def rien(essai: Essai) -> None:
    """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Panne:
    """One row of the table. ``injecter`` returns when the fault has done its harm or is in force; ``guerir`` takes it
    away. ``doubles``: share of the events sent twice."""

    nom: str
    titre: str
    injecter: Geste
    guerir: Geste = rien
    moteurs: tuple[Moteur, ...] = ("postgres", "kafka")
    doubles: float = 0.1


@dataclass(frozen=True, slots=True)
class Ligne:
    """What became of one fault. Seconds from its end: to the first event committed after it, and to rest.
    ``charge``: load average of the machine."""

    panne: Panne
    moteur: Moteur
    verdict: Verdict
    ecarts: Sequence[str] = ()
    reprise_s: float | None = None
    repos_s: float | None = None
    relances: int = 0
    doubles: int = 0
    note: str = ""
    charge: float = field(default_factory=lambda: os.getloadavg()[0])


@dataclass
class Campagne:
    """``sites``: opens a site of an engine in a folder. A site in which a fault broke something is thrown away."""

    graine: int
    dossier: Path
    ouvrir: Callable[[Moteur, Path], contextlib.AbstractAsyncContextManager[Site]]
    dire: Callable[[str], None] = lambda _: None
    dossiers: int = DOSSIERS
    lignes: list[Ligne] = field(default_factory=list)

    async def jouer(self, moteur: Moteur, pannes: Sequence[Panne]) -> None:
        """Play these faults one after the other on one engine; the lines are added as they come."""
        restent = [p for p in pannes if moteur in p.moteurs]
        while restent:
            lieu = self.dossier / f"{moteur}-{len(self.lignes)}"
            lieu.mkdir()
            async with self.ouvrir(moteur, lieu) as site:
                plan = Plan()
                while restent:
                    ligne = await self.jouer_une(site, plan, restent.pop(0))
                    self.lignes.append(ligne)
                    self.dire(phrase(ligne))
                    if ligne.verdict == "rompu":
                        break

    async def jouer_une(self, site: Site, plan: Plan, panne: Panne) -> Ligne:
        """Play one fault on a site at rest, of which ``plan`` holds all that was asked."""
        rang = len(self.lignes)
        jeu = semer(self.graine * 1_000 + rang, self.dossiers, panne.nom, panne.doubles)
        # Back in time, so that no comité has another before it: all are of the same trouble. The first month is the
        # scheduler's own.
        mois = dernier_a_preparer(site.horloge.now()).plus(-1 - len(plan.comites))
        appels = semer_appels(self.graine * 1_000 + rang, self.dossiers // APPELS, panne.nom, panne.doubles)
        charge = Charge(site, plan, jeu, str(mois), appels)
        essai = Essai(site, plan, charge, random.Random(f"{self.graine}-{panne.nom}"))
        relances, doubles = site.relances.total(), _doubles(site)
        ecarts: list[str] = []
        reprise: list[float] = []
        debut = time.monotonic()
        await charge.commencer()
        try:
            try:
                await panne.injecter(essai)
            finally:
                await panne.guerir(essai)
                debut = time.monotonic()
                async with _mesurer_la_reprise(site, reprise):
                    await charge.finir()
                    ecarts = await _attendre_le_repos(site, plan, debut + REPOS_S)
        except VolumeImpossible as exc:
            return Ligne(panne, site.moteur, "non joué", note=str(exc))
        except Inconcluant as exc:
            ecarts = [f"la panne n'a pas pris : {exc}"]
        except Exception as exc:
            lieu = traceback.extract_tb(exc.__traceback__)[-1]
            ecarts = [f"{type(exc).__name__} ({Path(lieu.filename).name}:{lieu.lineno}) : {exc}"[:2_000]]
        finally:
            await charge.abandonner()
        repos = time.monotonic() - debut
        if not ecarts:
            ecarts = await _controler(site, plan)
        return Ligne(
            panne, site.moteur, "rompu" if ecarts else "tenu", ecarts, reprise[0] if reprise else None,
            None if ecarts else repos, site.relances.total() - relances, _doubles(site) - doubles, essai.note,
        )  # fmt: skip


async def _attendre_le_repos(site: Site, plan: Plan, fin: float) -> list[str]:
    """Return once nothing moves any more; what still does past ``fin``."""
    essais, patience, depuis = -1, IMMOBILE_S, time.monotonic()
    while mouvements := await au_repos(site, plan):
        maintenant = time.monotonic()
        if maintenant > fin:
            return mouvements
        faits = await tentatives(site)
        if faits != essais:
            essais, depuis = faits, maintenant
        elif maintenant > depuis + patience and await faire_venir_les_essais(site):
            patience, depuis = 2 * patience, maintenant
        await asyncio.sleep(0.5)
    return []


async def _controler(site: Site, plan: Plan) -> list[str]:
    """Control a site at rest; again when an append that was given up still arrived meanwhile."""
    ecarts: list[str] = []
    for _ in range(CONTROLES_MAX):
        if not (ecarts := await controler(site, plan)):
            return []
        await _attendre_le_repos(site, plan, time.monotonic() + REPOS_S / CONTROLES_MAX)
    return ecarts


@asynccontextmanager
async def _mesurer_la_reprise(site: Site, reprise: list[float]) -> AsyncIterator[None]:
    """Meanwhile, note the seconds until the first event is committed from now on."""
    debut = time.monotonic()

    async def guetter() -> None:
        depart: int | None = None
        while True:
            with contextlib.suppress(Exception):
                total = sum((await site.banc.positions()).values())
                depart = total if depart is None else depart
                if total > depart:
                    reprise.append(time.monotonic() - debut)
                    return
            await asyncio.sleep(0.05)

    tache = asyncio.create_task(guetter())
    try:
        yield
    finally:
        tache.cancel()
        await asyncio.gather(tache, return_exceptions=True)


def _doubles(site: Site) -> int:
    return sum(recepteur.doubles for recepteur in site.recepteurs.values())


def phrase(ligne: Ligne) -> str:
    """One line of text for who watches."""
    tete = f"{ligne.moteur:9}{ligne.panne.nom:28}{ligne.verdict:9}"
    if ligne.verdict == "tenu":
        assert ligne.repos_s is not None
        reprise = "" if ligne.reprise_s is None else f"reprise {ligne.reprise_s:.1f} s, "
        tete += f"{reprise}repos {ligne.repos_s:.1f} s, {ligne.relances} relances, {ligne.doubles} doubles"
    return "\n    ".join([f"{tete} {ligne.note}".rstrip(), *ligne.ecarts])
