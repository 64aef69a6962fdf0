"""Forgetting what has been read and is old: records of the log, and rejects. Done again and again, it changes nothing
more."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg

from shared.database.connexion import acquerir
from shared.log import rejets
from shared.log.types import Journal


async def retard(pool: asyncpg.Pool, schema: str, journal: Journal, topic: str, groupe: str) -> int:
    """Records of a topic that the group has yet to read."""
    lignes = await pool.fetch(
        f"SELECT partition, next FROM {schema}.positions WHERE groupe = $1 AND topic = $2", groupe, topic
    )
    positions = {ligne["partition"]: ligne["next"] for ligne in lignes}
    bornes = await journal.bornes(topic)
    return sum(b.fin - positions.get(partition, b.debut) for partition, b in bornes.items())


async def elaguer_lus(
    pool: asyncpg.Pool, schema: str, journal: Journal, avants: Mapping[str, datetime]
) -> dict[tuple[str, int], int]:
    """Forget the records older than ``avants[topic]`` of each topic that a group of ``schema`` reads, where all its
    groups have read everything; the others are left for another time.

    Returns (topic, partition) -> first position the log now holds, of every topic read. Raises ErreurJournal.
    """
    lus = await pool.fetch(f"SELECT topic, array_agg(DISTINCT groupe) FROM {schema}.positions GROUP BY topic")
    debuts: dict[tuple[str, int], int] = {}
    for topic, groupes in lus:
        if topic in avants and not sum([await retard(pool, schema, journal, topic, g) for g in groupes]):
            await journal.elaguer(topic, avants[topic])
        debuts |= {(topic, partition): b.debut for partition, b in (await journal.bornes(topic)).items()}
    return debuts


async def elaguer_rejets(
    pool: asyncpg.Pool, schema: str, avant: datetime, debuts: Mapping[tuple[str, int], int]
) -> int:
    """`rejets.elaguer` on a connection of the pool."""
    async with acquerir(pool) as conn:
        return await rejets.elaguer(conn, schema, avant, debuts)
