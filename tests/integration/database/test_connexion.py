"""A connection of the pool, lent and given back, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.exc import TimeoutError as AttenteDuPool
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import connexion
from shared.database.connexion import (
    ConnexionPerdue,
    acquerir,
    creer_moteur,
    creer_pool,
    est_passagere,
    fermer_pool,
)
from shared.database.transactions import directe


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


@asynccontextmanager
async def moteur_au_repos(url: str, combien: int) -> AsyncIterator[tuple[AsyncEngine, list[int]]]:
    """An engine that keeps so many connections, none in use, and the processes of the server behind them."""
    moteur = creer_moteur(url, "repos")
    async with AsyncExitStack() as pile:
        prises = [await pile.enter_async_context(moteur.connect()) for _ in range(combien)]
        pids = [(await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one() for conn in prises]
    yield moteur, pids
    await moteur.dispose()


async def terminer(url: str, pids: list[int]) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute("SELECT pg_terminate_backend(p, 5000) FROM unnest($1::int[]) AS p", pids)
    await conn.close()


async def test_a_connection_the_server_has_closed_is_never_handed_out(postgres_vide: str) -> None:
    async with moteur_au_repos(postgres_vide, 3) as (moteur, pids):
        await terminer(postgres_vide, pids)
        for _ in range(4):
            async with moteur.connect() as conn:
                assert (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one() not in pids


async def test_a_connection_that_died_at_rest_unnoticed_is_replaced(
    postgres_vide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connexion, "REPOS_S", 0.0)
    async with moteur_au_repos(postgres_vide, 1) as (moteur, pids):
        await terminer(postgres_vide, pids)
        # As after a cut that no packet told of: only a question finds out.
        with monkeypatch.context() as coupure:
            coupure.setattr(asyncpg.Connection, "is_closed", lambda _: False)
            async with moteur.connect() as conn:
                assert (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one() not in pids


async def test_only_a_connection_that_rested_is_asked_whether_it_is_alive(
    postgres_vide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demandes = []
    monkeypatch.setattr(AsyncAdapt_asyncpg_connection, "ping", lambda conn: demandes.append(id(conn)))
    async with moteur_au_repos(postgres_vide, 1) as (moteur, pids):
        async with moteur.connect() as conn:
            assert (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one() == pids[0]
        assert not demandes
        monkeypatch.setattr(connexion, "REPOS_S", 0.0)
        async with moteur.connect():
            assert len(demandes) == 1


async def test_a_connection_that_rested_long_is_opened_again_unasked(
    postgres_vide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connexion, "REPOS_MAX_S", 0.1)
    async with moteur_au_repos(postgres_vide, 1) as (moteur, pids):
        await asyncio.sleep(0.15)
        async with moteur.connect() as conn:
            assert (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one() not in pids


async def test_a_call_cancelled_in_the_middle_has_the_connection_asked_before_its_next_use(
    postgres_vide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demandes = []
    monkeypatch.setattr(AsyncAdapt_asyncpg_connection, "ping", lambda conn: demandes.append(id(conn)))
    async with moteur_au_repos(postgres_vide, 1) as (moteur, _):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), moteur.connect() as conn, directe(conn) as brute:
                await brute.execute("SELECT pg_sleep(5)")
        async with moteur.connect():
            assert len(demandes) == 1
        async with moteur.connect():
            assert len(demandes) == 1


async def test_a_pool_of_which_every_connection_is_taken_is_a_thing_that_passes(postgres_vide: str) -> None:
    moteur = creer_moteur(postgres_vide, "plein", taille=1, attente=0.1)
    async with moteur.connect():
        with pytest.raises(AttenteDuPool) as prise:
            await moteur.connect()
    assert est_passagere(prise.value)
    await moteur.dispose()
