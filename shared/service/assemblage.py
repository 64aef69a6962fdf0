"""A service that hears and tells on the log put together: what its API and its background tasks share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.database.connexion import creer_moteur, creer_pool, fermer_pool
from shared.database.migrations import migrer
from shared.log.envoi import Relais
from shared.log.fabrique import ouvrir_journal
from shared.log.types import Journal
from shared.service.application import Application
from shared.service.jauges import JaugesRafraichies
from shared.service.reglages import Reglages
from shared.service.sante import PasPret

R = TypeVar("R", bound=Reglages)


@dataclass(slots=True)
class ServiceOuvert(Generic[R]):
    """The open parts of a service; see ``ouvrir``. ``nom``: of the service and of its schema. ``topics``: those it
    writes and reads, of one partition each."""

    nom: ClassVar[str]
    migrations: ClassVar[Path]
    topics: ClassVar[Sequence[str]]

    reglages: R
    clock: Clock
    pool: asyncpg.Pool
    moteur: AsyncEngine
    journal: Journal

    def relais(self) -> Relais:
        """The relay of this service's outbox."""
        return Relais(self.pool, self.nom, self.journal)


S = TypeVar("S", bound=ServiceOuvert[Any])


@asynccontextmanager
async def ouvrir(classe: type[S], database_url: str, reglages: Reglages, clock: Clock) -> AsyncIterator[S]:
    """Migrate the schema, make the topics, open the pools and the log; close them at the end."""
    await migrer(database_url, classe.nom, classe.migrations)
    async with AsyncExitStack() as pile:
        pool = await creer_pool(database_url, 6, f"vigie-{classe.nom}")
        pile.push_async_callback(fermer_pool, pool)
        moteur = creer_moteur(database_url, f"vigie-{classe.nom}-moteur")
        pile.push_async_callback(moteur.dispose)
        journal = await ouvrir_journal(database_url, reglages.kafka_bootstrap)
        pile.push_async_callback(journal.fermer)
        for topic in classe.topics:
            await journal.assurer_topic(topic, 1)
        yield classe(reglages, clock, pool, moteur, journal)


@asynccontextmanager
async def surveiller(app: Application, service: ServiceOuvert[Any], jauges: JaugesRafraichies) -> AsyncIterator[None]:
    """While open: gauges kept fresh in the registry of ``app``, and its readiness tied to them and to the database."""
    app.verifications.ajouter("base", lambda: service.pool.fetchval("SELECT 1"))
    app.registre.register(jauges)
    arret = asyncio.Event()
    entretien = asyncio.create_task(jauges.entretenir(arret))

    async def tournent() -> None:
        if entretien.done():
            raise PasPret("Les jauges ne se rafraîchissent plus.")

    app.verifications.ajouter("jauges", tournent)
    try:
        yield
    finally:
        arret.set()
        await asyncio.gather(entretien, return_exceptions=True)
