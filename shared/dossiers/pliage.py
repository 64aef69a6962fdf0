"""The nightly fold: the shards of past recorded days become one, so that readers sum fewer rows.

Sums do not change, over shards, per recorded day and cause. Sealed rows stay apart. Rows a late consumer still
writes under a past day are folded the next night.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.dossiers.contributions import DIMENSIONS, MESURES
from shared.dossiers.jours import jour_paris
from shared.dossiers.store import Depot
from shared.dossiers.tables import PLIE, SCELLE, TABLE

BLOCS = 500
"""Pages of a table (8 kB each) folded in one transaction, during which consumers wait: about 35,000 rows."""


@dataclass(frozen=True, slots=True)
class Pliage:
    """Rows folded away, and rows dropped because they had come to zero."""

    plies: int = 0
    nuls: int = 0


async def plier(pool: asyncpg.Pool, schema: str, clock: Clock, blocs: int = BLOCS) -> Pliage:
    """Fold every cell recorded before today (Paris), then drop the zeros. Can be stopped anywhere and run again."""
    depot, aujourd_hui = Depot(schema), jour_paris(clock.now())
    plies = nuls = 0
    for genre, nom in TABLE.items():
        table = f"{schema}.{nom}"
        tranches = await _tranches(pool, table, blocs)
        a_plier = f"shard NOT IN ({PLIE}, {SCELLE}) AND enregistre < {aujourd_hui:d}"
        plies += await _passer(pool, depot, table, tranches, a_plier, _sql_reverser(table, genre))
        nul = " AND ".join([f"shard = {PLIE}", *(f"{m} = 0" for m in MESURES[genre])])
        nuls += await _passer(pool, depot, table, tranches, nul, "SELECT count(*) FROM pris")
    return Pliage(plies, nuls)


async def _tranches(pool: asyncpg.Pool, table: str, blocs: int) -> Sequence[str]:
    """Conditions that share out the pages a table has now, in ranges of ``blocs``."""
    async with acquerir(pool) as conn:
        pages = await conn.fetchval("SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int", table)
    return [f"ctid >= '({p},0)'::tid AND ctid < '({p + blocs},0)'::tid" for p in range(0, pages, blocs)]


async def _passer(
    pool: asyncpg.Pool, depot: Depot, table: str, tranches: Sequence[str], condition: str, suite: str
) -> int:
    """Take the rows under ``condition`` out of each range, as ``pris``, and do ``suite`` with them; how many."""
    total = 0
    async with acquerir(pool) as conn:
        for tranche in tranches:
            if not await conn.fetchval(f"SELECT EXISTS (SELECT FROM {table} WHERE {tranche} AND {condition})"):
                continue
            async with conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                total += await conn.fetchval(
                    f"WITH pris AS (DELETE FROM {table} WHERE {tranche} AND {condition} RETURNING *) {suite}"
                )
    return total


def _sql_reverser(table: str, genre: int) -> str:
    """Add the rows ``pris`` to the folded shard; how many they were."""
    cle = (*DIMENSIONS[genre], "enregistre", "cause")
    mesures = MESURES[genre]
    ajout = ", ".join(f"{m} = t.{m} + excluded.{m}" for m in mesures)
    return f"""
        , verse AS (
            INSERT INTO {table} AS t ({", ".join(cle)}, shard, {", ".join(mesures)})
            SELECT {", ".join(cle)}, {PLIE}, {", ".join(f"sum({m})::bigint" for m in mesures)}
            FROM pris GROUP BY {", ".join(cle)} HAVING {" OR ".join(f"sum({m}) <> 0" for m in mesures)}
            ON CONFLICT ({", ".join(cle)}, shard) DO UPDATE SET {ajout})
        SELECT count(*) FROM pris
    """
