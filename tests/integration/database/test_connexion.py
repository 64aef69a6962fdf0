"""A connection of the pool, lent and given back, whatever happens meanwhile."""

import asyncio

import asyncpg
import pytest

from shared.database.connexion import ConnexionPerdue, acquerir, creer_pool, fermer_pool


async def test_a_cancellation_is_raised_as_such_even_when_the_roll_back_fails(postgres_vide: str) -> None:
    pool = await creer_pool(postgres_vide, 2)
    dedans = asyncio.Event()

    async def travailler() -> None:
        async with acquerir(pool) as conn, conn.transaction():
            conn.terminate()  # the server goes away: the roll-back cannot be said
            dedans.set()
            await asyncio.Event().wait()

    tache = asyncio.create_task(travailler())
    await dedans.wait()
    tache.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tache
    assert tache.cancelled()
    async with acquerir(pool) as conn:
        assert await conn.fetchval("SELECT 1") == 1
    await fermer_pool(pool)


async def test_a_delay_that_runs_out_inside_is_not_taken_for_a_cancellation(postgres_vide: str) -> None:
    pool = await creer_pool(postgres_vide, 2)
    with pytest.raises(TimeoutError):
        async with acquerir(pool) as conn, asyncio.timeout(0.05):
            await conn.execute("SELECT pg_sleep(5)")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), acquerir(pool) as conn:
            await conn.execute("SELECT pg_sleep(5)")
    await fermer_pool(pool)


async def test_a_connection_lost_without_cancellation_is_said_to_be_lost(postgres_vide: str) -> None:
    pool = await creer_pool(postgres_vide, 2)
    with pytest.raises((ConnexionPerdue, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)):
        async with acquerir(pool) as conn, conn.transaction():
            conn.terminate()
    await fermer_pool(pool)
