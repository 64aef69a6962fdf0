"""How much the cells grow per million events because they keep the recorded day and the cause.

Events of ``fse`` over 107 caisses, two a dossier (received, then closed), as they happen; some are recorded days late,
some are corrected or withdrawn later. They go through the service's own handler into a PostgreSQL of this bench, in
the order in which they were recorded; then the nightly fold runs. Each table of cells is compared with what it would
be without recorded day and cause: the same cells summed over both, in a table of the same columns and key.
"""

import argparse
import asyncio
import heapq
import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import asyncpg
import numpy as np

from bench.milieu import machine
from services.claims.domain import DEFINITION
from shared.clock import SimulatedClock
from shared.database import embarque
from shared.database.connexion import acquerir, creer_pool
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.contributions import DIMENSIONS, MESURES, noms_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.lieux import codes_par_slug
from shared.dossiers.pliage import plier
from shared.dossiers.schema import ddl_v1
from shared.dossiers.store import Depot
from shared.dossiers.tables import TABLE, type_de
from shared.dossiers.traitement import TraitementDossiers
from shared.dossiers.verification import verifier
from shared.events.contrat import cle
from shared.events.lecture_en_lot import LecteurEnLot
from shared.log.tables import creer
from shared.log.types import Enregistrement, partition_de
from shared.network.reseau import charger

SCHEMA, PARTITIONS, LOT = "claims", 4, 5_000
MILLION = 1_000_000
TARDIFS, CORRECTIONS, RETRAITS = 0.05, 0.02, 0.005
"""Shares of events recorded late, corrected, withdrawn: ours, no source gives any."""

DELAI_MOYEN, RETARD_MAX, CORRECTION_MAX = 5.0, 10, 20
"""Days."""

_LOCAL = timezone(timedelta(hours=1))
_DEBUT = datetime(2026, 1, 5, 8, tzinfo=_LOCAL)
_BENEFICIAIRES = ("assure", "ps")

Envoi = tuple[float, str, bytes]
"""(recorded, in days since the start; subject; event)."""


def _envois(n: int, jours: int) -> Iterator[Envoi]:
    """``n`` events, in the order in which they are recorded."""
    alea = np.random.default_rng(4)
    slugs = [c.slug for c in charger().caisses]
    attente: list[Envoi] = []
    dossiers = round(n / (2 * (1 + CORRECTIONS + RETRAITS)))
    for rang in range(dossiers):
        ouvert = rang * jours / dossiers
        while attente and attente[0][0] <= ouvert:
            yield heapq.heappop(attente)
        clos = ouvert + alea.exponential(DELAI_MOYEN)
        caisse, beneficiaire = slugs[alea.integers(len(slugs))], _BENEFICIAIRES[alea.integers(2)]
        for jalon, fait in (("recue", ouvert), ("payee", clos)):
            retard = alea.uniform(1.1, RETARD_MAX) if alea.random() < TARDIFS else 0.001
            ecrire = partial(_evenement, f"F{rang:07d}", jalon, caisse, beneficiaire)
            heapq.heappush(attente, (fait + retard, f"F{rang:07d}", ecrire(fait, fait + retard, 0)))
            suite = alea.random()
            apres = fait + retard + alea.uniform(1, CORRECTION_MAX)
            if suite < CORRECTIONS:
                corrige = fait - alea.uniform(0, 1)
                heapq.heappush(attente, (apres, f"F{rang:07d}", ecrire(corrige, apres, 1)))
            elif suite < CORRECTIONS + RETRAITS:
                heapq.heappush(attente, (apres, f"F{rang:07d}", _retrait(f"F{rang:07d}", jalon, apres)))
    while attente:
        yield heapq.heappop(attente)


def _instant(jours: float) -> str:
    return (_DEBUT + timedelta(days=jours)).isoformat(timespec="seconds")


def _evenement(
    subject: str, jalon: str, caisse: str, beneficiaire: str, fait: float, recu: float, revision: int
) -> bytes:
    corps = {
        "specversion": "1.0", "id": f"{subject}-{jalon}", "source": "urn:vigie:source:bench", "subject": subject,
        "type": f"vigie.fse.{jalon}.v1", "time": _instant(fait), "recordedtime": _instant(recu), "revision": revision,
        "data": {"caisse": caisse, "beneficiaire": beneficiaire},
    }  # fmt: skip
    return json.dumps(corps).encode()


def _retrait(subject: str, jalon: str, recu: float) -> bytes:
    corps = {
        "specversion": "1.0", "id": f"{subject}-{jalon}-retrait", "source": "urn:vigie:source:bench",
        "subject": subject, "type": "vigie.fse.retrait.v1", "time": _instant(recu), "recordedtime": _instant(recu),
        "data": {"cible": f"{subject}-{jalon}"},
    }  # fmt: skip
    return json.dumps(corps).encode()


