"""The log itself: topics, order, durability, bounds, pruning. The same for both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.log.fabrique import ouvrir_journal
from shared.log.types import (
    TAILLE_MAX,
    EnregistrementTropGros,
    PositionHorsBornes,
    TopicAbsent,
    TopicIncompatible,
    partition_de,
)
from tests.integration.log.conftest import Banc
from tests.support.compteur import contenu


async def test_a_topic_may_be_assured_twice_but_never_with_another_partition_count(banc: Banc) -> None:
    await banc.journal.assurer_topic(banc.topic, 4)
    assert await banc.journal.partitions(banc.topic) == 4
    with pytest.raises(TopicIncompatible, match="existe avec 4 partitions, pas 6"):
        await banc.journal.assurer_topic(banc.topic, 6)


async def test_an_absent_topic_is_said_to_be_absent(banc: Banc) -> None:
    with pytest.raises(TopicAbsent, match="rien-de-tel"):
        await banc.journal.ajouter("rien-de-tel", [(b"k", b"v")])
    with pytest.raises(TopicAbsent):
        await banc.journal.bornes("rien-de-tel")
    with pytest.raises(TopicAbsent):
        await banc.journal.partitions("rien-de-tel")


async def test_records_keep_their_order_and_place_within_a_partition(banc: Banc) -> None:
    attendus: dict[int, list[tuple[bytes, bytes]]] = {p: [] for p in range(4)}
    for tour in range(5):
        items = [(b"cle-%d" % (i % 17), b"%d-%d" % (tour, i)) for i in range(0 if tour == 2 else 150)]
        await banc.journal.ajouter(banc.topic, items)
        for key, value in items:
            attendus[partition_de(key, 4)].append((key, value))
    bornes = await banc.journal.bornes(banc.topic)
    for partition, paires in attendus.items():
        records = await banc.journal.lire(banc.topic, partition, 0, 10_000)
        assert [(r.key, r.value) for r in records] == paires
        assert [r.offset for r in records] == list(range(len(paires)))
        assert bornes[partition] == (0, len(paires))


async def test_what_was_appended_is_seen_by_another_reader_at_once_with_the_time_of_the_log(banc: Banc) -> None:
    avant = datetime.now(UTC) - timedelta(seconds=1)
    await banc.journal.ajouter(banc.topic, [(b"k", b"v")])
    autre = await ouvrir_journal(banc.url, banc.bootstrap)
    try:
        (record,) = await autre.lire(banc.topic, partition_de(b"k", 4), 0, 10)
    finally:
        await autre.fermer()
    assert record.value == b"v"
    assert avant.timestamp() <= record.horodatage_ms / 1000 <= datetime.now(UTC).timestamp() + 1


async def test_reading_goes_on_from_any_offset_and_is_empty_at_the_end(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"%d" % i) for i in range(10)])
    partition = partition_de(b"k", 4)
    assert [r.value for r in await banc.journal.lire(banc.topic, partition, 4, 3)] == [b"4", b"5", b"6"]
    assert not await banc.journal.lire(banc.topic, partition, 10, 3)
    with pytest.raises(PositionHorsBornes, match="va de 0 à 10"):
        await banc.journal.lire(banc.topic, partition, 11, 3)


async def test_a_record_too_large_is_refused_and_nothing_of_the_call_is_kept(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"x" * (TAILLE_MAX - 1))])
    with pytest.raises(EnregistrementTropGros):
        await banc.journal.ajouter(banc.topic, [(b"k", b"petit"), (b"k", b"x" * TAILLE_MAX)])
    assert sum((await contenu(banc.journal, banc.topic)).values()) == 1


async def test_pruning_forgets_the_old_and_keeps_the_recent(banc: Banc) -> None:
    await banc.ajouter(100, "ancien")
    await banc.journal.elaguer(banc.topic, datetime.now(UTC) - timedelta(hours=1))
    assert sum((await contenu(banc.journal, banc.topic)).values()) == 100
    await banc.journal.elaguer(banc.topic, datetime.now(UTC) + timedelta(seconds=5))
    bornes = await banc.journal.bornes(banc.topic)
    assert all(debut == fin for debut, fin in bornes.values())
    await banc.ajouter(60, "recent")
    await banc.journal.elaguer(banc.topic, datetime.now(UTC) - timedelta(hours=1))
    assert all(v.startswith("recent") for v in await contenu(banc.journal, banc.topic))
    for partition, (debut, _) in bornes.items():
        with pytest.raises(PositionHorsBornes, match="purgés"):
            await banc.journal.lire(banc.topic, partition, debut - 1, 10)
