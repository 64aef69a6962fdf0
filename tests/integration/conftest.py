"""Servers of the session, databases of a test. Fixtures: ``postgres_url``, ``postgres_vide``, ``postgres_jetable``,
``kafka_bootstrap``, ``kafka_local``."""

import asyncio
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from shared.database.migrations import migrer
from shared.database.serveur import ErreurServeur, ServeurPostgres
from tests.support.serveurs import manque, postgres_embarque, postgres_systeme
from vigie import kafka
from vigie.schemas import EMPLACEMENTS

_CHOIX = {"embarque": postgres_embarque, "systeme": postgres_systeme}


@pytest.fixture(scope="session")
def dossier_serveurs() -> Iterator[Path]:
    """Data of the session's servers: outside pytest's own folders, which other accounts may not enter."""
    dossier = Path(tempfile.mkdtemp(prefix="vigie-essais-"))
    yield dossier
    shutil.rmtree(dossier, ignore_errors=True)


@pytest.fixture(scope="session")
def serveur_postgres(dossier_serveurs: Path) -> Iterator[ServeurPostgres]:
    """The session's PostgreSQL: embedded, or the machine's with VIGIE_TEST_POSTGRES=systeme."""
    serveur = _CHOIX[os.environ.get("VIGIE_TEST_POSTGRES", "embarque")](dossier_serveurs / "pg")
    yield from _servir(serveur)


@pytest.fixture(scope="session")
def serveur_postgres_systeme(dossier_serveurs: Path) -> Iterator[ServeurPostgres]:
    """The machine's own PostgreSQL, another version than the embedded one."""
    yield from _servir(postgres_systeme(dossier_serveurs / "pg-systeme"))


def _servir(serveur: ServeurPostgres) -> Iterator[ServeurPostgres]:
    try:
        serveur.demarrer()
    except ErreurServeur as exc:
        manque(f"PostgreSQL ne démarre pas : {exc}")
    yield serveur
    serveur.arreter()


@pytest.fixture(scope="session")
def modele(serveur_postgres: ServeurPostgres) -> str:
    """Name of a database whose schemas are up to date and empty: copied, it costs a tenth of the migrations."""

    async def monter() -> str:
        admin = await asyncpg.connect(serveur_postgres.url())
        await admin.execute("CREATE DATABASE modele")
        await admin.close()
        for schema, emplacement in EMPLACEMENTS.items():
            await migrer(serveur_postgres.url("modele"), schema, emplacement)
        return "modele"

    with ThreadPoolExecutor(1) as fil:  # a loop of its own, away from those of the tests
        return fil.submit(asyncio.run, monter()).result()


@pytest.fixture
async def postgres_url(serveur_postgres: ServeurPostgres, modele: str) -> AsyncIterator[str]:
    """Address of a database of this test's own, its schemas up to date."""
    async for url in base_fraiche(serveur_postgres, modele):
        yield url


@pytest.fixture
async def postgres_vide(serveur_postgres: ServeurPostgres) -> AsyncIterator[str]:
    """Address of an empty database of this test's own."""
    async for url in base_fraiche(serveur_postgres):
        yield url


async def base_fraiche(serveur: ServeurPostgres, modele: str = "template1") -> AsyncIterator[str]:
    nom = f"essai_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(serveur.url())
    try:
        await admin.execute(f'CREATE DATABASE "{nom}" TEMPLATE "{modele}"')
        yield serveur.url(nom)
        await admin.execute(f'DROP DATABASE "{nom}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
def postgres_jetable() -> Iterator[ServeurPostgres]:
    """A server of this test's own, to be killed and started again at will; started."""
    dossier = Path(tempfile.mkdtemp(prefix="vigie-jetable-"))
    serveur = postgres_embarque(dossier / "pg")
    serveur.demarrer()
    yield serveur
    serveur.arreter()
    shutil.rmtree(dossier, ignore_errors=True)


class KafkaLocal:
    """The session's broker, which a test may stop, kill and start again on the same address."""

    def __init__(self, dossier: Path, port: int) -> None:
        self.dossier = dossier
        self.port = port
        self.bootstrap = f"127.0.0.1:{port}"

    def demarrer(self) -> None:
        kafka.demarrer(self.dossier, self.port)

    def arreter(self) -> None:
        kafka.arreter(self.dossier)

    def tuer(self) -> None:
        kafka.tuer(self.dossier)


@pytest.fixture(scope="session")
def _kafka_session(dossier_serveurs: Path) -> Iterator[KafkaLocal]:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    local = KafkaLocal(dossier_serveurs / "kafka", port)
    try:
        local.demarrer()
    except kafka.ErreurKafka as exc:
        manque(f"Apache Kafka ne peut pas être démarré : {exc}")
    yield local
    local.arreter()


@pytest.fixture
def kafka_local(_kafka_session: KafkaLocal) -> KafkaLocal:
    """The session's broker, running."""
    if kafka.statut(_kafka_session.dossier).pid is None:
        _kafka_session.demarrer()
    return _kafka_session


@pytest.fixture
def kafka_bootstrap(kafka_local: KafkaLocal) -> str:
    """Address of the session's broker."""
    return kafka_local.bootstrap
