"""A national year in as long as is given: day after day of the full volume, with the maintenance of each night at work.

``python -m bench.annee`` (see bench/README.md). The claims service runs as ``vigie serve claims``, on a real Kafka and
a PostgreSQL of its own; each simulated day is appended to its topic, and while the next one comes in, the fold runs and
the files closed for ``--retention`` days are forgotten. Stops at ``--duree``, whatever day it is.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from multiprocessing import get_context
from typing import Any

import asyncpg
import httpx
import uvloop

from bench.charges import DOUBLONS, PAR_AN, journee
from bench.milieu import Milieu, machine, milieu, port_libre
from bench.publier import publier, tableau
from bench.valeurs import attendre_pret
from services.claims.domain import DEFINITION
from shared.clock import SimulatedClock
from shared.database.connexion import creer_pool, url_asyncpg
from shared.dossiers.pliage import plier
from shared.dossiers.retention import des_clos, oublier
from shared.log.kafka import JournalKafka
from shared.network.jours import jour_de

SCHEMA, TOPIC, PARTITIONS = DEFINITION.nom, DEFINITION.topic, 4
MILLION = 1_000_000
PAR_JOUR = PAR_AN // 365
AVANCE = 200_000
"""Events the topic may be ahead of what is committed: no more than a bench needs to keep the consumer busy."""

QUESTIONS = 15
TABLES = ("dossiers", "clos", "ouverts", "receptions")
_LOCAL = timezone(timedelta(hours=1))
_LUS = f"SELECT coalesce(sum(next), 0)::bigint FROM {SCHEMA}.positions WHERE topic = $1"


@contextmanager
def service(lieu: Milieu, url: str) -> Iterator[str]:
    """The claims service, API and consumer in one process; its address."""
    port, sortie = port_libre(), lieu.dossier / "claims.log"
    environnement = {**os.environ, "VIGIE_DATABASE_URL": url, "VIGIE_KAFKA_BOOTSTRAP": lieu.kafka}
    environnement |= {"VIGIE_HOME": str(lieu.dossier), "VIGIE_PARTITIONS": str(PARTITIONS)}
    commande = [sys.executable, "-m", "vigie", "serve", SCHEMA, "--port", str(port)]
    with sortie.open("wb") as flux:
        processus = subprocess.Popen(commande, env=environnement, stdout=flux, stderr=flux)
    try:
        attendre_pret(f"http://127.0.0.1:{port}", sortie)
        yield f"http://127.0.0.1:{port}"
    finally:
        processus.terminate()
        processus.wait(60)


async def rejouer(lieu: Milieu, url: str, api: str, choix: argparse.Namespace) -> dict[str, Any]:
    """Days until there are enough of them or the time is over; then what it all came to."""
    journal, pool = JournalKafka(lieu.kafka), await creer_pool(url_asyncpg(url), 4)
    a_cote, boucle = ProcessPoolExecutor(1, mp_context=get_context("spawn")), asyncio.get_running_loop()
    premier = date.today() - timedelta(days=choix.jours)
    debut = time.perf_counter()
    envoyes, jours, nuits, places, entretien = 0, 0, list[float](), list[int](), None
    releve: dict[str, Any] = {}
    try:
        for jour in range(choix.jours):
            minuit = int(datetime.combine(premier + timedelta(days=jour), datetime.min.time(), _LOCAL).timestamp())
            for lot in journee(jour * choix.par_jour, choix.par_jour, minuit):
                await journal.ajouter(TOPIC, lot)
                envoyes += len(lot)
                await _attendre(pool, envoyes - AVANCE)
                if time.perf_counter() - debut > choix.duree:
                    break
            if entretien:
                nuits.append(await entretien)
                places.append(await octets(pool, "dossiers"))
            if jour == 0:
                await _attendre(pool, envoyes)
                releve["questions_au_debut_ms"] = await questions(api, premier, premier)
            jours = jour + 1
            matin = premier + timedelta(days=jour + 1)
            entretien = boucle.run_in_executor(a_cote, nuit, url, matin, choix.retention)
            print(f"jour {jours} : {envoyes} événements, {time.perf_counter() - debut:.0f} s", flush=True)
            if time.perf_counter() - debut > choix.duree:
                break
        await _attendre(pool, envoyes)
        duree = time.perf_counter() - debut
        nuits += [await entretien] if entretien else []
        releve["questions_a_la_fin_ms"] = await questions(api, premier, premier + timedelta(days=jours))
        tables = {table: await taille(pool, table) for table in TABLES}
        places.append(tables["dossiers"]["octets"])
    finally:
        a_cote.shutdown(cancel_futures=True)
        await pool.close()
        await journal.fermer()
    kafka = sum(f.stat().st_size for f in (lieu.dossier / "kafka").rglob(f"{TOPIC}-*/*.log"))
    return releve | {
        "jours": jours,
        "evenements": envoyes,
        "secondes": round(duree),
        "events_per_s": round(envoyes / duree),
        "annee_nationale_h": round(PAR_AN * (1 + DOUBLONS) / (envoyes / duree) / 3600, 1),
        "nuits_s": {
            "sans_oubli": round(statistics.median(nuits[: choix.retention]), 1),
            "avec_oubli": round(statistics.median(nuits[choix.retention :]), 1) if jours > choix.retention else None,
            "max": round(max(nuits), 1),
        },
        "dossiers_mo_apres_chaque_nuit": [round(place / MILLION) for place in places],
        "mo_par_million": {
            "journal": _mo(kafka, envoyes),
            "dossiers": _mo(tables["dossiers"]["octets"], envoyes),
            "cellules": _mo(tables["clos"]["octets"] + tables["ouverts"]["octets"], envoyes),
        },
        "tables": tables,
    }


def nuit(url: str, matin: date, retention: int) -> float:
    """What the nightly maintenance does, while events come in; its seconds. In a process of its own, which does not
    wait for the one that makes the events."""

    async def entretenir() -> float:
        pool = await creer_pool(url_asyncpg(url), 2)
        try:
            debut = time.perf_counter()
            deux_heures = datetime.combine(matin, datetime.min.time(), UTC) + timedelta(hours=2)
            await plier(pool, SCHEMA, SimulatedClock(deux_heures))
            await oublier(pool, SCHEMA, [des_clos("fse", jour_de(matin - timedelta(days=retention)))])
            return time.perf_counter() - debut
        finally:
            await pool.close()

    return asyncio.run(entretenir())


async def questions(api: str, du: date, au: date) -> dict[str, float]:
    """Milliseconds of the same questions, over all the days there are."""
    durees: dict[str, list[float]] = {}
    async with httpx.AsyncClient(base_url=api, timeout=120) as client:
        for code in ("delai_fse_d9", "stock_fse"):
            for _ in range(QUESTIONS):
                debut = time.perf_counter()
                lue = await client.get(f"/v1/indicateurs/{code}/valeurs", params={"du": str(du), "au": str(au)})
                lue.raise_for_status()
                durees.setdefault(code, []).append(1_000 * (time.perf_counter() - debut))
    return {code: round(statistics.median(d), 1) for code, d in durees.items()}


async def taille(pool: asyncpg.Pool, table: str) -> dict[str, int]:
    """Rows and bytes, indexes included."""
    return {
        "lignes": await pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.{table}"),
        "octets": await octets(pool, table),
    }


async def octets(pool: asyncpg.Pool, table: str) -> int:
    """Of a table and its indexes."""
    total: int = await pool.fetchval("SELECT pg_total_relation_size($1::regclass)", f"{SCHEMA}.{table}")
    return total


async def _attendre(pool: asyncpg.Pool, lus: int) -> None:
    """Until so many events are committed. Raises TimeoutError when none is for ten minutes."""
    async with asyncio.timeout(600):
        while await pool.fetchval(_LUS, TOPIC) < lus:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _mo(octets: int, evenements: int) -> float:
    return round(octets / evenements, 1)  # bytes an event are megabytes a million


def section(releve: dict[str, Any], choix: argparse.Namespace, etat: dict[str, object]) -> str:
    """What docs/performance.md holds."""
    disque, tables = releve["mo_par_million"], releve["tables"]
    conditions = (
        f"{releve['jours']} days of {choix.par_jour:,} files ({choix.par_jour / PAR_JOUR:.1%} of the national day), "
        f"{releve['evenements']:,} events in {releve['secondes']:,} s; retention of {choix.retention} days"
    )
    lignes = [
        ("Events/s, maintenance at work", f"{releve['events_per_s']:,}"),
        (f"A national year ({PAR_AN:.0e} files) at that rate, extrapolated", f"{releve['annee_nationale_h']} h"),
        ("Maintenance of a night before any is old enough to be forgotten", f"{releve['nuits_s']['sans_oubli']} s"),
        ("Maintenance of a night that forgets a national day", f"{releve['nuits_s']['avec_oubli'] or '–'} s"),
        *((f"MB per million events, {quoi}", disque[cle])
          for quoi, cle in (("log", "journal"), ("dossiers", "dossiers"), ("cells", "cellules"))),
        *((f"Table `{nom}` at the end", f"{t['lignes']:,} rows, {t['octets'] / MILLION:,.1f} MB")
          for nom, t in tables.items()),
        ("Table `dossiers` after each night, MB", " ".join(map(str, releve["dossiers_mo_apres_chaque_nuit"]))),
        *((f"`{code}`, whole network, first day only → all days", f"{releve['questions_au_debut_ms'][code]} → {ms} ms")
          for code, ms in releve["questions_a_la_fin_ms"].items()),
    ]  # fmt: skip
    return tableau(conditions, etat, ("Measured", "Value"), lignes)


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.annee", description="Des jours nationaux, leurs nuits comprises")
    options.add_argument("--jours", type=int, default=90, help="au plus")
    options.add_argument("--duree", type=float, default=3_600, help="secondes, au plus")
    options.add_argument("--par-jour", type=int, default=PAR_JOUR, help="dossiers d'un jour ; par défaut ceux du pays")
    options.add_argument("--retention", type=int, default=30, help="jours de garde des dossiers clos")
    options.add_argument("--publier", action="store_true", help="écrire le tableau dans docs/performance.md")
    choix = options.parse_args(arguments)
    etat = machine()
    print(f"machine : {etat}", flush=True)
    with (
        milieu() as lieu,
        lieu.base("annee") as url,
        service(lieu, url) as api,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle,
    ):
        releve = boucle.run(rejouer(lieu, url, api, choix))
    if choix.publier:
        publier("year", section(releve, choix, etat))
    print(json.dumps({**releve, "machine": etat}))


if __name__ == "__main__":
    principal()
