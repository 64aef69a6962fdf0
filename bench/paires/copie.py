"""COPY of every event as it comes, the positions in the same transaction, and all the computing left to the query.

Duplicates are dropped and ``percentile_disc`` computed when the question is put: ``requete_s`` is what each question
then costs; the time of a run counts one.
"""

import asyncio
import json
import time

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.paires.commun import LOT, PARTITIONS, Demande, Suivi, lire_evenement

_TABLES = """
CREATE SCHEMA IF NOT EXISTS copie;
CREATE TABLE IF NOT EXISTS copie.positions (partition int PRIMARY KEY, next bigint NOT NULL);
CREATE TABLE IF NOT EXISTS copie.evenements (id text COLLATE "C", caisse text COLLATE "C", delai int);
"""
_DEBUTS = "INSERT INTO copie.positions SELECT generate_series(0, $1 - 1), 0 ON CONFLICT DO NOTHING"
_AVANCER = "UPDATE copie.positions SET next = $2 WHERE partition = $1"
REQUETE = """
SELECT caisse, count(*) AS n, percentile_disc(0.9) WITHIN GROUP (ORDER BY delai) AS d9
FROM (SELECT DISTINCT ON (id) caisse, delai FROM copie.evenements) AS distincts GROUP BY caisse
"""


async def principal(demande: Demande) -> None:
    suivi = Suivi(demande.n)
    conn = await asyncpg.connect(demande.url)
    consommateur = AIOKafkaConsumer(
        bootstrap_servers=demande.kafka,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=16 * 1024 * 1024,
        fetch_max_bytes=64 * 1024 * 1024,
    )
    await consommateur.start()
    try:
        await conn.execute(_TABLES)
        await conn.execute(_DEBUTS, PARTITIONS)
        tps = [TopicPartition(demande.topic, p) for p in range(PARTITIONS)]
        consommateur.assign(tps)
        for partition, suivant in await conn.fetch("SELECT partition, next FROM copie.positions"):
            consommateur.seek(tps[partition], suivant)
        reste = demande.n - await conn.fetchval("SELECT sum(next)::bigint FROM copie.positions")
        suivi.commencer()
        while suivi.lus < reste:
            for tp, records in (await consommateur.getmany(timeout_ms=1_000, max_records=LOT)).items():
                lus = [lire_evenement(record.value) for record in records]
                async with conn.transaction():
                    await conn.copy_records_to_table(
                        "evenements", schema_name="copie", records=[(e.id, e.data.caisse, e.delai) for e in lus]
                    )
                    await conn.execute(_AVANCER, tp.partition, records[-1].offset + 1)
                suivi.compter(len(records))
        debut = time.perf_counter()
        await conn.fetch(REQUETE)
        suivi.compter(0)
        print(json.dumps({"requete_s": time.perf_counter() - debut}))
    finally:
        await consommateur.stop()
        await conn.close()
    suivi.rendre()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        boucle.run(principal(Demande.lue()))
