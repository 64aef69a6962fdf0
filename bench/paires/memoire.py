"""The upper bound: aiokafka and msgspec, everything in the memory of one process and nothing kept.

A histogram per caisse, a set of the ids seen. Started again, it reads the topic from its beginning.
"""

import asyncio
from collections import Counter

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.paires.commun import LOT, PARTITIONS, Demande, Suivi, ecrire_resultat, lire_evenement


async def principal(demande: Demande) -> None:
    suivi = Suivi(demande.n)
    vus: set[str] = set()
    cellules: Counter[tuple[str, int]] = Counter()
    consommateur = AIOKafkaConsumer(
        bootstrap_servers=demande.kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16 * 1024 * 1024,
        fetch_max_bytes=64 * 1024 * 1024,
    )
    await consommateur.start()
    try:
        consommateur.assign([TopicPartition(demande.topic, p) for p in range(PARTITIONS)])
        suivi.commencer()
        while suivi.lus < demande.n:
            for records in (await consommateur.getmany(timeout_ms=1_000, max_records=LOT)).values():
                for record in records:
                    e = lire_evenement(record.value)
                    if e.id not in vus:
                        vus.add(e.id)
                        cellules[e.data.caisse, e.delai] += 1
                suivi.compter(len(records))
    finally:
        await consommateur.stop()
    ecrire_resultat(demande.dossier, cellules)
    suivi.rendre()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        boucle.run(principal(Demande.lue()))
