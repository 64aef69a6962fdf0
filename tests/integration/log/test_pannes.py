"""Whatever dies (consumer, broker, database), the effects of what the log holds are there once, in order."""

import asyncio
import itertools
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.database.serveur import ServeurPostgres
from shared.log.types import JournalIndisponible
from tests.integration.conftest import KafkaLocal
from tests.integration.log.conftest import Banc, ouvrir_banc
from tests.support.attente import attendre
from tests.support.compteur import compter, contenu, total, verifier_ordre

DEUX_MOTEURS = [pytest.param("postgres"), pytest.param("kafka", marks=pytest.mark.kafka)]


@pytest.fixture(params=DEUX_MOTEURS)
def bootstrap(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else None


class Producteur:
    """Appends small batches until told to stop; appends again what the log could not confirm."""

    def __init__(self, banc: Banc, pause: float = 0.005) -> None:
        self._banc = banc
        self._pause = pause
        self._fin = asyncio.Event()
        self.confirmes = 0
        self.echecs = 0
        self._tache = asyncio.create_task(self._produire())

    async def _produire(self) -> None:
        for tour in itertools.count():
            if self._fin.is_set():
                return
            items = [(b"k%d" % random.randrange(50), b"%d-%d" % (tour, i)) for i in range(50)]
            while True:
                try:
                    await self._banc.journal.ajouter(self._banc.topic, items)
                    break
                except JournalIndisponible:
                    self.echecs += 1
                    await asyncio.sleep(0.1)
            self.confirmes += len(items)
            await asyncio.sleep(self._pause)

    async def arreter(self) -> None:
        self._fin.set()
        await asyncio.wait_for(self._tache, 60)


@asynccontextmanager
async def produire(banc: Banc) -> AsyncIterator[Producteur]:
    producteur = Producteur(banc)
    try:
        yield producteur
    finally:
        await producteur.arreter()


async def consomme(banc: Banc, n: int, delai: float = 40) -> None:
    """Wait until ``n`` more records have been counted, whatever happens to the database meanwhile."""
    depart: int | None = None

    async def avance() -> bool:
        nonlocal depart
        try:
            compte = await total(banc.pool)
        except Exception:
            return False
        depart = compte if depart is None else depart
        return compte >= depart + n

    await attendre(avance, delai, f"{n} enregistrements de plus")


async def verifier(banc: Banc, confirmes: int) -> None:
    """All that the log holds (and it holds all that was confirmed) has been counted, once, in order."""
    dans_le_journal = await contenu(banc.journal, banc.topic)
    assert sum(dans_le_journal.values()) >= confirmes

    async def compte() -> bool:
        return await total(banc.pool) >= sum(dans_le_journal.values())

    await attendre(compte, 40, "tout est compté")
    assert await compter(banc.pool) == dans_le_journal
    await verifier_ordre(banc.pool)


async def test_consumers_killed_again_and_again_under_load_lose_and_double_nothing(
    postgres_vide: str, bootstrap: str | None
) -> None:
    async with ouvrir_banc("", postgres_vide, bootstrap) as banc:

        async def lancer() -> asyncio.subprocess.Process:
            membre = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.support.consommateur_compteur",
                postgres_vide, bootstrap or "-", banc.topic, banc.groupe, "40",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert membre.stdout is not None
            assert await asyncio.wait_for(membre.stdout.readline(), 30)
            return membre

        membres = [await lancer(), await lancer()]
        try:
            async with produire(banc) as producteur:
                for victime in (0, 1, 0, 1):
                    await consomme(banc, 400)
                    membres[victime].kill()
                    await membres[victime].wait()
                    membres[victime] = await lancer()
            await verifier(banc, producteur.confirmes)
        finally:
            for membre in membres:
                membre.terminate()
            codes = [(await asyncio.wait_for(membre.communicate(), 20), membre.returncode)[1] for membre in membres]
        assert codes == [0, 0], "un consommateur s'est arrêté sur une erreur"


@pytest.mark.parametrize("brutal", [False, True], ids=["arrete", "tue"])
async def test_the_database_gone_and_back_under_load_loses_and_doubles_nothing(
    postgres_jetable: ServeurPostgres, bootstrap: str | None, brutal: bool
) -> None:
    async with ouvrir_banc("", postgres_jetable.url(), bootstrap) as banc, banc.consommer() as consommateur:
        async with produire(banc) as producteur:
            for _ in range(2):
                await consomme(banc, 500)
                await asyncio.to_thread(postgres_jetable.tuer if brutal else postgres_jetable.arreter)
                await attendre(lambda: not consommateur.pret, 20, "le consommateur se dit en attente")
                await asyncio.to_thread(postgres_jetable.demarrer)
            await consomme(banc, 500)
            await attendre(lambda: consommateur.pret, 20, "le consommateur se dit prêt")
        await verifier(banc, producteur.confirmes)


async def test_the_database_killed_in_the_middle_of_a_rebalance_loses_and_doubles_nothing(
    postgres_jetable: ServeurPostgres, bootstrap: str | None
) -> None:
    async with (
        ouvrir_banc("", postgres_jetable.url(), bootstrap) as banc,
        banc.consommer(),
        produire(banc) as producteur,
    ):
        await consomme(banc, 300)
        for delai in (0.0, 0.05):
            async with banc.consommer():
                await asyncio.sleep(delai)  # somewhere inside the arrival of the second member
                await asyncio.to_thread(postgres_jetable.tuer)
                await asyncio.to_thread(postgres_jetable.demarrer)
                await consomme(banc, 300)
            await consomme(banc, 300)
        await producteur.arreter()
        await verifier(banc, producteur.confirmes)


@pytest.mark.kafka
@pytest.mark.parametrize("brutal", [False, True], ids=["arrete", "tue"])
async def test_the_broker_gone_and_back_under_load_loses_and_doubles_nothing(
    postgres_vide: str, kafka_local: KafkaLocal, brutal: bool
) -> None:
    async with (
        ouvrir_banc("kafka", postgres_vide, kafka_local.bootstrap) as banc,
        banc.consommer(),
        banc.consommer(),
        produire(banc) as producteur,
    ):
        await consomme(banc, 500)
        await asyncio.to_thread(kafka_local.tuer if brutal else kafka_local.arreter)
        await asyncio.sleep(1)  # the time that the broker stays away
        await asyncio.to_thread(kafka_local.demarrer)
        await consomme(banc, 500, 60)
        await producteur.arreter()
        await verifier(banc, producteur.confirmes)


@pytest.mark.kafka
async def test_an_append_that_the_broker_does_not_confirm_is_reported_and_a_later_one_succeeds(
    postgres_vide: str, kafka_local: KafkaLocal
) -> None:
    async with ouvrir_banc("kafka", postgres_vide, kafka_local.bootstrap) as banc:
        await banc.ajouter(10, "avant")
        banc.journal._delai_ajout = 1.0  # type: ignore[attr-defined]
        await asyncio.to_thread(kafka_local.tuer)
        try:
            with pytest.raises(JournalIndisponible):
                await banc.ajouter(10, "pendant")
        finally:
            await asyncio.to_thread(kafka_local.demarrer)
        banc.journal._delai_ajout = 30.0  # type: ignore[attr-defined]
        await banc.ajouter(10, "apres")
        gardes = await contenu(banc.journal, banc.topic)
        assert all(gardes[f"{p}{i}"] == 1 for p in ("avant", "apres") for i in range(10))
        assert all(gardes[f"pendant{i}"] <= 1 for i in range(10))
