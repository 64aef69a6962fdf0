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
from shared.dossiers.tables import PLIE, SCELLE, TABLE, colonnes

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
    for genre, table in TABLE.items():
        tranches = await _tranches(pool, f"{schema}.{table}", blocs)
        plies += await _passer(pool, depot, tranches, f"{schema}.{table}", _a_plier(aujourd_hui), _sql_pli(schema, genre))
        zero = " AND ".join([f"shard = {PLIE}", *(f"{m} = 0" for m in MESURES[genre])])
        balayer = f"WITH pris AS (DELETE FROM {schema}.{table} WHERE {{tranche}} AND {zero} RETURNING 1) {_COMPTE}"
        nuls += await _passer(pool, depot, tranches, f"{schema}.{table}", zero, balayer)
    return Pliage(plies, nuls)


def _a_plier(aujourd_hui: int) -> str:
    return f"shard NOT IN ({PLIE}, {SCELLE}) AND enregistre < {aujourd_hui:d}"


async def _tranches(pool: asyncpg.Pool, table: str, blocs: int) -> Sequence[str]:
    """Conditions that share a table's pages, as they are now, in ranges of ``blocs``."""
    async with acquerir(pool) as conn:
        pages = await conn.fetchval(
            "SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int", table
        )
    return [f"ctid >= '({p},0)'::tid AND ctid < '({p + blocs},0)'::tid" for p in range(0, pages, blocs)]
