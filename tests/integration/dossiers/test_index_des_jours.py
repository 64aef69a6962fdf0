"""The index of days: what a question about some days reads of a table in which retention has made room."""

import re

import asyncpg

from shared.dossiers.tables import ddl, index_des_jours

SCHEMA = "essai"
RANGE = 512
"""Pages of the index's ranges."""


async def test_un_jour_se_trouve_sans_lire_les_pages_ou_d_autres_ont_pris_la_place_des_oublies(
    postgres_vide: str,
) -> None:
    conn = await asyncpg.connect(postgres_vide)
    await conn.execute(f"CREATE SCHEMA {SCHEMA}")
    for ordre in (*ddl(SCHEMA), *index_des_jours(SCHEMA)):
        await conn.execute(ordre)
    await remplir(conn, jour=100, combien=40_000)
    await remplir(conn, jour=300, combien=10_000)
    pages = await conn.fetchval(f"SELECT pg_relation_size('{SCHEMA}.dossiers') / 8192")
    assert pages > 5 * RANGE
    await conn.execute(f"DELETE FROM {SCHEMA}.dossiers WHERE jour_clos = 100")
    await conn.execute(f"VACUUM {SCHEMA}.dossiers")
    await remplir(conn, jour=900, combien=40_000)
    assert await conn.fetchval(f"SELECT pg_relation_size('{SCHEMA}.dossiers') / 8192") == pages
    assert await lues(conn, "jour_clos BETWEEN 500 AND 502") <= RANGE
    assert await lues(conn, "jour_clos = 300") <= 3 * RANGE
    await conn.close()


async def remplir(conn: asyncpg.Connection, jour: int, combien: int) -> None:
    """So many dossiers closed that day."""
    await conn.execute(
        f"INSERT INTO {SCHEMA}.dossiers SELECT 1, $1::int || '-' || g, $3, $3, 751, $1::int - 1, $1::int, $1::int "
        "FROM generate_series(1, $2::int) g",
        jour,
        combien,
        b"x" * 250,
    )
    await conn.execute(f"VACUUM {SCHEMA}.dossiers")


async def lues(conn: asyncpg.Connection, condition: str) -> int:
    """Pages of the table that the question reads by its index."""
    async with conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch(
            f"EXPLAIN (ANALYZE, TIMING OFF) SELECT count(*) FROM {SCHEMA}.dossiers WHERE {condition}"
        )
    texte = "\n".join(ligne[0] for ligne in plan)
    assert "dossiers_par_jour" in texte
    return sum(map(int, re.findall(r"lossy=(\d+)", texte)))
