"""The nightly fold: the shards of past recorded days become one, so that readers sum fewer rows.

Sums do not change, over shards, per recorded day and cause. Sealed rows stay apart. Rows a late consumer still
writes under a past day are folded the next night. Recorded days older than those kept one by one (see ``connu``)
become the last day of their month: what was known then, and today, does not change.
"""

from dataclasses import dataclass

import asyncpg

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.dossiers.connu import FIN_DE_MOIS_SQL, premier_jour_garde
from shared.dossiers.contributions import DIMENSIONS, MESURES
from shared.dossiers.jours import jour_paris
from shared.dossiers.receptions import plier_receptions
from shared.dossiers.store import Depot, pages_de, tranches
from shared.dossiers.tables import PLIE, SCELLE, TABLE

BLOCS = 500
"""Pages of a table (8 kB each) folded in one transaction, during which consumers wait: about 35,000 rows."""

JOURS_RECUS = 31
"""Days of receptions folded in one transaction."""


@dataclass(frozen=True, slots=True)
class Pliage:
    """Rows folded away, rows dropped because they had come to zero, rows moved to the end of their month, and rows of
    receptions folded."""

    plies: int = 0
    nuls: int = 0
    au_mois: int = 0
    receptions: int = 0

    @property
    def total(self) -> int:
        """Rows that went, whatever for."""
        return self.plies + self.nuls + self.au_mois + self.receptions


async def plier(pool: asyncpg.Pool, schema: str, clock: Clock, blocs: int = BLOCS) -> Pliage:
    """Fold every cell recorded before today (Paris), then drop the zeros, and fold the receptions of past days.

    Can be stopped anywhere and run again.
    """
    depot, aujourd_hui = Depot(schema), jour_paris(clock.now())
    avant = premier_jour_garde(aujourd_hui)
    await _annoncer(pool, schema, avant)
    plies = nuls = au_mois = 0
    for genre, nom in TABLE.items():
        table = f"{schema}.{nom}"
        a_plier = f"shard NOT IN ({PLIE}, {SCELLE}) AND enregistre < {aujourd_hui:d}"
        reverser = _sql_reverser(table, genre, "enregistre", f"{PLIE}")
        plies += await _passer(pool, depot, table, blocs, a_plier, reverser)
        vieux = f"shard IN ({PLIE}, {SCELLE}) AND enregistre < {avant:d} AND enregistre <> {FIN_DE_MOIS_SQL}"
        reverser = _sql_reverser(table, genre, FIN_DE_MOIS_SQL, "shard")
        au_mois += await _passer(pool, depot, table, blocs, vieux, reverser)
        nul = " AND ".join([f"shard IN ({PLIE}, {SCELLE})", *(f"{m} = 0" for m in MESURES[genre])])
        nuls += await _passer(pool, depot, table, blocs, nul, "SELECT count(*) FROM pris")
    return Pliage(plies, nuls, au_mois, await _plier_receptions(pool, depot, aujourd_hui))


async def _plier_receptions(pool: asyncpg.Pool, depot: Depot, avant: int) -> int:
    """Fold the receptions of the days before ``avant``, JOURS_RECUS days in a transaction; how many rows went."""
    premier = f"SELECT min(jour) FROM {depot.schema}.receptions WHERE jour < {avant:d} AND shard <> {PLIE}"
    total = 0
    async with acquerir(pool) as conn:
        while (jour := await conn.fetchval(premier)) is not None:
            async with conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                total += await plier_receptions(conn, depot.schema, jour, min(jour + JOURS_RECUS, avant), PLIE)
    return total


async def _annoncer(pool: asyncpg.Pool, schema: str, avant: int) -> None:
    """Readers are told before the first row moves. What was announced stays."""
    async with acquerir(pool) as conn:
        await conn.execute(
            f"""
            INSERT INTO {schema}.plis AS p (avant) VALUES ($1)
            ON CONFLICT (seul) DO UPDATE SET avant = excluded.avant WHERE p.avant < excluded.avant
            """,
            avant,
        )


async def _passer(pool: asyncpg.Pool, depot: Depot, table: str, blocs: int, condition: str, suite: str) -> int:
    """Take the rows under ``condition`` out of each range of ``blocs`` pages, as ``pris``, and do ``suite`` with
    them; how many."""
    total = 0
    async with acquerir(pool) as conn:
        for tranche in tranches(await pages_de(conn, table), blocs):
            if not await conn.fetchval(f"SELECT EXISTS (SELECT FROM {table} WHERE {tranche} AND {condition})"):
                continue
            async with conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                total += await conn.fetchval(
                    f"WITH pris AS (DELETE FROM {table} WHERE {tranche} AND {condition} RETURNING *) {suite}"
                )
    return total


def _sql_reverser(table: str, genre: int, enregistre: str, shard: str) -> str:
    """Add the rows ``pris`` under this recorded day and shard (SQL of their columns); how many they were."""
    dims, mesures = DIMENSIONS[genre], MESURES[genre]
    cle = (*dims, "enregistre", "cause", "shard")
    verses = (*dims, enregistre, "cause", shard)
    ajout = ", ".join(f"{m} = t.{m} + excluded.{m}" for m in mesures)
    rangs = ", ".join(str(rang) for rang in range(1, len(cle) + 1))
    return f"""
        , verse AS (
            INSERT INTO {table} AS t ({", ".join((*cle, *mesures))})
            SELECT {", ".join(verses)}, {", ".join(f"sum({m})::bigint" for m in mesures)}
            FROM pris GROUP BY {rangs} HAVING {" OR ".join(f"sum({m}) <> 0" for m in mesures)}
            ON CONFLICT ({", ".join(cle)}) DO UPDATE SET {ajout})
        SELECT count(*) FROM pris
    """
