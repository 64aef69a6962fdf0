"""Ingestion: events a second from a real Apache Kafka to cells committed in PostgreSQL, beside its rivals.

``python -m bench.ingestion`` (see bench/README.md). Each measured system is a process of its own on a new
database, and reads the whole topic from its beginning; they take turns, one at a time, several times.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from bench.charges import JOURS, Charge, charge_a, charge_b
from bench.milieu import MesureRatee, Milieu, machine, milieu
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.verification import verifier
from shared.log.kafka import JournalKafka

SERVICE = "claims"
PARTITIONS = 4
MILLION = 1_000_000

_DOSSIERS_COMPTES = "SELECT coalesce(sum(n), 0) FROM claims.clos"
_CELLULES = "SELECT (SELECT count(*) FROM claims.clos) + (SELECT count(*) FROM claims.ouverts)"
_REJETS = "SELECT count(*) FROM claims.rejets"


async def _charger(kafka: str, charge: Charge, topic: str, partitions: int) -> None:
    journal = JournalKafka(kafka)
    try:
        await journal.assurer_topic(topic, partitions)
        for lot in charge.lots():
            await journal.ajouter(topic, lot)
    finally:
        await journal.fermer()


def charger(lieu: Milieu, charge: Charge, partitions: int = PARTITIONS) -> str:
    """Put a workload in a topic of its own; returns the topic."""
    topic = f"bench.{charge.nom}.{charge.n}.{partitions}"
    debut = time.perf_counter()
    asyncio.run(_charger(lieu.kafka, charge, topic, partitions))
    print(f"charge {charge.nom} : {charge.n} événements dans Kafka en {time.perf_counter() - debut:.0f} s", flush=True)
    return topic


def vigie(lieu: Milieu, charge: Charge, topic: str, consommateurs: int = 1) -> dict[str, Any]:
    """Vigie's consumers over the workload; their cells must then count every dossier once, and `verify` agree.

    Adds ``cellules``, the rows they left, and ``verification``, the seconds of `verify`. Raises MesureRatee.
    """
    with lieu.base("vigie") as url:
        releve = lieu.mesurer("bench.consommateur_vigie", url, lieu.kafka, topic, exemplaires=consommateurs)
        comptes, rejets = int(lieu.psql(_DOSSIERS_COMPTES, "vigie")), int(lieu.psql(_REJETS, "vigie"))
        if comptes != charge.dossiers or rejets:
            raise MesureRatee(f"{comptes} dossiers comptés et {rejets} rejets, attendu {charge.dossiers} et 0")
        rapport = asyncio.run(verifier(url, SERVICE, partial(calculs_du_service, SERVICE), processus=2))
        if not rapport.ok:
            raise MesureRatee("\n".join(rapport.lignes()))
        return {**releve, "cellules": int(lieu.psql(_CELLULES, "vigie")), "verification": rapport.duree}


def boucle(lieu: Milieu, charge: Charge, topic: str, voies: int) -> dict[str, Any]:
    """The hand-written loop over the workload, with so many lanes. Raises MesureRatee when it miscounts."""
    with lieu.base("boucle") as url:
        releve = lieu.mesurer("bench.boucle_main", url, lieu.kafka, topic, str(voies))
    if releve["dossiers"] != charge.dossiers:
        raise MesureRatee(f"la boucle compte {releve['dossiers']} dossiers, attendu {charge.dossiers}")
    return releve


def upsert(lieu: Milieu, charge: Charge) -> dict[str, Any]:
    """The upsert rate of this PostgreSQL."""
    with lieu.base("upsert") as url:
        return lieu.mesurer("bench.upsert", url, str(charge.n))


def comparer(lieu: Milieu, n: int, repetitions: int) -> dict[str, object]:
    """All systems in turn, ``repetitions`` times; medians, and medians of the ratios of each turn."""
    a, a60, b = charge_a(n), charge_a(n, "a60", JOURS), charge_b(n)
    topic_a, topic_a60, topic_b = (charger(lieu, charge) for charge in (a, a60, b))
    noms = ("vigie_a", "boucle", "boucle_voies", "vigie_a60", "boucle_a60", "vigie_b", "upsert")
    debits: dict[str, list[float]] = {nom: [] for nom in noms}
    cpu: dict[str, list[float]] = {nom: [] for nom in debits if nom != "upsert"}  # whose process also makes the events
    memoires: list[float] = []
    for tour in range(1, repetitions + 1):
        releves = {
            "vigie_a": vigie(lieu, a, topic_a),
            "boucle": boucle(lieu, a, topic_a, 1),
            "boucle_voies": boucle(lieu, a, topic_a, PARTITIONS),
            "vigie_a60": vigie(lieu, a60, topic_a60),
            "boucle_a60": boucle(lieu, a60, topic_a60, 1),
            "vigie_b": vigie(lieu, b, topic_b),
            "upsert": upsert(lieu, a),
        }
        for nom, releve in releves.items():
            debits[nom].append(releve.get("lignes", n) / releve["secondes"])
        for nom, couts in cpu.items():
            couts.append(1e6 * releves[nom]["cpu"] / n)
        memoires.append(max(releves["vigie_a"]["memoire_mo"], releves["vigie_b"]["memoire_mo"]))
        suite = " | ".join(
            f"{nom} {debits[nom][-1]:,.0f}/s (démarrage {r.get('demarrage', 0):.1f} s)" for nom, r in releves.items()
        )
        print(f"tour {tour} : {suite}", flush=True)
    med = {nom: statistics.median(valeurs) for nom, valeurs in debits.items()}
    for nom, valeurs in debits.items():
        etendue = f"de {min(valeurs):,.0f} à {max(valeurs):,.0f}"
        print(f"{nom:<12} {med[nom]:>10,.0f} /s   {etendue}")
    return {
        "events_per_s": round(med["vigie_a"]),
        "ratio_upsert": _ratio(debits["vigie_a"], debits["upsert"]),
        "ratio_handwritten": _ratio(debits["vigie_a"], debits["boucle"]),
        "verify": "ok",
        "memoire_mo": round(max(memoires)),
        "b": {
            "events_per_s": round(med["vigie_b"]),
            "ratio_upsert": _ratio(debits["vigie_b"], debits["upsert"]),
            "ratio_handwritten": _ratio(debits["vigie_b"], debits["boucle"]),
        },
        "a60": {
            "events_per_s": round(med["vigie_a60"]),
            "ratio_upsert": _ratio(debits["vigie_a60"], debits["upsert"]),
            "ratio_handwritten": _ratio(debits["vigie_a60"], debits["boucle_a60"]),
        },
        "ratio_handwritten_lanes": _ratio(debits["vigie_a"], debits["boucle_voies"]),
        "handwritten_lanes_per_s": round(med["boucle_voies"]),
        "handwritten_per_s": round(med["boucle"]),
        "upsert_per_s": round(med["upsert"]),
        "cpu_us": {nom: round(min(valeurs), 1) for nom, valeurs in cpu.items()},
        "n": n,
        "repetitions": repetitions,
    }


def _ratio(nous: Sequence[float], eux: Sequence[float]) -> float:
    """Median of the ratios turn by turn: what slows a whole turn does not count."""
    return round(statistics.median(x / y for x, y in zip(nous, eux, strict=True)), 3)


def memoire(lieu: Milieu, n: int) -> dict[str, object]:
    """Of ``n`` events, then of five times as many: the consumer's peak memory, events a second, seconds of `verify`."""
    tailles = {}
    for charge in (charge_a(n), charge_a(5 * n)):
        releve = vigie(lieu, charge, charger(lieu, charge))
        taille = tailles[str(charge.n)] = {
            "memoire_mo": round(releve["memoire_mo"]),
            "events_per_s": round(charge.n / releve["secondes"]),
            "dossiers": charge.dossiers,
            "verification_s": round(releve["verification"], 1),
        }
        print(f"{charge.n} événements : {taille}", flush=True)
    return tailles


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(
        prog="bench.ingestion", description="Débit d'ingestion de Vigie sur un vrai Kafka"
    )
    options.add_argument("--n", type=int, default=MILLION, help="événements par charge")
    options.add_argument("--repetitions", type=int, default=3)
    options.add_argument("--memoire", action="store_true", help="mémoire, débit et verify à n puis 5 n événements")
    choix = options.parse_args(arguments)
    etat = machine()
    print(f"machine : {etat}", flush=True)
    with milieu() as lieu:
        resultat = memoire(lieu, choix.n) if choix.memoire else comparer(lieu, choix.n, choix.repetitions)
    print(json.dumps({**resultat, "machine": etat}))


if __name__ == "__main__":
    principal()
