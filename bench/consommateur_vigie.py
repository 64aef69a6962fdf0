"""Vigie's claims consumer on a bench topic, as ``vigie serve claims --role consumer`` runs it, and a stopwatch.

``python -m bench.consommateur_vigie DATABASE_URL KAFKA TOPIC`` runs until everything in the topic is committed
(``moitie`` once half is), then prints ``{"secondes": …, "demarrage": …, "memoire_mo": …, "lots": …}``: seconds from the
assignment of the partitions to the last position seen committed; what came before is the start.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from functools import partial

import asyncpg
from prometheus_client import REGISTRY

from bench.pic import pic_memoire_mo
from services.claims.domain import DEFINITION
from shared.database.connexion import url_asyncpg
from shared.dossiers.application import taches
from shared.log.kafka import JournalKafka
from shared.service.journalisation import configurer_journal
from shared.service.reglages import Reglages
from shared.service.serveur import executer

_INTERVALLE = 0.01
_POSITIONS = "SELECT coalesce(sum(next), 0) FROM claims.positions WHERE topic = $1"


def _compteur(nom: str, topic: str) -> float:
    return REGISTRY.get_sample_value(nom, {"groupe": DEFINITION.nom, "topic": topic}) or 0


async def _mesurer(
    lance: float, database_url: str, kafka: str, topic: str, releve: dict[str, float], arret: asyncio.Event
) -> None:
    journal = JournalKafka(kafka)
    fin = sum(bornes.fin for bornes in (await journal.bornes(topic)).values())
    await journal.fermer()
    while not _compteur("vigie_journal_reequilibrages_total", topic):  # noqa: ASYNC110
        await asyncio.sleep(_INTERVALLE)
    debut = time.perf_counter()
    conn = await asyncpg.connect(url_asyncpg(database_url))
    try:
        moitie = False
        while (fait := await conn.fetchval(_POSITIONS, topic)) < fin:
            if arret.is_set():
                return
            if not moitie and 2 * fait >= fin:
                moitie = True
                print("moitie", flush=True)
            await asyncio.sleep(_INTERVALLE)
    finally:
        await conn.close()
    releve |= {
        "secondes": time.perf_counter() - debut,
        "demarrage": debut - lance,
        "memoire_mo": pic_memoire_mo(),
        "lots": _compteur("vigie_journal_lots_total", topic),
    }
    arret.set()


def principal(database_url: str, kafka: str, topic: str) -> int:
    lance = time.perf_counter()
    os.environ |= {
        "VIGIE_DATABASE_URL": database_url,
        "VIGIE_KAFKA_BOOTSTRAP": kafka,
        "VIGIE_ROLE": "consumer",
        "VIGIE_PORT": "0",
        "VIGIE_NIVEAU_JOURNAL": "warning",
    }
    reglages = Reglages.charger()
    configurer_journal("vigie-bench", reglages.niveau_journal)
    releve: dict[str, float] = {}
    mesure = partial(_mesurer, lance, database_url, kafka, topic, releve)
    definition = replace(DEFINITION, topic=topic)
    code = executer({**taches(definition, reglages), "mesure": mesure}, reglages.delai_arret_s)
    if releve:
        print(json.dumps(releve))
    return code


if __name__ == "__main__":
    raise SystemExit(principal(*sys.argv[1:4]))
