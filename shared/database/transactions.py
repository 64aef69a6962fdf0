"""Transactions of SQLAlchemy, and the driver's connection under them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database.connexion import DOUTE


async def pilote(conn: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection, inside the same transaction: for the outbox and the answered calls."""
    brute = await conn.get_raw_connection()
    return cast("asyncpg.Connection", brute.driver_connection)


@asynccontextmanager
async def directe(conn: AsyncConnection) -> AsyncIterator[asyncpg.Connection]:
    """``pilote``, for readings that SQLAlchemy would make dear or cannot say.

    SQLAlchemy does not see a call that is cancelled in the middle: whether the server still answers is then asked
    before the connection is used again.
    """
    prise = await conn.get_raw_connection()
    try:
        yield await pilote(conn)
    except asyncio.CancelledError:
        prise.info[DOUTE] = True
        raise


@asynccontextmanager
async def transaction(moteur: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction that has begun on the server too, committed at the end."""
    async with moteur.begin() as conn:
        # SQLAlchemy opens the driver's transaction with its first statement, not before.
        await conn.execute(text("SELECT 1"))
        yield conn
