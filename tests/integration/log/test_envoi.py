"""The outbox: what is committed is announced, in order; what is rolled back is not. The same for both engines."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.database.connexion import acquerir
from shared.log.envoi import Relais, publier, publier_tous
from shared.log.types import JournalIndisponible, partition_de
from tests.integration.log.conftest import Banc
from tests.support.attente import attendre
from tests.support.compteur import SCHEMA, contenu


@asynccontextmanager
async def relayer(banc: Banc, journal: object | None = None) -> AsyncIterator[asyncio.Task[None]]:
    relais = Relais(banc.pool, SCHEMA, journal or banc.journal, intervalle=0.02)  # type: ignore[arg-type]
    tache = asyncio.create_task(relais.executer())
    try:
        yield tache
    finally:
        tache.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tache


async def valeurs(banc: Banc, key: bytes = b"k") -> list[str]:
    records = await banc.journal.lire(banc.topic, partition_de(key, 4), 0, 10_000)
    return [r.value.decode() for r in records]


async def en_attente(banc: Banc) -> int:
    return int(await banc.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.boite_envoi"))


async def vide(banc: Banc) -> bool:
    return await en_attente(banc) == 0


async def test_what_is_committed_is_relayed_in_order_and_the_outbox_is_emptied(banc: Banc) -> None:
    async with relayer(banc):
        for tour in range(5):
            async with acquerir(banc.pool) as conn, conn.transaction():
                await publier(conn, SCHEMA, banc.topic, b"k", b"%d-seul" % tour)
                await publier_tous(conn, SCHEMA, banc.topic, [(b"k", b"%d-%d" % (tour, i)) for i in range(300)])
        await attendre(lambda: vide(banc))
    attendues = [f"{t}-{i}" for t in range(5) for i in ("seul", *range(300))]
    assert await valeurs(banc) == attendues


async def test_what_is_rolled_back_is_never_announced(banc: Banc) -> None:
    async with relayer(banc):
        with contextlib.suppress(ZeroDivisionError):
            async with acquerir(banc.pool) as conn, conn.transaction():
                await publier(conn, SCHEMA, banc.topic, b"k", b"jamais")
                raise ZeroDivisionError
        async with acquerir(banc.pool) as conn, conn.transaction():
            await publier(conn, SCHEMA, banc.topic, b"k", b"oui")
        await attendre(lambda: vide(banc))
    assert await valeurs(banc) == ["oui"]


async def test_a_transaction_that_commits_late_is_still_announced(banc: Banc) -> None:
    async with relayer(banc), acquerir(banc.pool) as lente:
        transaction = lente.transaction()
        await transaction.start()
        await publier(lente, SCHEMA, banc.topic, b"k", b"lente")
        async with acquerir(banc.pool) as conn, conn.transaction():
            await publier(conn, SCHEMA, banc.topic, b"k", b"rapide")
        await attendre(lambda: vide(banc))
        assert await valeurs(banc) == ["rapide"]
        await transaction.commit()
        await attendre(lambda: vide(banc))
    assert await valeurs(banc) == ["rapide", "lente"]


async def test_one_relay_works_at_a_time_and_another_takes_over(banc: Banc) -> None:
    async with relayer(banc) as premier:
        async with acquerir(banc.pool) as conn, conn.transaction():
            await publier(conn, SCHEMA, banc.topic, b"k", b"a")
        await attendre(lambda: vide(banc))
        async with relayer(banc):
            verrous = await banc.pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            assert verrous == 1
            premier.cancel()
            async with acquerir(banc.pool) as conn, conn.transaction():
                await publier(conn, SCHEMA, banc.topic, b"k", b"b")
            await attendre(lambda: vide(banc))
    assert await valeurs(banc) == ["a", "b"]


async def test_while_the_log_is_unavailable_the_outbox_keeps_everything(banc: Banc) -> None:
    pannes = 3

    class EnPanne:
        async def ajouter_dans(self, conn, topic, items):  # type: ignore[no-untyped-def]
            nonlocal pannes
            if pannes > 0:
                pannes -= 1
                raise JournalIndisponible("en panne")
            await banc.journal.ajouter_dans(conn, topic, items)

    async with acquerir(banc.pool) as conn, conn.transaction():
        await publier_tous(conn, SCHEMA, banc.topic, [(b"k%d" % i, b"%d" % i) for i in range(100)])
    async with relayer(banc, EnPanne()):
        await attendre(lambda: vide(banc))
    assert await contenu(banc.journal, banc.topic) == {str(i): 1 for i in range(100)}


@pytest.mark.parametrize("moteur", ["postgres", "postgres-systeme"], indirect=True)
async def test_on_postgresql_a_pass_that_fails_after_the_append_announces_nothing_twice(banc: Banc) -> None:
    class Interrompu(Exception):
        pass

    class CoupeApres:
        async def ajouter_dans(self, conn, topic, items):  # type: ignore[no-untyped-def]
            await banc.journal.ajouter_dans(conn, topic, items)
            raise Interrompu

    async with acquerir(banc.pool) as conn, conn.transaction():
        await publier(conn, SCHEMA, banc.topic, b"k", b"une fois")
    async with acquerir(banc.pool) as conn:
        with pytest.raises(Interrompu):
            await Relais(banc.pool, SCHEMA, CoupeApres()).relayer(conn)  # type: ignore[arg-type]
        assert await valeurs(banc) == []
        assert await Relais(banc.pool, SCHEMA, banc.journal).relayer(conn) == 1
    assert await valeurs(banc) == ["une fois"]
