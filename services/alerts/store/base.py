"""Transactions on the service's database, and asking for an evaluation inside one."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.transactions import pilote, transaction

__all__ = ["TOUT", "demander_evaluation", "pilote", "transaction"]

TOUT = "*"
"""In ``a_evaluer``: every indicator, because something else than a cell changed."""


async def demander_evaluation(conn: AsyncConnection, schema: str, *processus: str) -> None:
    """Ask for an evaluation of the indicators of these processes, soon and at least once, if the caller commits."""
    await conn.execute(
        text(
            f"""INSERT INTO {schema}.a_evaluer (process) SELECT unnest(CAST(:processus AS text[]))
            ON CONFLICT (process) DO UPDATE SET numero = {schema}.a_evaluer.numero + 1"""
        ),
        {"processus": sorted(set(processus))},
    )
