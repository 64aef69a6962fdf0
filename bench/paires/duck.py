"""DuckDB on the events as a file of one JSON document a line: read whole, computed whole, each time it is asked.

The file is written before the stopwatch starts (a source that archives its topic has it anyway).
"""

import asyncio
from pathlib import Path

import duckdb
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.paires.commun import LOT, PARTITIONS, Demande, Suivi, ecrire_resultat

_LIRE = """
CREATE TEMP TABLE distincts AS
SELECT any_value(data.caisse) AS caisse,
       any_value(data.jalons.payee[:10]::DATE - data.jalons.recue[:10]::DATE) AS delai
FROM read_json(?, format = 'newline_delimited', columns = {
    id: 'VARCHAR', data: 'STRUCT(caisse VARCHAR, jalons STRUCT(recue VARCHAR, payee VARCHAR))'})
GROUP BY id
"""
_VALEURS = "SELECT caisse, count(*), quantile_disc(delai, 0.9) FROM distincts GROUP BY caisse"
_CELLULES = "SELECT caisse, delai, count(*) FROM distincts GROUP BY caisse, delai"


async def ecrire(demande: Demande, fichier: Path) -> None:
    """The topic as it is, one event a line."""
    consommateur = AIOKafkaConsumer(bootstrap_servers=demande.kafka, auto_offset_reset="earliest")
    await consommateur.start()
    try:
        consommateur.assign([TopicPartition(demande.topic, p) for p in range(PARTITIONS)])
        ecrits = 0
        with fichier.open("wb") as sortie:
            while ecrits < demande.n:
                for records in (await consommateur.getmany(timeout_ms=1_000, max_records=LOT)).values():
                    sortie.writelines(record.value + b"\n" for record in records)
                    ecrits += len(records)
    finally:
        await consommateur.stop()


def principal(demande: Demande) -> None:
    suivi = Suivi(demande.n)
    fichier = demande.dossier / "evenements.ndjson"
    asyncio.run(ecrire(demande, fichier))
    with duckdb.connect() as base:
        suivi.commencer()
        base.execute(_LIRE, [str(fichier)])
        base.execute(_VALEURS).fetchall()
        suivi.compter(demande.n)
        cellules = base.execute(_CELLULES).fetchall()
    ecrire_resultat(demande.dossier, {(caisse, delai): n for caisse, delai, n in cellules})
    suivi.rendre()


if __name__ == "__main__":
    principal(Demande.lue())
