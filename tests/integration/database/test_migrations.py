"""Migrations run by the program: one schema, one history, however many start at once."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from shared.database.migrations import migrer
from shared.log.fabrique import MIGRATIONS
from tests.support.attente import attendre

UNE = """
from alembic import op
revision = "0001_depart"
down_revision = None
def upgrade():
    op.execute("CREATE TABLE compte (n int)")
    op.execute("INSERT INTO compte VALUES (1)")
"""
DEUX = """
from alembic import op
revision = "0002_suite"
down_revision = "0001_depart"
def upgrade():
    op.execute("INSERT INTO compte VALUES (2)")
"""
MAUVAISE = """
from alembic import op
revision = "0003_mauvaise"
down_revision = "0002_suite"
def upgrade():
    op.execute("INSERT INTO compte VALUES (3)")
    op.execute("SELECT 1 / 0")
"""

INDEX = """
from alembic import op
from shared.database.montee import sans_delai
revision = "0002_index"
down_revision = "0001_depart"
def upgrade():
    with op.get_context().autocommit_block():
        for ordre in sans_delai("CREATE INDEX CONCURRENTLY IF NOT EXISTS par_n ON un.compte (n)"):
            op.execute(ordre)
"""


@pytest.fixture
def emplacement(tmp_path: Path) -> Path:
    (tmp_path / "0001_depart.py").write_text(UNE)
    return tmp_path


@pytest.fixture
async def conn(postgres_vide: str):  # type: ignore[no-untyped-def]
    conn = await asyncpg.connect(postgres_vide)
    yield conn
    await conn.close()


async def lignes(conn: asyncpg.Connection, schema: str) -> list[int]:
    return [n for (n,) in await conn.fetch(f"SELECT n FROM {schema}.compte ORDER BY 1")]


async def test_each_version_runs_once_in_order_in_the_schema_of_its_service(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    await migrer(postgres_vide, "un", emplacement)
    await migrer(postgres_vide, "un", emplacement)
    assert await lignes(conn, "un") == [1]
    (emplacement / "0002_suite.py").write_text(DEUX)
    await migrer(postgres_vide, "un", emplacement)
    await migrer(postgres_vide, "deux", emplacement)
    assert await lignes(conn, "un") == await lignes(conn, "deux") == [1, 2]
    assert await conn.fetchval("SELECT version_num FROM un.version_du_schema") == "0002_suite"


async def test_several_migrators_at_once_run_each_version_once(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    (emplacement / "0002_suite.py").write_text(DEUX)
    await asyncio.gather(*(migrer(postgres_vide, "un", emplacement) for _ in range(4)))
    assert await lignes(conn, "un") == [1, 2]


async def _index_valide(conn: asyncpg.Connection) -> bool | None:
    return await conn.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('un.par_n')")


async def autre_migrateur(url: str, emplacement: Path) -> asyncio.subprocess.Process:
    """A process of its own that brings the schema ``un`` up to date."""
    fait = "import asyncio, pathlib, sys; from shared.database.migrations import migrer; asyncio.run("
    fait += "migrer(sys.argv[1], 'un', pathlib.Path(sys.argv[2])))"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", fait, url, str(emplacement))


async def test_an_index_the_server_goes_on_with_after_its_process_was_killed_is_waited_for(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    await migrer(postgres_vide, "un", emplacement)
    (emplacement / "0002_index.py").write_text(INDEX)

    regard = await asyncpg.connect(postgres_vide)  # a transaction does not see again what it has not found once

    async def index() -> int | None:
        return await regard.fetchval("SELECT to_regclass('un.par_n')::oid")

    async def commence() -> bool:
        return await index() is not None

    async with conn.transaction(isolation="repeatable_read"):
        await conn.fetchval("SELECT count(*) FROM un.compte")
        tue = await autre_migrateur(postgres_vide, emplacement)
        await attendre(commence)
        le_sien = await index()
        tue.kill()
        await tue.wait()
        suivant = await autre_migrateur(postgres_vide, emplacement)
        await asyncio.sleep(2.5)
        assert suivant.returncode is None
    assert await asyncio.wait_for(suivant.wait(), 20) == 0
    assert await _index_valide(conn) is True
    assert await index() == le_sien
    await regard.close()


async def test_an_index_left_unfinished_by_a_process_that_died_is_made_again(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    await migrer(postgres_vide, "un", emplacement)
    await conn.execute("INSERT INTO un.compte VALUES (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await conn.execute("CREATE UNIQUE INDEX CONCURRENTLY par_n ON un.compte (n)")
    assert await _index_valide(conn) is False
    (emplacement / "0002_index.py").write_text(INDEX)
    await migrer(postgres_vide, "un", emplacement)
    assert await _index_valide(conn) is True


async def test_an_index_made_beside_an_older_transaction_waits_for_it_and_another_migrator_does_not_hold_it_up(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    await migrer(postgres_vide, "un", emplacement)
    (emplacement / "0002_index.py").write_text(INDEX)
    async with conn.transaction(isolation="repeatable_read"):
        await conn.fetchval("SELECT count(*) FROM un.compte")
        essais = [await autre_migrateur(postgres_vide, emplacement) for _ in range(2)]
        await asyncio.sleep(2.5)
        assert [essai.returncode for essai in essais] == [None, None]
    assert await asyncio.wait_for(asyncio.gather(*(essai.wait() for essai in essais)), 20) == [0, 0]
    assert await _index_valide(conn) is True


async def test_a_version_that_fails_leaves_nothing_and_the_ones_before_stay(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    (emplacement / "0002_suite.py").write_text(DEUX)
    (emplacement / "0003_mauvaise.py").write_text(MAUVAISE)
    with pytest.raises(Exception, match="division by zero"):
        await migrer(postgres_vide, "un", emplacement)
    assert await lignes(conn, "un") == [1, 2]
    assert await conn.fetchval("SELECT version_num FROM un.version_du_schema") == "0002_suite"


async def test_a_migration_gives_way_to_a_lock_and_succeeds_once_it_is_free(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.montee.LOCK_TIMEOUT", "100ms")
    await migrer(postgres_vide, "un", emplacement)
    (emplacement / "0002_suite.py").write_text(DEUX)
    async with conn.transaction():
        await conn.execute("LOCK TABLE un.compte IN ACCESS EXCLUSIVE MODE")
        migration = asyncio.create_task(migrer(postgres_vide, "un", emplacement))
        await asyncio.sleep(0.4)  # longer than the lock timeout
        assert not migration.done()
    await migration
    assert await lignes(conn, "un") == [1, 2]


async def test_the_log_migrates_like_a_service(postgres_vide: str, conn: asyncpg.Connection) -> None:
    await migrer(postgres_vide, "journal", MIGRATIONS)
    await migrer(postgres_vide, "journal", MIGRATIONS)
    assert await conn.fetchval("SELECT count(*) FROM journal.topic") == 0


async def test_two_schemas_migrated_at_once_in_one_process_both_arrive(
    postgres_vide: str, emplacement: Path, conn: asyncpg.Connection
) -> None:
    """An API and a consumer that share a process open their service, and the log, at the same time."""
    await asyncio.gather(*(migrer(postgres_vide, f"service_{rang}", emplacement) for rang in range(4)))
    for rang in range(4):
        assert await conn.fetchval(f"SELECT count(*) FROM service_{rang}.version_du_schema") == 1


async def test_a_program_of_the_version_before_starts_on_a_schema_that_is_newer_than_itself(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    (emplacement / "0002_suite.py").write_text(DEUX)
    await migrer(postgres_vide, "un", emplacement)
    (emplacement / "0002_suite.py").unlink()
    await migrer(postgres_vide, "un", emplacement)
    assert await conn.fetchval("SELECT version_num FROM un.version_du_schema") == "0002_suite"


async def test_a_schema_of_a_version_that_nobody_made_is_refused(
    postgres_vide: str, conn: asyncpg.Connection, emplacement: Path
) -> None:
    await migrer(postgres_vide, "un", emplacement)
    await conn.execute("UPDATE un.version_du_schema SET version_num = '0001_autre'")
    with pytest.raises(Exception, match="0001_autre"):
        await migrer(postgres_vide, "un", emplacement)
