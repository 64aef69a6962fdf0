"""Alembic run by the program, for `shared.database.migrations`: apart, so that it is only imported when it has work."""

import asyncio
import random
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from shared.database.connexion import est_passagere, url_sqlalchemy

_log = structlog.get_logger(__name__)

ENVIRONNEMENT = Path(__file__).parent / "alembic"
# A migration waits this long for a lock, then gives way to the traffic and tries again.
LOCK_TIMEOUT = "5s"
ESSAIS = 6

_INACHEVES = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND n.nspname = :schema
"""

_EN_CONSTRUCTION = """
SELECT count(*) FROM pg_stat_progress_create_index p JOIN pg_class c ON c.oid = p.index_relid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.datname = current_database() AND n.nspname = :schema
"""
REGARD = 1.0


async def monter(url: str, schema: str, emplacement: Path) -> None:
    """Run the versions of ``emplacement`` that ``schema`` lacks; the caller holds the lock of its migrations."""
    for essai in range(1, ESSAIS + 1):
        moteur = create_async_engine(url_sqlalchemy(url), poolclass=NullPool)
        try:
            async with moteur.connect() as conn:
                await _attendre_les_index(conn, schema)
                await conn.run_sync(_alembic, schema, emplacement)
            return
        except Exception as exc:
            if essai == ESSAIS or not est_passagere(exc):
                raise
        finally:
            await moteur.dispose()
        await asyncio.sleep(essai * random.uniform(0.2, 0.6))  # noqa: S311


async def _attendre_les_index(conn: AsyncConnection, schema: str) -> None:
    """The server goes on with the index of a process that was killed: it is not to be taken for an unfinished one."""
    while await conn.scalar(text(_EN_CONSTRUCTION), {"schema": schema}):
        await conn.commit()  # an index made concurrently waits for who holds a snapshot
        _log.info("index en construction par un processus d'avant, attendu", schema=schema)
        await asyncio.sleep(REGARD)
    await conn.commit()


def _alembic(conn: Connection, schema: str, emplacement: Path) -> None:
    conn.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    conn.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    conn.execute(text(f'SET search_path TO "{schema}", public'))
    conn.commit()
    if (actuelle := _version(conn, schema)) is not None and _plus_recente(actuelle, emplacement):
        _log.info("schema plus recent que ce programme", schema=schema, version=actuelle)
        return
    _retirer_les_index_inacheves(conn, schema)
    config = _config(emplacement)
    config.attributes["connection"] = conn
    config.attributes["schema"] = schema
    command.upgrade(config, "head")
    conn.commit()


def sans_delai(*ordres: str) -> list[str]:
    """Statements that wait for every transaction older than them, and make nobody wait: indexes made concurrently."""
    return ["SET lock_timeout = 0", *ordres, f"SET lock_timeout = '{LOCK_TIMEOUT}'"]


def _retirer_les_index_inacheves(conn: Connection, schema: str) -> None:
    """What a CREATE INDEX CONCURRENTLY that was cut leaves: IF NOT EXISTS would take it for done."""
    for nom in conn.scalars(text(_INACHEVES), {"schema": schema}).all():
        conn.execute(text(f'DROP INDEX "{schema}"."{nom}"'))
    conn.commit()


def _version(conn: Connection, schema: str) -> str | None:
    table = f"{schema}.version_du_schema"
    version: str | None = None
    if conn.scalar(text("SELECT to_regclass(:t)"), {"t": table}) is not None:
        version = conn.scalar(text(f'SELECT version_num FROM "{schema}".version_du_schema'))
    conn.commit()  # or Alembic would find a transaction begun, and make one of all the versions
    return version


def _plus_recente(version: str, emplacement: Path) -> bool:
    """Whether it comes after all those found there: versions begin with their number, on four figures."""
    return version not in versions(emplacement) and version[:4] > tete(emplacement)[:4]


def tete(emplacement: Path) -> str:
    """The newest version found there: what a schema brought up to date says. Blocking: it imports the files."""
    return ScriptDirectory.from_config(_config(emplacement)).get_current_head() or ""


def versions(emplacement: Path) -> list[str]:
    """Every version found there, oldest first. Blocking."""
    return [script.revision for script in ScriptDirectory.from_config(_config(emplacement)).walk_revisions()][::-1]


def _config(emplacement: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ENVIRONNEMENT).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(emplacement).replace("%", "%%"))
    return config
