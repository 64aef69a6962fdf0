"""A database restored elsewhere, and a schema widened under traffic: the figures are those of a set computed apart."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
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


@dataclass
class Public:
    """Who sends events to an API and reads it, without a pause. ``reponses``: how many of each kind came."""

    reponses: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def envoyer(self, adresse: str, lignes: Sequence[bytes], jusqu_a: asyncio.Event) -> None:
        """All the lines, and as many rounds of the reads as it takes until ``jusqu_a``."""
        restent = [lignes[debut : debut + 40] for debut in range(0, len(lignes), 40)]
        async with httpx.AsyncClient(base_url=adresse, timeout=30) as client:
            while restent or not jusqu_a.is_set():
                if restent:
                    corps, entetes = b"\n".join(restent.pop()), {"content-type": "application/x-ndjson"}
                    reponse = await client.post("/v1/events", content=corps, headers=entetes)
                    self.reponses["POST", reponse.status_code if not reponse.json().get("refuses") else 0] += 1
                for chemin in LECTURES:
                    self.reponses["GET", (await client.get(chemin)).status_code] += 1


LECTURES = ("/v1/valeurs?indicateurs=delai_fse_moyen&du=2025-03-01&au=2025-03-31", "/v1/rejets")


@pytest.fixture(params=["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
def bootstrap(request: pytest.FixtureRequest) -> str | None:
    """Where Kafka is when the log is there, None when it is in PostgreSQL."""
    adresse: str | None = request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else None
    return adresse


async def test_a_schema_widened_under_traffic_stops_nobody_and_the_version_before_starts_on_it(
    bootstrap: str | None, postgres_vide: str, tmp_path: Path
) -> None:
    jeu, par_l_api = semer(32, 3_000), semer(33, 600, "api")
    nouvelles = shutil.copytree(DEFINITION.migrations, tmp_path / "migrations")
    tete = sorted(nouvelles.glob("[0-9]*.py"))[-1].name[:4]
    (nouvelles / "0900_elargir.py").write_text(ELARGIR.format(tete=tete))
    public, fini = Public(), asyncio.Event()
    async with ouvrir_banc(postgres_vide, bootstrap, tmp_path) as banc:
        premier, api = banc.lancer(), banc.lancer("api", presse=False)
        await api.pret()
        async with alimenter(banc, jeu, 4) as source, asyncio.TaskGroup() as groupe:
            await source.lacher()
            groupe.create_task(public.envoyer(api.url, par_l_api.lignes, fini))
            migration = asyncio.create_task(migrer(banc.url, "claims", nouvelles))
            await source.lacher()
            await migration
            await source.lacher()
            fini.set()
            assert (premier.code, api.code) == (None, None), banc.sorties()
            premier.tuer()
            second, relancee = banc.lancer(), banc.lancer("api", presse=False)
        api.tuer()
        await relancee.pret()
        await banc.tout_est_compte()
        assert second.code is None, second.ecrits()
        await banc.verifier(jeu.attendu + par_l_api.attendu)
    assert set(public.reponses) == {("POST", 202), ("GET", 200)}, public.reponses
    assert public.reponses["GET", 200] > len(LECTURES)
