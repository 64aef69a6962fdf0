"""Which engine keeps the log: Kafka when a broker is given, PostgreSQL otherwise."""

from pathlib import Path

from shared.database.connexion import creer_pool
from shared.database.migrations import migrer
from shared.log.kafka import JournalKafka
from shared.log.postgres import SCHEMA, JournalPostgres
from shared.log.securite_kafka import securite
from shared.log.types import Journal
from shared.service.reglages_kafka import ReglagesKafka

MIGRATIONS = Path(__file__).parent / "migrations"


async def ouvrir_journal(database_url: str, kafka_bootstrap: str | None, taille_pool: int = 8) -> Journal:
    """Open the log; the caller closes it.

    ``kafka_bootstrap`` (``host:port,host:port``) chooses Kafka, which connects at first use, with the protections of
    the environment (``VIGIE_KAFKA_SECURITE`` and the rest; ReglagesInvalides when they do not hold). None chooses the
    tables of schema ``journal`` in ``database_url``, migrated here, with a pool of its own.
    """
    if kafka_bootstrap:
        return journal_kafka(kafka_bootstrap)
    await migrer(database_url, SCHEMA, MIGRATIONS)
    return JournalPostgres(await creer_pool(database_url, taille_pool, "vigie-journal"))


def journal_kafka(bootstrap: str) -> JournalKafka:
    """The log of these brokers, with the protections of the environment; the caller closes it."""
    return JournalKafka(bootstrap, securite=securite(ReglagesKafka.charger()))
