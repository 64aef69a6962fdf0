"""The night's maintenance of a dossier service: what is old is forgotten or folded, once a night, by one process.

Steps, in order: the chains of persons and the closed dossiers that have had their time, the fold, the old records of
the log where it has a retention, what was refused too long ago, then the old rows of the register where they have a
retention. Each is made of bounded transactions, may be stopped anywhere and run again; ``entretiens`` says when each
was last done, so that a night that was cut short goes on from the step it was in.
Readings do not move.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import asyncpg

from shared.catalogue.processus import ProcessusInconnu, processus
from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.dossiers.derives.personnes import tient_les_personnes
from shared.dossiers.derives.retention import des_chaines
from shared.dossiers.jours import jour_paris
from shared.dossiers.pliage import plier
from shared.dossiers.retention import Garde, des_clos, oublier
from shared.log.entretien import elaguer_rejets, retard
from shared.log.types import Journal
from shared.service.audit.elagage import elaguer_les_anciennes
from shared.service.reglages import Reglages, ReglagesInvalides

_VERROU = 0x5669_656E  # advisory lock of the one process of a service that does this
_PARIS = ZoneInfo("Europe/Paris")

OUBLI, PLIAGE, JOURNAL, REJETS, REGISTRE = "oubli", "pliage", "journal", "rejets", "registre"


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the table (first migration of a dossier service)."""
    return [
        f"""CREATE TABLE {schema}.entretiens (
            etape text PRIMARY KEY, nuit integer NOT NULL, fini timestamptz NOT NULL,
            lignes bigint NOT NULL, secondes double precision NOT NULL)""",
        f"COMMENT ON TABLE {schema}.entretiens IS 'Steps of the nightly maintenance, the last night each was done'",
    ]


