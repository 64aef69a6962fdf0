"""Migrations: Alembic run by the program, one schema per service, one history per schema."""

import asyncio
import re
import zlib
from pathlib import Path
from weakref import WeakKeyDictionary

import asyncpg

from shared.database.connexion import url_asyncpg

_ATTENTE_DU_VERROU = 120.0
_REGARD = 0.1
_REVISION = re.compile(r"""^revision(?:: str)? = ["']([^"']+)["']$""", re.MULTILINE)

_VERROUS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def migrer(url: str, schema: str, emplacement: Path) -> None:
    """Bring ``schema`` to the newest version found in ``emplacement`` (files ``0001_*.py``, ``0002_*.py``…).

    Creates the schema and, in it, the version table. Idempotent; two callers at once wait for each other
    (advisory lock on a connection of its own). A lock that cannot be had in `montee.LOCK_TIMEOUT` is tried again
    `montee.ESSAIS` times. Raises whatever the migration raises; each version is one transaction.

    A schema that is up to date costs two queries. One that a newer program has already widened is left as it is: this
    one works on it, and may start again while the processes are being replaced.

    One at a time in a process: Alembic keeps the migration it is at in module globals.
    """
    async with _VERROUS.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        conn = await asyncpg.connect(url_asyncpg(url), timeout=30)
        try:
            if await _version(conn, schema) != derniere(emplacement):
                await _monter_seul(conn, url, schema, emplacement)
        finally:
            await conn.close()


async def _monter_seul(gardien: asyncpg.Connection, url: str, schema: str, emplacement: Path) -> None:
    # Alembic and SQLAlchemy's schemas are long to import: a process whose schema is up to date does without.
    from shared.database.montee import monter

    try:
        async with asyncio.timeout(_ATTENTE_DU_VERROU):
            # Who waits in a statement holds a snapshot, and CREATE INDEX CONCURRENTLY waits for those who do.
            while not await gardien.fetchval("SELECT pg_try_advisory_lock($1)", _cle_du_verrou(schema)):  # noqa: ASYNC110
                await asyncio.sleep(_REGARD)
    except TimeoutError:
        raise TimeoutError(f"un autre processus migre le schéma {schema} depuis {_ATTENTE_DU_VERROU:.0f} s") from None
    await monter(url, schema, emplacement)


async def _version(conn: asyncpg.Connection, schema: str) -> str | None:
    """The version the schema says it has; None when it was never migrated."""
    if await conn.fetchval("SELECT to_regclass($1)", f'"{schema}".version_du_schema') is None:
        return None
    version: str | None = await conn.fetchval(f'SELECT version_num FROM "{schema}".version_du_schema')
    return version


def derniere(emplacement: Path) -> str:
    """Revision of the last file there, read without running it; "" when it does not say it plainly."""
    fichiers = sorted(emplacement.glob("[0-9]*.py"))
    trouvee = _REVISION.search(fichiers[-1].read_text(encoding="utf-8")) if fichiers else None
    return "" if trouvee is None else trouvee[1]


def _cle_du_verrou(schema: str) -> int:
    return (zlib.crc32(b"vigie.migration") << 31) ^ zlib.crc32(schema.encode())
