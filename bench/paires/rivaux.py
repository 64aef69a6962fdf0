"""Who is measured, how each is set, and what each promises: one line of the table each, at the end of this file."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench.paires import lecture
from bench.paires.lecture import Essai
from bench.paires.plan import Reponse
from bench.paires.processus import RACINE

ENVIRONNEMENT = RACINE / ".cache" / "paires" / "bin" / "python"
"""The Python that has the rivals (``make bench-pairs`` makes it)."""

PATIENCE = 30.0
"""Seconds without anything new after which a rival with no end takes the topic for read."""

PATIENCE_REPRISE = 120.0
"""The same after a SIGKILL: the broker aborts a dead transaction after ``transaction.timeout.ms``, a minute, and looks
every ten seconds; nothing behind it is read before."""

Arguments = Callable[[Essai, float], list[str]]


def _demande(essai: Essai, patience: float) -> list[str]:
    """As ``commun.Demande`` reads them."""
    suite = (essai.lieu.kafka, essai.topic, essai.groupe, essai.n, essai.dossier, essai.url, patience)
    return [str(argument) for argument in suite]


def _boucle(essai: Essai, _: float) -> list[str]:
    return [essai.url, essai.lieu.kafka, essai.topic, "1"]


def _vigie(essai: Essai, _: float) -> list[str]:
    return [essai.url, essai.lieu.kafka, essai.topic]


@dataclass(frozen=True, slots=True)
class Rival:
    """``part``: of the events of the run, when all of them would take it minutes. ``sans_sigkill``: why it has none.

    ``transactions``: it leaves an open one behind when killed. ``a_part``: runs in the environment of the rivals.
    ``jours_locaux``: counts the days of each caisse's own clock, as ``planifier`` says.
    """

    nom: str
    titre: str
    module: str
    garantie: str
    configuration: str
    lire: Callable[[Essai], Awaitable[Reponse]]
    arguments: Arguments = _demande
    part: float = 1.0
    patience: float = PATIENCE
    a_part: bool = True
    transactions: bool = False
    sans_sigkill: str = ""
    jours_locaux: bool = False

    def commande(self, essai: Essai, *, reprise: bool = False) -> list[str]:
        python = ENVIRONNEMENT if self.a_part else Path(sys.executable)
        patience = PATIENCE_REPRISE if reprise and self.transactions else self.patience
        return [str(python), "-m", self.module, *self.arguments(essai, patience)]


RIVAUX = (
    Rival(
        "vigie",
        "Vigie",
        "bench.consommateur_vigie",
        "exactly once into PostgreSQL; every batch durable when it counts",
        "`vigie serve claims --role consumer`, as delivered",
        lecture.vigie,
        _vigie,
        a_part=False,
        jours_locaux=True,
    ),
    Rival(
        "boucle",
        "Hand-written loop",
        "bench.boucle_main",
        "exactly once into PostgreSQL, for this one job",
        "aiokafka, msgspec, asyncpg: ids, cells and position in PostgreSQL, a transaction for 5,000 events",
        lecture.boucle,
        _boucle,
        a_part=False,
    ),
    Rival(
        "memoire",
        "aiokafka + msgspec",
        "bench.paires.memoire",
        "none: everything in memory, read again from the start",
        "upper bound: one process, a set and a histogram",
        lecture.fichier,
        a_part=False,
    ),
    Rival(
        "copie",
        "COPY + percentile_disc",
        "bench.paires.copie",
        "exactly once into PostgreSQL; computed only when asked, over everything",
        "COPY of 5,000 events and the position in one transaction; the time counts one query, that drops duplicates",
        lecture.copie,
        a_part=False,
    ),
    Rival(
        "duckdb",
        "DuckDB on the file",
        "bench.paires.duck",
        "that of the file; computed only when asked, over everything",
        "`read_json` on NDJSON, `quantile_disc`; writing the file is not counted",
        lecture.fichier,
        sans_sigkill="a query without state: asked again",
    ),
    Rival(
        "bytewax",
        "Bytewax 0.21.1",
        "bench.paires.flux_bytewax",
        "state exactly once from the last snapshot; durable within a second; answer readable when the topic ends",
        "recovery in SQLite, snapshot every second, one worker, batches of 5,000",
        lecture.bytewax,
    ),
    Rival(
        "quix",
        "Quix Streams 3.28.1",
        "bench.paires.quix",
        "exactly once within Kafka (transactions); durable within a second; state cannot be queried",
        '`group_by`, `processing_guarantee="exactly-once"`, `commit_interval=1`, RocksDB and changelog',
        lecture.quix,
        part=0.1,
        transactions=True,
    ),
    Rival(
        "faust",
        "faust-streaming 0.15.3",
        "bench.paires.faust_streaming",
        "exactly once within Kafka (transactions, called experimental by its issues); durable within a second",
        "keyed again by caisse, `exactly_once`, RocksDB tables and changelogs, `broker_commit_interval=1`",
        lecture.faust,
        part=0.02,
        patience=75.0,
        transactions=True,
    ),
)
