"""The honest rival: one loop written by hand for one job, days from ``recue`` to ``payee`` per caisse.

As well as one would write it for real, with no generality at all: typed decoding, duplicates dropped by event id,
the position moved by compare-and-set, one transaction per 5,000 records of a partition. With one lane (VOIES 1) it
reads, computes and waits in turn; with one lane per partition (VOIES 4), decoding and PostgreSQL overlap, and each
partition has its own cells, so that no lane waits for another.
``python -m bench.boucle_main DATABASE_URL KAFKA TOPIC VOIES`` prints ``moitie`` once half of the topic is
committed (each lane for its own), then ``{"secondes": …, "demarrage": …, …}``. Started again, it goes on from its
positions.
"""

import asyncio
import gc
import json
import sys
import time
from collections import Counter

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from asyncpg.pool import PoolConnectionProxy

from bench.paires.commun import lire_evenement
from bench.pic import pic_memoire_mo

LOT = 5_000
PARTITIONS = 4

_TABLES = """
CREATE SCHEMA IF NOT EXISTS boucle;
CREATE TABLE IF NOT EXISTS boucle.positions (partition int PRIMARY KEY, next bigint NOT NULL);
CREATE TABLE IF NOT EXISTS boucle.vus (id text COLLATE "C" PRIMARY KEY);
CREATE TABLE IF NOT EXISTS boucle.cellules (caisse text COLLATE "C", delai int, partition int, n bigint NOT NULL,
    PRIMARY KEY (caisse, delai, partition)) WITH (fillfactor = 80);
"""
_PREMIERE = "INSERT INTO boucle.positions VALUES ($1, 0) ON CONFLICT DO NOTHING"
_POSITION = "SELECT next FROM boucle.positions WHERE partition = $1"
_AVANCER = "UPDATE boucle.positions SET next = $3 WHERE partition = $1 AND next = $2 RETURNING next"
_DEDOUBLER = "INSERT INTO boucle.vus SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id"
_COMPTER = """
INSERT INTO boucle.cellules AS c SELECT a, d, $3, m FROM unnest($1::text[], $2::int[], $4::bigint[]) AS k(a, d, m)
ON CONFLICT (caisse, delai, partition) DO UPDATE SET n = c.n + excluded.n
"""


async def suivre(pool: asyncpg.Pool, consommateur: AIOKafkaConsumer, fins: dict[TopicPartition, int]) -> None:
    """The partitions of ``fins``, one batch at a time, from their stored positions to their ends."""
    async with pool.acquire() as conn:
        positions = {}
        for tp in fins:
            positions[tp] = await conn.fetchval(_POSITION, tp.partition)
            consommateur.seek(tp, positions[tp])
        while any(positions[tp] < fin for tp, fin in fins.items()):
            lus = await consommateur.getmany(*fins, timeout_ms=1_000, max_records=LOT)
            for tp, records in lus.items():
                avant = sum(positions.values())
                positions[tp] = await valider(conn, tp.partition, positions[tp], records)
                if avant < sum(fins.values()) / 2 <= sum(positions.values()):
                    print("moitie", flush=True)


async def valider(conn: PoolConnectionProxy, partition: int, position: int, records: list[ConsumerRecord]) -> int:
    """One batch, one transaction; the new position."""
    cellules = {}
    for record in records:
        e = lire_evenement(record.value)
        jalons = e.data.jalons
        cellules[e.id] = (e.data.caisse, jalons.payee.toordinal() - jalons.recue.toordinal())
    suivant: int = records[-1].offset + 1
    async with conn.transaction():
        if await conn.fetchval(_AVANCER, partition, position, suivant) is None:
            raise RuntimeError(f"la position de la partition {partition} a bougé")
        neufs = await conn.fetch(_DEDOUBLER, list(cellules))
        comptes = Counter([cellules[ligne[0]] for ligne in neufs])
        if comptes:
            caisses, delais = zip(*comptes, strict=True)
            await conn.execute(_COMPTER, caisses, delais, partition, list(comptes.values()))
    return suivant


async def principal(database_url: str, kafka: str, topic: str, voies: int) -> dict[str, float]:
    lance = time.perf_counter()
    async with asyncpg.create_pool(database_url, min_size=4, max_size=8) as pool:
        await pool.execute(_TABLES)
        consommateur = AIOKafkaConsumer(
            bootstrap_servers=kafka,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=16 * 1024 * 1024,
            fetch_max_bytes=64 * 1024 * 1024,
        )
        await consommateur.start()
        try:
            tps = [TopicPartition(topic, p) for p in range(PARTITIONS)]
            consommateur.assign(tps)
            await pool.executemany(_PREMIERE, [(tp.partition,) for tp in tps])
            fins = await consommateur.end_offsets(tps)
            gc.collect()
            gc.freeze()
            gc.set_threshold(200_000, 20, 100)
            debut = time.perf_counter()
            parts = [fins] if voies == 1 else [{tp: fin} for tp, fin in fins.items()]
            await asyncio.gather(*(suivre(pool, consommateur, part) for part in parts))
            fin = time.perf_counter()
            total = await pool.fetchval("SELECT sum(n) FROM boucle.cellules")
        finally:
            await consommateur.stop()
    return {"secondes": fin - debut, "demarrage": debut - lance, "memoire_mo": pic_memoire_mo(), "dossiers": int(total)}


if __name__ == "__main__":
    _, database_url_, kafka_, topic_, voies_ = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        print(json.dumps(boucle.run(principal(database_url_, kafka_, topic_, int(voies_)))))
