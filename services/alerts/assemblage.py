"""The alerts service put together: what its API and its evaluator share, opened once per process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.domain import MIGRATIONS, NOM, TOPIC_ALERTES
from services.alerts.reglages import ReglagesAlertes
from shared.clock import Clock
from shared.database.connexion import creer_moteur, creer_pool, fermer_pool
from shared.database.migrations import migrer
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.log.envoi import Relais
from shared.log.fabrique import ouvrir_journal
from shared.log.types import Journal


@dataclass(slots=True)
class ServiceAlertes:
    """The open parts of the service; see ``ouvrir``."""

    reglages: ReglagesAlertes
    clock: Clock
    pool: asyncpg.Pool
    moteur: AsyncEngine
    journal: Journal

    def relais(self) -> Relais:
        """The relay of this service's outbox."""
        return Relais(self.pool, NOM, self.journal)


@asynccontextmanager
async def ouvrir(database_url: str, reglages: ReglagesAlertes, clock: Clock) -> AsyncIterator[ServiceAlertes]:
    """Migrate the schema, make the topics, open the pools and the log; close them at the end."""
    await migrer(database_url, NOM, MIGRATIONS)
    async with AsyncExitStack() as pile:
        pool = await creer_pool(database_url, 6, f"vigie-{NOM}")
        pile.push_async_callback(fermer_pool, pool)
        moteur = creer_moteur(database_url, f"vigie-{NOM}-moteur", taille=8)
        pile.push_async_callback(moteur.dispose)
        journal = await ouvrir_journal(database_url, reglages.kafka_bootstrap)
        pile.push_async_callback(journal.fermer)
        await journal.assurer_topic(TOPIC_CLOCHE, 1)
        await journal.assurer_topic(TOPIC_ALERTES, 1)
        yield ServiceAlertes(reglages, clock, pool, moteur, journal)
