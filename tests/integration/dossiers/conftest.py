"""A dossier service without its doors: its tables, its handler, and a log of hand-made records kept in a list."""

import dataclasses
import json
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from shared.catalogue.processus import Processus, processus_du_service
from shared.clock import SimulatedClock
from shared.database.connexion import acquerir, creer_pool, fermer_pool
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.contributions import DIMENSIONS, MESURES, Codes, noms_de
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.lieux import codes_par_slug, lieux
from shared.dossiers.schema import ddl_v1
from shared.dossiers.store import Depot
from shared.dossiers.tables import TABLE
from shared.dossiers.traitement import TraitementDossiers
from shared.events.contrat import cle
from shared.events.lecture_en_lot import LecteurEnLot
from shared.log import positions
from shared.log.tables import creer
from shared.log.types import Bornes, Enregistrement, partition_de

SCHEMA, TOPIC, PARTITIONS = "claims", "essais.claims.v1", 3
PARIS = ZoneInfo("Europe/Paris")
FABRIQUE = partial(calculs_du_service, "claims")


def instant(texte: str) -> str:
    """``2026-03-03 09:00``, Paris time, as an event writes it."""
    return datetime.fromisoformat(texte).replace(tzinfo=PARIS).isoformat()


def evenement(
    process: str,
    subject: str,
    jalons: Mapping[str, str | list[str]],
    recu: str,
    *,
    id: str | None = None,
    source: str = "urn:vigie:source:essai",
    revision: int = 0,
    cible: str | None = None,
    **data: Any,
) -> dict[str, Any]:
    """One event; ``recu``: when Vigie accepted it. ``cible`` makes it a retraction."""
    corps: dict[str, Any] = {
        "specversion": "1.0",
        "id": id or f"{subject}-{'-'.join(jalons) or 'retrait'}",
        "source": source,
        "namespace": "urn:vigie:numeros:essai",
        "subject": subject,
        "recordedtime": instant(recu),
        "revision": revision,
    }
    if cible is not None:
        return corps | {"type": f"vigie.{process}.retrait.v1", "data": {"cible": cible}}
    dates = {n: instant(v) if isinstance(v, str) else [instant(x) for x in v] for n, v in jalons.items()}
    return corps | {"type": f"vigie.{process}.dossier.v1", "data": {"caisse": "cpam-75", **data, "jalons": dates}}


class DepotMixte(Depot):
    """Writes what little a test sends by both ways: arrays, and from the third row on by COPY."""

    LOT_COPIE = 2


@dataclass
class Journal:
    """The part of the log's interface that a replay asks for, over records kept in memory, offsets from ``debut``."""

    records: dict[int, list[Enregistrement]] = field(default_factory=lambda: {p: [] for p in range(PARTITIONS)})
    debut: int = 0

    def ajouter(self, corps: Mapping[str, Any] | bytes, partition: int | None = None) -> None:
        if isinstance(corps, bytes):
            valeur, p = corps, partition or 0
        else:
            valeur = json.dumps(corps).encode()
            k = cle(corps["type"].split(".")[1], corps["namespace"], corps["subject"])
            p = partition_de(k, PARTITIONS) if partition is None else partition
        suite = self.records[p]
        suite.append(Enregistrement(TOPIC, p, len(suite), b"", valeur, 1_780_000_000_000))

    async def partitions(self, topic: str) -> int:
        return PARTITIONS

    async def bornes(self, topic: str) -> dict[int, Bornes]:
        return {p: Bornes(self.debut, len(suite)) for p, suite in self.records.items()}

    async def lire(self, topic: str, partition: int, offset: int, maximum: int) -> Sequence[Enregistrement]:
        return self.records[partition][offset : offset + maximum]


@dataclass
class Service:
    """The service under test. ``traitement`` follows the catalogue in force until ``redefinir``."""

    url: str
    pool: asyncpg.Pool
    dictionnaire: Dictionnaire
    lecteur: LecteurEnLot
    traitement: TraitementDossiers
    journal: Journal
    clock: SimulatedClock

    def redefinir(self, definitions: Iterable[Processus]) -> dict[str, CalculEnLot]:
        """From now on the handler follows these definitions; its calculators."""
        calculs = {p.code: CalculEnLot(p, lieux(), self.dictionnaire) for p in definitions}
        self.traitement = TraitementDossiers(
            DepotMixte(SCHEMA), self.lecteur, calculs, self.dictionnaire, self.pool, PARTITIONS
        )
        return calculs

    async def consommer(self, lot: int = 1_000) -> None:
        """Consume the log to its end, in batches, each in the transaction of its position."""
        for partition in self.journal.records:
            while await self._un_lot(partition, lot):
                pass

    async def _un_lot(self, partition: int, lot: int) -> bool:
        async with acquerir(self.pool) as conn:
            debut = await positions.charger(conn, SCHEMA, SCHEMA, TOPIC, partition)
            if debut is None:
                await positions.creer(conn, SCHEMA, SCHEMA, TOPIC, partition, debut := 0)
            records = await self.journal.lire(TOPIC, partition, debut, lot)
            if not records:
                return False
            prepare = self.traitement.preparer(records)
            async with conn.transaction():
                await positions.avancer(conn, SCHEMA, SCHEMA, TOPIC, partition, debut, records[-1].suivant)
                await self.traitement.appliquer(conn, prepare, partition)
        return True

    async def envoyer(self, *corps: Mapping[str, Any], lot: int = 1_000) -> None:
        """Put events into the log and consume them."""
        for un in corps:
            self.journal.ajouter(un)
        await self.consommer(lot)

    async def table(self, nom: str, ordre: str = "1") -> list[tuple]:
        return [tuple(li) for li in await self.pool.fetch(f"SELECT * FROM {SCHEMA}.{nom} ORDER BY {ordre}")]

    async def lectures(self, jusque: int | None = None) -> dict[str, list[tuple]]:
        """Every cell by recorded day and cause, summed over shards, zeros left out, recorded up to a day."""
        lu = {}
        for genre, table in TABLE.items():
            dims = ", ".join((*DIMENSIONS[genre], "enregistre", "cause"))
            sommes = [f"sum({m})" for m in MESURES[genre]]
            condition = "true" if jusque is None else f"enregistre <= {jusque}"
            requete = (
                f"SELECT {dims}, {', '.join(f'{s}::bigint' for s in sommes)} FROM {SCHEMA}.{table} WHERE {condition} "
                f"GROUP BY {dims} HAVING {' OR '.join(f'{s} <> 0' for s in sommes)}"
            )
            lu[table] = sorted(tuple(li) for li in await self.pool.fetch(requete))
        return lu