async def mesurer(url: str, n: int, jours: int) -> dict[str, object]:
    """Rows and bytes of the cells per million events, with recorded day and cause and without."""
    pool = await creer_pool(url, 3)
    try:
        await pool.execute(f"CREATE SCHEMA {SCHEMA}")
        for ordre in (*ddl_v1(SCHEMA), *creer(SCHEMA)):
            await pool.execute(ordre)
        recus = await _consommer(pool, n, jours)
        await plier(pool, SCHEMA, SimulatedClock(datetime(2027, 1, 1, tzinfo=UTC)))
        rapport = await verifier(url, SCHEMA, partial(calculs_du_service, SCHEMA))
        if not rapport.ok:
            raise SystemExit("\n".join(rapport.lignes()))
        tables = {TABLE[genre]: await _comparer(pool, genre, recus) for genre in TABLE}
    finally:
        await pool.close()
    peuplees = {nom: t for nom, t in tables.items() if t["lignes"]}
    total = {cle: sum(t[cle] for t in peuplees.values()) for cle in ("lignes", "lignes_sans", "octets", "octets_sans")}
    return {
        "evenements": recus,
        "jours": jours,
        "par_million": peuplees | {"total": total},
        "lignes_en_plus_par_million": total["lignes"] - total["lignes_sans"],
        "octets_en_plus_par_million": total["octets"] - total["octets_sans"],
        "facteur_lignes": round(total["lignes"] / total["lignes_sans"], 3),
        "facteur_octets": round(total["octets"] / total["octets_sans"], 3),
    }


async def _consommer(pool: asyncpg.Pool, n: int, jours: int) -> int:
    dictionnaire = Dictionnaire(SCHEMA)
    await dictionnaire.completer(pool, [nom for p in DEFINITION.processus for nom in noms_de(p)])
    lecteur = LecteurEnLot(DEFINITION.processus, codes_par_slug())
    calculs = calculs_du_service(SCHEMA, dictionnaire)
    traitement = TraitementDossiers(Depot(SCHEMA), lecteur, calculs, dictionnaire, pool, PARTITIONS)
    lots: list[list[Enregistrement]] = [[] for _ in range(PARTITIONS)]
    recus = 0

    async def appliquer(partition: int) -> None:
        lot, lots[partition] = traitement.preparer(lots[partition]), []
        if lot.rejets:
            raise SystemExit(lot.rejets[0].message)
        async with acquerir(pool) as conn, conn.transaction():
            await traitement.appliquer(conn, lot, partition)

    for recus, (_, subject, valeur) in enumerate(_envois(n, jours), 1):
        partition = partition_de(cle("fse", "urn:vigie:source:bench", subject), PARTITIONS)
        lots[partition].append(Enregistrement("bench", partition, recus, b"", valeur, 0))
        if len(lots[partition]) >= LOT:
            await appliquer(partition)
    for partition in range(PARTITIONS):
        await appliquer(partition)
    return recus


async def _comparer(pool: asyncpg.Pool, genre: int, evenements: int) -> dict[str, int]:
    """Rows and bytes (table and key, rewritten without holes) per million events."""
    table, dims = f"{SCHEMA}.{TABLE[genre]}", ", ".join(DIMENSIONS[genre])
    champs = ", ".join(f"{c} {type_de(c, genre)} NOT NULL" for c in (*DIMENSIONS[genre], *MESURES[genre]))
    sommes = ", ".join(f"sum({m})::bigint" for m in MESURES[genre])
    await pool.execute(f"CREATE TABLE {table}_sans ({champs}, PRIMARY KEY ({dims})) WITH (fillfactor = 80)")
    await pool.execute(
        f"INSERT INTO {table}_sans SELECT {dims}, {sommes} FROM {table} GROUP BY {dims} "
        f"HAVING {' OR '.join(f'sum({m}) <> 0' for m in MESURES[genre])}"
    )
    releve: dict[str, int] = {}
    for suffixe in ("", "_sans"):
        await pool.execute(f"VACUUM FULL {table}{suffixe}")
        lignes = await pool.fetchval(f"SELECT count(*) FROM {table}{suffixe}")
        octets = await pool.fetchval("SELECT pg_total_relation_size($1::regclass)", f"{table}{suffixe}")
        releve |= {
            f"lignes{suffixe}": lignes * MILLION // evenements,
            f"octets{suffixe}": octets * MILLION // evenements,
        }
    return releve


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.croissance", description="Croissance des cellules par million")
    options.add_argument("--n", type=int, default=300_000, help="événements")
    options.add_argument("--jours", type=int, nargs="+", default=[4, 20], help="jours sur lesquels ils se répartissent")
    choix = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as dossier:
        embarque.demarrer(Path(dossier) / "postgres")
        serveur = embarque.serveur_embarque(Path(dossier) / "postgres")
        try:
            releves = []
            for rang, jours in enumerate(choix.jours):
                embarque.creer_base(serveur, f"croissance{rang}")
                releves.append(asyncio.run(mesurer(serveur.url(f"croissance{rang}"), choix.n, jours)))
                print(json.dumps(releves[-1], indent=1), flush=True)
        finally:
            embarque.arreter(Path(dossier) / "postgres")
    print(json.dumps({"releves": releves, "machine": machine()}))


if __name__ == "__main__":
    principal()
