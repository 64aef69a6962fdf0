"""A PostgreSQL of our own: started, found again, killed, recovered; on the embedded version and the machine's."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from shared.database import embarque
from shared.database.connexion import creer_moteur
from shared.database.serveur import ErreurServeur, ServeurPostgres
from tests.support.serveurs import postgres_embarque, postgres_systeme


@pytest.fixture
def dossier() -> Iterator[Path]:
    dossier = Path(tempfile.mkdtemp(prefix="vigie-serveur-"))
    yield dossier
    shutil.rmtree(dossier, ignore_errors=True)


@pytest.fixture(params=[postgres_embarque, postgres_systeme], ids=["embarque", "systeme"])
def serveur(request: pytest.FixtureRequest, dossier: Path) -> Iterator[ServeurPostgres]:
    serveur = request.param(dossier / "pg")
    yield serveur
    serveur.arreter()


async def lire(url: str, requete: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(requete)
    finally:
        await conn.close()


async def test_what_was_committed_is_there_after_a_kill_and_a_second_start_finds_the_first(
    serveur: ServeurPostgres,
) -> None:
    serveur.demarrer()
    pid = serveur.pid()
    assert pid is not None
    serveur.demarrer()
    assert serveur.pid() == pid
    await lire(serveur.url(), "CREATE TABLE t AS SELECT 42 AS n")
    serveur.tuer()
    assert serveur.pid() is None
    assert not serveur.repond()
    serveur.demarrer()
    assert await lire(serveur.url(), "SELECT n FROM t") == 42
    serveur.arreter()
    assert serveur.pid() is None
    serveur.demarrer()
    assert await lire(serveur.url(), "SELECT n FROM t") == 42


async def test_durability_is_never_traded_and_only_the_socket_is_open(serveur: ServeurPostgres) -> None:
    serveur.demarrer()
    for reglage, valeur in {"fsync": "on", "synchronous_commit": "on", "listen_addresses": "", "jit": "off"}.items():
        assert await lire(serveur.url(), f"SHOW {reglage}") == valeur
    droits = stat.S_IMODE((serveur.dossier_socket / ".s.PGSQL.5432").stat().st_mode)
    assert droits & 0o077 == 0
    moteur = creer_moteur(serveur.url())
    try:
        async with moteur.connect() as conn:
            assert (await conn.execute(text("SELECT 1"))).scalar() == 1
    finally:
        await moteur.dispose()


async def test_a_data_folder_too_deep_for_a_socket_gets_a_short_private_one(dossier: Path) -> None:
    serveur = postgres_embarque(dossier / ("x" * 60) / ("y" * 60) / "pg")
    serveur.demarrer()
    try:
        assert len(str(serveur.dossier_socket)) < 60
        assert await lire(serveur.url(), "SELECT 1") == 1
    finally:
        serveur.arreter()
        shutil.rmtree(serveur.dossier_socket, ignore_errors=True)


async def test_the_embedded_server_gives_a_database_of_its_own_and_an_unfinished_folder_is_made_again(
    dossier: Path,
) -> None:
    (dossier / "pg.ebauche").mkdir()
    (dossier / "pg.ebauche" / "reste").write_text("d'une création interrompue")
    url = embarque.demarrer(dossier / "pg")
    try:
        assert embarque.demarrer(dossier / "pg") == url
        assert await lire(url, "SELECT current_database()") == "vigie"
        assert not (dossier / "pg.ebauche").exists()
    finally:
        embarque.arreter(dossier / "pg")


def test_a_server_that_cannot_start_says_why(serveur: ServeurPostgres) -> None:
    serveur.demarrer()
    serveur.arreter()
    mauvais = ServeurPostgres(serveur.binaires, serveur.donnees, serveur.utilisateur, {"shared_buffers": "beaucoup"})
    with pytest.raises(ErreurServeur, match="beaucoup"):
        mauvais.demarrer()


@pytest.mark.skipif(os.geteuid() != 0, reason="ne concerne que root")
def test_as_root_the_server_runs_under_an_account_of_its_own(dossier: Path) -> None:
    serveur = postgres_embarque(dossier / "pg")
    serveur.demarrer()
    try:
        assert Path(f"/proc/{serveur.pid()}").owner() == embarque.COMPTE
    finally:
        serveur.arreter()