@dataclass(frozen=True, slots=True)
class Lus:
    """The log, and what the service reads of it: topic -> group."""

    journal: Journal
    groupes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a service keeps up. ``heure``: of Paris, from which a night is due. ``chaines``: days a person's chain is
    kept, None where there are none. ``dossiers``: process -> days a closed dossier is kept. ``journal``: days the
    records of the log are, None for ever. ``rejets``: days what was refused is. ``audit``: days the rows of the
    register are, None for ever."""

    heure: int = 2
    chaines: int | None = None
    dossiers: Mapping[str, int] = field(default_factory=dict)
    journal: int | None = None
    rejets: int = 400
    audit: int | None = None

    def etapes(self) -> list[str]:
        """Names of the steps, in order."""
        oubli = [] if self.chaines is None and not self.dossiers else [OUBLI]
        journal = [] if self.journal is None else [JOURNAL]
        registre = [] if self.audit is None else [REGISTRE]
        return [*oubli, PLIAGE, *journal, REJETS, *registre]

    def nuit(self, instant: datetime) -> int:
        """Day number of the last night that had begun at ``instant``."""
        local = instant.astimezone(_PARIS).replace(tzinfo=None) - timedelta(hours=self.heure)
        return (local.date() - datetime(1970, 1, 1).date()).days


@dataclass(frozen=True, slots=True)
class Etape:
    """A step that was done: rows or dossiers it moved, and how long it took."""

    nom: str
    lignes: int
    secondes: float


def plan_du_service(service: str, reglages: Reglages) -> Plan:
    """What the settings ask of one service. Raises ReglagesInvalides for a process that is not in the catalogue."""
    try:
        dossiers = {p: j for p, j in reglages.retention_dossiers.items() if processus(p).service == service}
    except ProcessusInconnu as exc:
        raise ReglagesInvalides(f"VIGIE_RETENTION_DOSSIERS : {exc}") from None
    chaines = reglages.retention_chaines_jours if tient_les_personnes(service) else None
    # Records are dated by the machine: a simulated present says nothing of their age.
    journal = reglages.retention_journal_jours if reglages.horloge == "systeme" else None
    return Plan(
        reglages.entretien_heure,
        chaines,
        dossiers,
        journal,
        reglages.retention_rejets_jours,
        reglages.retention_audit_jours,
    )


async def entretenir(
    pool: asyncpg.Pool,
    schema: str,
    clock: Clock,
    plan: Plan,
    lus: Lus,
    *,
    encore: bool = False,
    progres: Callable[[Etape], None] | None = None,
) -> list[Etape] | None:
    """Do what the night has not done yet, or all of it again (``encore``); the steps done.

    None, and nothing is done, when another process of the service is at it.
    """
    maintenant = clock.now()
    nuit, jour, faites = plan.nuit(maintenant), jour_paris(maintenant), []
    async with _seul(pool, schema) as conn:
        if conn is None:
            return None
        derniers = {} if encore else await _derniers(conn, schema)
        for nom, faire in _actions(pool, schema, clock, plan, lus, jour).items():
            if nom in derniers and derniers[nom][0] >= nuit:
                continue
            depart = time.monotonic()
            etape = Etape(nom, await faire(), time.monotonic() - depart)
            # On the connection that holds the lock: whoever lost it does not say that the step is done.
            await _noter(conn, schema, nuit, clock.now(), etape)
            faites.append(etape)
            if progres is not None:
                progres(etape)
    return faites


async def derniere(pool: asyncpg.Pool, schema: str, plan: Plan) -> tuple[int, datetime] | None:
    """The last night of which every step is done, and when its last step was; None when there was none."""
    async with acquerir(pool) as conn:
        derniers = await _derniers(conn, schema)
    siens = [derniers[nom] for nom in plan.etapes() if nom in derniers]
    if len(siens) < len(plan.etapes()):
        return None
    return min(nuit for nuit, _ in siens), max(fini for _, fini in siens)


def _actions(
    pool: asyncpg.Pool, schema: str, clock: Clock, plan: Plan, lus: Lus, jour: int
) -> dict[str, Callable[[], Awaitable[int]]]:
    chaines = [] if plan.chaines is None else [des_chaines(jour - plan.chaines)]
    gardes = [*chaines, *(des_clos(process, jour - jours) for process, jours in plan.dossiers.items())]
    oubli = [partial(_oublier, pool, schema, gardes)] if gardes else []
    maintenant = clock.now()
    garde = plan.journal
    journal = [] if garde is None else [partial(_elaguer, pool, schema, lus, maintenant - timedelta(days=garde))]
    rejets = partial(_oublier_rejets, pool, schema, lus, maintenant - timedelta(days=plan.rejets))
    plier_ = partial(_plier, pool, schema, clock)
    jours = plan.audit
    registre = [] if jours is None else [partial(elaguer_les_anciennes, pool, schema, jours, maintenant)]
    return dict(zip(plan.etapes(), [*oubli, plier_, *journal, rejets, *registre], strict=True))


async def _oublier(pool: asyncpg.Pool, schema: str, gardes: Sequence[Garde]) -> int:
    return (await oublier(pool, schema, gardes)).purges


async def _plier(pool: asyncpg.Pool, schema: str, clock: Clock) -> int:
    return (await plier(pool, schema, clock)).total


async def _elaguer(pool: asyncpg.Pool, schema: str, lus: Lus, avant: datetime) -> int:
    """Records forgotten. A topic that has any left to read is left as it is."""
    oublies = 0
    for topic, groupe in lus.groupes.items():
        if await retard(pool, schema, lus.journal, topic, groupe):
            continue
        debuts = {p: b.debut for p, b in (await lus.journal.bornes(topic)).items()}
        await lus.journal.elaguer(topic, avant)
        oublies += sum(b.debut - debuts[p] for p, b in (await lus.journal.bornes(topic)).items())
    return oublies


async def _oublier_rejets(pool: asyncpg.Pool, schema: str, lus: Lus, avant: datetime) -> int:
    debuts = {
        (topic, partition): bornes.debut
        for topic in lus.groupes
        for partition, bornes in (await lus.journal.bornes(topic)).items()
    }
    return await elaguer_rejets(pool, schema, avant, debuts)


@asynccontextmanager
async def _seul(pool: asyncpg.Pool, schema: str) -> AsyncIterator[asyncpg.Connection | None]:
    """The connection that holds the lock of this work while it lasts, or None when another holds it."""
    async with acquerir(pool) as conn:
        if not await conn.fetchval("SELECT pg_try_advisory_lock($1, hashtext($2))", _VERROU, schema):
            yield None
            return
        try:
            yield conn
        finally:
            if not conn.is_closed():
                await conn.execute("SELECT pg_advisory_unlock($1, hashtext($2))", _VERROU, schema)


async def _derniers(conn: asyncpg.Connection, schema: str) -> dict[str, tuple[int, datetime]]:
    lignes = await conn.fetch(f"SELECT etape, nuit, fini FROM {schema}.entretiens")
    return {ligne["etape"]: (ligne["nuit"], ligne["fini"]) for ligne in lignes}


async def _noter(conn: asyncpg.Connection, schema: str, nuit: int, fini: datetime, etape: Etape) -> None:
    await conn.execute(
        f"""
        INSERT INTO {schema}.entretiens (etape, nuit, fini, lignes, secondes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (etape) DO UPDATE SET nuit = excluded.nuit, fini = excluded.fini, lignes = excluded.lignes,
            secondes = excluded.secondes
        """,
        etape.nom,
        nuit,
        fini,
        etape.lignes,
        etape.secondes,
    )