@pytest.fixture(autouse=True)
def colonnes_des_trois(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three events and more go in columns, smaller ones one by one: both ways on what little is sent."""
    for classe in (LecteurEnLot, CalculEnLot):
        monkeypatch.setattr(classe, "LOT_MIN", 3)


@pytest.fixture
async def service(postgres_vide: str) -> AsyncIterator[Service]:
    async with ouvrir_service(postgres_vide) as ouvert:
        yield ouvert


@asynccontextmanager
async def ouvrir_service(url: str) -> AsyncIterator[Service]:
    pool = await creer_pool(url, 6)
    await pool.execute(f"CREATE SCHEMA {SCHEMA}")
    for ordre in (*ddl_v1(SCHEMA), *creer(SCHEMA)):
        await pool.execute(ordre)
    definitions = processus_du_service("claims")
    dictionnaire = Dictionnaire(SCHEMA)
    await dictionnaire.completer(pool, [nom for p in definitions for nom in noms_de(p)])
    lecteur = LecteurEnLot(definitions, codes_par_slug())
    traitement = TraitementDossiers(DepotMixte(SCHEMA), lecteur, FABRIQUE(dictionnaire), dictionnaire, pool, PARTITIONS)
    clock = SimulatedClock(datetime(2026, 4, 1, 12, tzinfo=UTC))
    yield Service(url, pool, dictionnaire, lecteur, traitement, Journal(), clock)
    await fermer_pool(pool)


def sans_suspension(codes: Codes) -> Mapping[str, CalculEnLot]:
    """Another catalogue: CMU-C/ACS without suspensions, split by regime."""
    return {
        p.code: CalculEnLot(
            dataclasses.replace(p, suspensions=(), strates=("regime",)) if p.code == "cmuc_acs" else p, lieux(), codes
        )
        for p in processus_du_service("claims")
    }


def histoire(n: int, graine: int = 1) -> list[dict[str, Any]]:
    """A mixed history of ``n`` requests and claims over March 2026: openings, suspensions, closings, corrections,
    retractions, doubles, changes of caisse; in an order of its own."""
    hasard = random.Random(graine)
    suite: list[dict[str, Any]] = []

    def le(jour: int) -> str:
        return f"2026-03-{jour:02d} {hasard.randrange(24):02d}:{hasard.randrange(60):02d}"

    for i in range(n):
        debut = hasard.randint(1, 12)
        fin = debut + hasard.randint(0, 15)
        caisse = hasard.choice(("cpam-75", "cpam-59-flandres", "cgss-974"))
        if i % 2:
            suite.append(evenement("fse", f"F{i}", {"recue": le(debut)}, f"2026-03-{debut:02d} 12:00", caisse=caisse))
            suite.append(
                evenement("fse", f"F{i}", {"payee": le(fin)}, f"2026-03-{fin + 1:02d} 12:00", caisse=caisse, nombre=2)
            )
        else:
            jalons = {"recue": le(debut), "incomplete": [le(debut + 1)], "completee": [le(debut + 2)]}
            suite.append(
                evenement(
                    "cmuc_acs", f"C{i}", jalons, f"2026-03-{debut + 2:02d} 12:00", caisse=caisse, support="courrier"
                )
            )
            if hasard.random() < 0.8:
                suite.append(
                    evenement(
                        "cmuc_acs", f"C{i}", {"decidee_accord": le(fin)}, f"2026-03-{fin + 1:02d} 12:00", caisse=caisse
                    )
                )
    ailleurs = {"revision": 1, "recordedtime": instant("2026-03-30 09:00")}
    suite += [un | ailleurs | {"data": un["data"] | {"caisse": "cpam-13"}} for un in hasard.sample(suite, n // 5)]
    for un in hasard.sample(suite, n // 10):
        retrait = {"type": un["type"].replace("dossier", "retrait"), "data": {"cible": un["id"]}, "id": f"r-{un['id']}"}
        suite.append(un | retrait | {"revision": 0, "recordedtime": instant("2026-03-31 09:00")})
    suite += hasard.sample(suite, n // 5)
    hasard.shuffle(suite)
    return suite
