"""What is particular to the log kept in PostgreSQL: late commits, segments, two appends at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.database.connexion import acquerir
from shared.log.types import partition_de
from tests.integration.log.conftest import Banc
from tests.integration.log.test_consommateur import compte_atteint, verifier_exactement_une_fois
from tests.support.attente import attendre
from tests.support.compteur import contenu, total

pytestmark = pytest.mark.parametrize("moteur", ["postgres", "postgres-systeme"], indirect=True)


async def test_an_append_numbered_first_that_commits_last_is_never_skipped(banc: Banc) -> None:
    """Numbers follow commits: the second append waits for the first, and a reader sees neither before."""
    partition = partition_de(b"k", 4)
    ailleurs = next(c for c in (b"a", b"b", b"c", b"d", b"e") if partition_de(c, 4) != partition)
    async with banc.consommer() as consommateur, acquerir(banc.pool) as lente:
        await attendre(lambda: consommateur.pret)
        transaction = lente.transaction()
        await transaction.start()
        await banc.journal.ajouter_dans(lente, banc.topic, [(b"k", b"premier")])
        second = asyncio.create_task(banc.journal.ajouter(banc.topic, [(b"k", b"second")]))
        await banc.journal.ajouter(banc.topic, [(ailleurs, b"ailleurs")])
        await compte_atteint(banc, 1)
        assert not second.done()
        assert (await banc.journal.bornes(banc.topic))[partition] == (0, 0)
        await transaction.commit()
        await second
        await compte_atteint(banc, 3)
    records = await banc.journal.lire(banc.topic, partition, 0, 10)
    assert [(r.offset, r.value) for r in records] == [(0, b"premier"), (1, b"second")]
    await verifier_exactement_une_fois(banc)


async def test_an_append_rolled_back_leaves_no_hole(banc: Banc) -> None:
    async with acquerir(banc.pool) as conn:
        transaction = conn.transaction()
        await transaction.start()
        await banc.journal.ajouter_dans(conn, banc.topic, [(b"k", b"jamais")] * 5)
        await transaction.rollback()
    await banc.journal.ajouter(banc.topic, [(b"k", b"oui")])
    (record,) = await banc.journal.lire(banc.topic, partition_de(b"k", 4), 0, 10)
    assert (record.offset, record.value) == (0, b"oui")


async def test_many_appends_at_once_over_several_partitions_never_deadlock(banc: Banc) -> None:
    async def serie(n: int) -> None:
        for i in range(20):
            cles = [b"%d" % (n * 7 + i * 3 + j) for j in range(12)]
            await banc.journal.ajouter(banc.topic, [(cle, b"v") for cle in cles])

    await asyncio.gather(*(serie(n) for n in range(6)))
    assert (await contenu(banc.journal, banc.topic))["v"] == 6 * 20 * 12


async def test_reading_crosses_segments_and_pruning_drops_only_the_old_ones(banc: Banc) -> None:
    """A segment a day: here three, made by hand."""
    for jour in range(3):
        if jour:
            await banc.pool.execute("SELECT journal.tourner($1, true)", banc.topic)
        await banc.journal.ajouter(banc.topic, [(b"k%d" % i, b"%d-%d" % (jour, i)) for i in range(100)])
    partition = partition_de(b"k1", 4)
    fin = (await banc.journal.bornes(banc.topic))[partition].fin
    lus: list[bytes] = []
    while len(lus) < fin:
        lus += [r.value for r in await banc.journal.lire(banc.topic, partition, len(lus), 1000)]
    assert [v[:1] for v in lus] == sorted(v[:1] for v in lus)

    async with banc.consommer():
        await compte_atteint(banc, 300)
    await verifier_exactement_une_fois(banc)

    feuilles = await banc.pool.fetch("SELECT id FROM journal.segment WHERE topic = $1 ORDER BY id", banc.topic)
    ancien = datetime.now(UTC) - timedelta(days=40)
    await banc.pool.execute(
        f"UPDATE journal.enregistrement_{feuilles[0]['id']} SET horodatage_ms = $1",
        int(ancien.timestamp() * 1000),
    )
    await banc.journal.elaguer(banc.topic, datetime.now(UTC) - timedelta(days=30))
    assert {v[0] for v in await contenu(banc.journal, banc.topic)} == {"1", "2"}
    assert await banc.pool.fetchval(f"SELECT to_regclass('journal.enregistrement_{feuilles[0]['id']}')") is None


async def test_a_new_day_opens_a_new_segment_at_the_first_append(banc: Banc) -> None:
    await banc.ajouter(50)
    await banc.pool.execute("UPDATE journal.topic SET segment_jour = segment_jour - 1 WHERE nom = $1", banc.topic)
    await asyncio.gather(*(banc.ajouter(50, f"j{i}-") for i in range(4)))
    segments = await banc.pool.fetchval("SELECT count(*) FROM journal.segment WHERE topic = $1", banc.topic)
    assert segments == 2
    async with banc.consommer():
        await compte_atteint(banc, 250)
    await verifier_exactement_une_fois(banc)


async def test_pruning_while_appending_and_consuming_loses_nothing_recent(banc: Banc) -> None:
    async def elaguer() -> None:
        for _ in range(10):
            await banc.journal.elaguer(banc.topic, datetime.now(UTC) - timedelta(hours=1))
            await banc.pool.execute("SELECT journal.tourner($1, true)", banc.topic)

    async with banc.consommer():
        await asyncio.gather(elaguer(), *(banc.ajouter(100, f"s{i}-") for i in range(8)))
        await compte_atteint(banc, 800)
    assert await total(banc.pool) == 800
    await verifier_exactement_une_fois(banc)


async def test_a_read_stops_at_its_budget_of_bytes_but_never_before_one_record(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"x" * 1000)] * 20)
    lire_de = banc.journal.lire_de  # type: ignore[attr-defined]
    partition = partition_de(b"k", 4)
    assert len((await lire_de(banc.topic, partition, 0, 100, 5_000)).records) == 5
    assert len((await lire_de(banc.topic, partition, 0, 100, 1)).records) == 1
    assert (await lire_de(banc.topic, partition, 19, 100, 1)).fin == 20
