"""The two engines of the log behind one fixture: what is true of one must be true of the other."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest

from shared.database.connexion import creer_pool, fermer_pool
from shared.database.serveur import ServeurPostgres
from shared.log import tables
from shared.log.consommateur import Consommateur, ReglagesConsommateur
from shared.log.fabrique import ouvrir_journal
from shared.log.types import Journal, ReglagesGroupe
from tests.integration.conftest import base_fraiche
from tests.support.compteur import SCHEMA, TABLES, Compteur

MOTEURS = [
    pytest.param("postgres"),
    pytest.param("postgres-systeme"),
    pytest.param("kafka", marks=pytest.mark.kafka),
]


@dataclass
class Banc:
    """A log with an empty topic of four partitions, and a database with the tables of a consumer."""

    moteur: str
    url: str
    bootstrap: str | None
    journal: Journal
    pool: asyncpg.Pool
    topic: str
    groupe: str = "compteurs"
    reglages: ReglagesConsommateur = field(
        default_factory=lambda: ReglagesConsommateur(
            lot_max=200, attente=0.2, groupe=ReglagesGroupe(session=3.0, rebalance=10.0, drain=3.0)
        )
    )

    def consommateur(self, traitement: Compteur | None = None) -> Consommateur:
        return Consommateur(
            self.journal, self.pool, SCHEMA, self.groupe, self.topic, traitement or Compteur(), self.reglages
        )

    @asynccontextmanager
    async def consommer(self, traitement: Compteur | None = None) -> AsyncIterator[Consommateur]:
        """A consumer at work in the background; stopped at the end, and its failure raised."""
        consommateur = self.consommateur(traitement)
        tache = asyncio.create_task(consommateur.executer())
        try:
            yield consommateur
        finally:
            consommateur.arreter()
            await asyncio.wait_for(tache, 30)

    async def ajouter(self, n: int, prefixe: str = "v") -> None:
        await self.journal.ajouter(self.topic, [(b"k%d" % i, f"{prefixe}{i}".encode()) for i in range(n)])

    async def positions(self) -> dict[int, int]:
        return dict(
            await self.pool.fetch(
                f"SELECT partition, next FROM {SCHEMA}.positions WHERE groupe = $1 AND topic = $2",
                self.groupe,
                self.topic,
            )
        )


async def creer_tables(pool: asyncpg.Pool) -> None:
    await pool.execute(f"CREATE SCHEMA {SCHEMA}")
    for ordre in (*tables.creer(SCHEMA), *TABLES):
        await pool.execute(ordre)


@asynccontextmanager
async def ouvrir_banc(moteur: str, url: str, bootstrap: str | None, partitions: int = 4) -> AsyncIterator[Banc]:
    journal = await ouvrir_journal(url, bootstrap)
    pool = await creer_pool(url, 10, "banc")
    try:
        await creer_tables(pool)
        topic = f"essai.{uuid.uuid4().hex[:10]}"
        await journal.assurer_topic(topic, partitions)
        yield Banc(moteur, url, bootstrap, journal, pool, topic)
    finally:
        await journal.fermer()
        await fermer_pool(pool)


@pytest.fixture(params=MOTEURS)
def moteur(request: pytest.FixtureRequest) -> tuple[str, ServeurPostgres, str | None]:
    """Each engine in turn (the PostgreSQL one on both its versions): name, database server, broker."""
    systeme = request.param == "postgres-systeme"
    serveur = request.getfixturevalue("serveur_postgres_systeme" if systeme else "serveur_postgres")
    bootstrap = request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else None
    return request.param, serveur, bootstrap


@pytest.fixture
async def banc(moteur: tuple[str, ServeurPostgres, str | None]) -> AsyncIterator[Banc]:
    """The contract's bench."""
    nom, serveur, bootstrap = moteur
    async for url in base_fraiche(serveur):
        async with ouvrir_banc(nom, url, bootstrap) as banc:
            yield banc
