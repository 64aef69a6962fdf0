"""Whatever dies, whatever is sent, whole real processes end with exact totals, on both engines of the log.

The source is a seeded set whose totals are computed apart (tests/support/jeu_seme.py); ``vigie verify`` and
``verify --journal`` must agree each time.
"""

import asyncio
import random
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.database import embarque
from shared.database.serveur import ServeurPostgres
from tests.integration.conftest import KafkaLocal
from tests.support.attente import attendre
from tests.support.jeu_seme import semer
from tests.support.pannes import Banc, alimenter, ouvrir_banc
from tests.support.serveurs import manque, postgres_embarque
from vigie import kafka

pytestmark = [pytest.mark.e2e]

MOTEURS = [pytest.param("postgres"), pytest.param("kafka", marks=pytest.mark.kafka)]
PARTITIONS = 4


@pytest.fixture(scope="module")
def dossier() -> Iterator[Path]:
    chemin = Path(tempfile.mkdtemp(prefix="vigie-pannes-"))
    yield chemin
    shutil.rmtree(chemin, ignore_errors=True)


@pytest.fixture(scope="module")
def _serveur(dossier: Path) -> Iterator[ServeurPostgres]:
    serveur = postgres_embarque(dossier / "pg")
    serveur.demarrer()
    yield serveur
    serveur.arreter()


@pytest.fixture
def serveur(_serveur: ServeurPostgres) -> ServeurPostgres:
    """The module's PostgreSQL, running, which a test may kill and start again."""
    _serveur.demarrer()
    return _serveur


@pytest.fixture(scope="module")
def _broker(dossier: Path) -> Iterator[KafkaLocal]:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    local = KafkaLocal(dossier / "kafka", port)
    try:
        local.demarrer()
    except kafka.ErreurKafka as exc:
        manque(f"Apache Kafka ne peut pas être démarré : {exc}")
    yield local
    local.arreter()


@pytest.fixture
def broker(_broker: KafkaLocal) -> KafkaLocal:
    """The module's Apache Kafka, running, which a test may stop, kill and start again."""
    _broker.demarrer()
    return _broker


@pytest.fixture(params=MOTEURS)
def bootstrap(request: pytest.FixtureRequest) -> str | None:
    """Each engine in turn: the address of the broker, None for the tables of PostgreSQL."""
    return request.getfixturevalue("broker").bootstrap if request.param == "kafka" else None


@pytest.fixture
async def banc(serveur: ServeurPostgres, bootstrap: str | None, tmp_path: Path) -> AsyncIterator[Banc]:
    """The claims service on an empty database."""
    await asyncio.to_thread(embarque.creer_base, serveur, "pannes")
    async with ouvrir_banc(serveur.url("pannes"), bootstrap, tmp_path) as ouvert:
        yield ouvert
    await asyncio.to_thread(embarque.effacer_base, serveur, "pannes")


async def test_un_consommateur_tue_en_plein_lot_encore_et_encore_ne_perd_ni_ne_double_rien(banc: Banc) -> None:
    hasard, jeu = random.Random(1), semer(1, 12_000)
    consommateur = banc.lancer()
    async with alimenter(banc, jeu, 8) as source:
        for _ in range(6):
            await banc.avance(hasard.randrange(200, 2_000))
            await banc.en_plein_lot()
            consommateur.tuer()
            consommateur = banc.lancer()
            source.lacher()
    await banc.tout_est_compte()
    await banc.verifier(jeu.attendu)


async def test_deux_consommateurs_qui_se_partagent_et_se_reprennent_tout_ne_perdent_ni_ne_doublent_rien(
    banc: Banc,
) -> None:
    jeu = semer(2, 10_000)
    premier = banc.lancer()
    async with alimenter(banc, jeu, 5) as source:
        await premier.tient(PARTITIONS)
        for brutal in (False, True, False, True):
            second = banc.lancer()
            await second.tient(PARTITIONS // 2)
            await premier.tient(PARTITIONS // 2)
            source.lacher()
            await banc.avance(300)
            if brutal:
                await banc.en_plein_lot()
                premier.tuer()
                premier = second
            else:
                second.demander_la_fin()
                assert await second.finir() == 0, second.sortie()
            await premier.tient(PARTITIONS)
    await banc.tout_est_compte()
    await banc.verifier(jeu.attendu)


async def test_la_base_tuee_sous_charge_et_en_plein_reequilibrage_ne_perd_ni_ne_double_rien(
    banc: Banc, serveur: ServeurPostgres
) -> None:
    jeu = semer(3, 12_000)
    premier, second = banc.lancer(), banc.lancer()

    async def tuer_et_relever() -> None:
        await asyncio.to_thread(serveur.tuer)
        await attendre(lambda: premier.mesure("vigie_journal_pret"), 20)
        await asyncio.to_thread(serveur.demarrer)

    async with alimenter(banc, jeu, 6) as source:
        await premier.tient(PARTITIONS // 2)
        for _ in range(2):
            source.lacher()
            await banc.avance(500)
            await banc.en_plein_lot()
            await asyncio.to_thread(serveur.tuer)
            await asyncio.to_thread(serveur.demarrer)
    await banc.tout_est_compte()
    assert [premier.code, second.code] == [None, None]
    await banc.verifier(jeu.attendu)
