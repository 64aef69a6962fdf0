"""A database restored elsewhere, and a schema widened under traffic: the figures are those of a set computed apart."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.reprise.sauvegarde import restaurer, sauvegarder
from services.claims.domain import DEFINITION
from shared.clock import SystemClock
from shared.database import embarque
from shared.database.migrations import migrer
from shared.database.serveur import ServeurPostgres
from shared.dossiers.assemblage import ouvrir
from tests.support.jeu_seme import semer
from tests.support.pannes import Banc, alimenter, ouvrir_banc

PARTITIONS = 4

ELARGIR = """
from alembic import op
revision = "0900"
down_revision = "{tete}"

def upgrade():
    op.execute("ALTER TABLE claims.dossiers ADD COLUMN canal text")
    op.execute("ALTER TABLE claims.clos ADD COLUMN rang integer NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE claims.dossiers ADD CONSTRAINT canal_dit CHECK (canal <> '') NOT VALID")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS dossiers_canal ON claims.dossiers (canal)")
    op.execute("ALTER TABLE claims.dossiers VALIDATE CONSTRAINT canal_dit")
"""
"""What a next version may do to the tables of every batch: see docs/reprise.md."""


@pytest.fixture
def ailleurs() -> Iterator[Path]:
    """Another machine: a folder that another server's account may enter."""
    dossier = Path(tempfile.mkdtemp(prefix="vigie-ailleurs-"))
    yield dossier
    embarque.arreter(dossier / "pg")
    shutil.rmtree(dossier, ignore_errors=True)


@asynccontextmanager
async def banc_restaure(serveur: ServeurPostgres, bootstrap: str, dossier: Path) -> AsyncIterator[Banc]:
    url = serveur.url(embarque.BASE)
    async with ouvrir(DEFINITION, url, bootstrap, SystemClock(), partitions=PARTITIONS) as service:
        banc = Banc(url, bootstrap, dossier, service)
        try:
            yield banc
        finally:
            for processus in banc.processus:
                processus.tuer()


@pytest.mark.kafka
async def test_a_database_saved_under_load_and_restored_elsewhere_reads_the_rest_from_the_log(
    postgres_jetable: ServeurPostgres, kafka_bootstrap: str, tmp_path: Path, ailleurs: Path
) -> None:
    await asyncio.to_thread(embarque.creer_base, postgres_jetable, embarque.BASE)
    jeu = semer(31, 3_000)
    async with ouvrir_banc(postgres_jetable.url(embarque.BASE), kafka_bootstrap, tmp_path) as banc:
        banc.lancer()
        async with alimenter(banc, jeu, 4) as source:
            await source.lacher()
            sauvegarde = asyncio.create_task(
                asyncio.to_thread(sauvegarder, postgres_jetable, "pg_basebackup", ailleurs / "copie")
            )
            await source.lacher()
            await sauvegarde
        await banc.tout_est_compte()
        await banc.verifier(jeu.attendu, journal=False)
        ici = await banc.positions()

    serveur = await asyncio.to_thread(restaurer, ailleurs / "copie", "pg_basebackup", ailleurs / "pg")
    async with banc_restaure(serveur, kafka_bootstrap, tmp_path) as restaure:
        la_bas = await restaure.positions()
        assert all(la_bas[partition] <= ici[partition] for partition in la_bas)
        assert la_bas != ici
        restaure.lancer()
        await restaure.tout_est_compte()
        await restaure.verifier(jeu.attendu)


async def test_a_schema_widened_under_traffic_stops_nobody_and_the_version_before_starts_on_it(
    postgres_vide: str, tmp_path: Path
) -> None:
    jeu = semer(32, 3_000)
    nouvelles = shutil.copytree(DEFINITION.migrations, tmp_path / "migrations")
    tete = sorted(nouvelles.glob("[0-9]*.py"))[-1].name[:4]
    (nouvelles / "0900_elargir.py").write_text(ELARGIR.format(tete=tete))
    async with ouvrir_banc(postgres_vide, None, tmp_path) as banc:
        premier = banc.lancer()
        async with alimenter(banc, jeu, 4) as source:
            await source.lacher()
            migration = asyncio.create_task(migrer(banc.url, "claims", nouvelles))
            await source.lacher()
            await migration
            await source.lacher()
            assert premier.code is None, premier.ecrits()
            premier.tuer()
            second = banc.lancer()
        await banc.tout_est_compte()
        assert second.code is None, second.ecrits()
        await banc.verifier(jeu.attendu)
