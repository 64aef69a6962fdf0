"""Transactions of SQLAlchemy, and the driver's connection under them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


async def pilote(conn: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection, inside the same transaction: for the outbox and the answered calls."""
    brute = await conn.get_raw_connection()
    return cast("asyncpg.Connection", brute.driver_connection)


@asynccontextmanager
async def transaction(moteur: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction that has begun on the server too, committed at the end."""
    async with moteur.begin() as conn:
        # SQLAlchemy opens the driver's transaction with its first statement, not before.
        await conn.execute(text("SELECT 1"))
        yield conn
