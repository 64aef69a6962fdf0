"""faust-streaming as its documentation says: keyed again by caisse (``group_by``), two tables in RocksDB behind
changelogs, of as many partitions as the topic.

What stands is what the changelog of the cells holds.
"""

import os
import time
from typing import Any

import faust

from bench.paires.commun import PARTITIONS, Demande, Evenement, Suivi, lire_evenement


class Fait(faust.Record):
    """What an event says of this job."""

    id: str
    caisse: str
    delai: int


def _reduire(valeur: bytes) -> Fait:
    e: Evenement = lire_evenement(valeur)
    return Fait(id=e.id, caisse=e.data.caisse, delai=e.delai)


def principal(demande: Demande) -> None:
    suivi = Suivi(demande.n)
    app = faust.App(
        demande.groupe,
        broker=f"kafka://{demande.kafka}",
        store="rocksdb://",
        datadir=demande.dossier / "etat",
        processing_guarantee="exactly_once",
        broker_commit_interval=1.0,
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        table_standby_replicas=0,
        stream_wait_empty=False,
        web_enabled=False,
    )
    evenements = app.topic(
        demande.topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw"
    )
    faits = app.topic(
        f"{demande.groupe}-par-caisse", key_type=str, value_type=Fait, partitions=PARTITIONS, internal=True
    )
    vus = app.Table("vus", default=int, partitions=PARTITIONS)
    cellules = app.Table("cellules", default=int, partitions=PARTITIONS)
    premier = True

    @app.agent(evenements)
    async def repartir(flux: Any) -> None:
        nonlocal premier
        async for valeur in flux:
            if premier:
                premier = False
                suivi.commencer()
            fait = _reduire(valeur)
            await faits.send(key=fait.caisse, value=fait)

    @app.agent(faits)
    async def compter(flux: Any) -> None:
        async for fait in flux:
            if fait.id not in vus:
                vus[fait.id] = 1
                cellules[f"{fait.caisse}:{fait.delai}"] += 1
            suivi.compter()

    @app.timer(1.0)
    async def finir() -> None:
        attendus = 3.0 if suivi.lus == demande.n else demande.patience
        if not premier and time.perf_counter() - suivi.dernier > attendus:
            suivi.rendre()
            await app.stop()
            os._exit(0)

    faust.Worker(app, loglevel="warn", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    principal(Demande.lue())
