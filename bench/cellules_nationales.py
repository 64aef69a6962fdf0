"""Cells of the national network over many months, written straight into the tables, with realistic strata.

Calls: 107 caisses, working days, nine hours, every motif and level, five outcomes: about two million calls a month.
Electronic claims: every delay of 0 to 24 days, two kinds of beneficiary, two outcomes.
"""

from collections.abc import Sequence
from datetime import date

import asyncpg
import numpy as np

from shared.catalogue.processus import charger_processus
from shared.database.connexion import acquerir
from shared.dossiers.contributions import CLOS, DIMENSIONS, MESURES, nom_strate
from shared.dossiers.deltas import sommer_lignes
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.mouvements import AXES, JOURS_FINS, marquer
from shared.dossiers.store import Depot
from shared.dossiers.tables import PLIE, TABLE
from shared.indicators.periodes import Periode, decouper
from shared.network.jours import date_de, jour_de
from shared.network.reseau import charger

SHARDS = 4

ISSUES_APPEL = {"decroche": (1.0, 5), "abandon": (0.45, 1), "abandon_court": (0.2, 1), "deborde": (0.15, 1),
                "hors_horaires": (0.1, 1)}  # fmt: skip
"""Outcome -> share of the (hour, stratum) that have some, and how many more than one."""

PAR_JOUR = 100
"""Cells of each kind that a batch adds to, on each day it touches."""

_SAMEDI = 5

_OUVRE = "(j + 3) % 7 < 5"
"""SQL: the day number ``j`` is not of a week-end (day 0 was a Thursday)."""


def mois(nombre: int, dernier: date) -> list[Periode]:
    """The ``nombre`` whole months up to that of ``dernier``."""
    rang = dernier.year * 12 + dernier.month - nombre
    debut, suivant = date(rang // 12, rang % 12 + 1, 1), dernier.year * 12 + dernier.month
    return decouper(debut, date.fromordinal(date(suivant // 12, suivant % 12 + 1, 1).toordinal() - 1), "mois")


async def appels(pool: asyncpg.Pool, periodes: Sequence[Periode], aujourdhui: int, mois_d_attentes: int = 1) -> None:
    """Calls by hour, and their waits for the last months only: no value of the bench is read from older ones."""
    p = charger_processus()["appel"]
    strates = [nom_strate({"motif": m, "niveau": n}) for m in p.attributs["motif"] for n in p.attributs["niveau"]]
    noms = await _noms(pool, "contacts", "appel", [("strate", s) for s in strates])
    issues = ", ".join(f"({noms.code('issue', i)}, {part}, {plus})" for i, (part, plus) in ISSUES_APPEL.items())
    codes = [noms.code("strate", s) for s in strates]
    await _remplir(
        pool, "contacts.flux", periodes,
        f"""INSERT INTO contacts.flux (process, caisse, productrice, plateforme, strate, jour, heure, issue,
                enregistre, cause, shard, n)
            SELECT {noms.code("process", "appel")}, c, c, 0, s, j, h, i.code, j, 0, {PLIE},
                1 + (random() * i.plus * 2)::int
            FROM generate_series($1::int, least($2::int, {aujourdhui})) j, unnest({_caisses()}) c,
                generate_series(8, 16) h, unnest('{{{",".join(map(str, codes))}}}'::int[]) s,
                (VALUES {issues}) i(code, part, plus)
            WHERE {_OUVRE} AND random() < i.part""",
    )  # fmt: skip
    await _remplir(
        pool, "contacts.attentes", periodes[-mois_d_attentes:],
        f"""INSERT INTO contacts.attentes (process, caisse, productrice, plateforme, jour, issue, secondes,
                enregistre, cause, shard, n)
            SELECT {noms.code("process", "appel")}, c, c, 0, j, {noms.code("issue", "decroche")}, s, j, 0, {PLIE},
                1 + (random() * 8)::int
            FROM generate_series($1::int, least($2::int, {aujourdhui})) j, unnest({_caisses()}) c,
                generate_series(1, 300) s
            WHERE {_OUVRE} AND random() < 0.6""",
    )  # fmt: skip
    await _marquer(pool, "contacts", noms.code("process", "appel"), periodes, aujourdhui)


async def feuilles(pool: asyncpg.Pool, periodes: Sequence[Periode], aujourdhui: int) -> None:
    """Electronic claims, closed and opened: some of the last ones are still open."""
    p = charger_processus()["fse"]
    strates = [nom_strate({"beneficiaire": b}) for b in p.attributs["beneficiaire"]]
    noms = await _noms(pool, "claims", "fse", [("strate", s) for s in strates])
    process, codes = noms.code("process", "fse"), [noms.code("strate", s) for s in strates]
    zeros = ", ".join("0" for _ in MESURES[CLOS][2:])
    await _remplir(
        pool, "claims.clos", periodes,
        f"""INSERT INTO claims.clos (process, caisse, productrice, plateforme, strate, jour_ouvert, heure_ouvert,
                jour_clos, issue, heures, heures_ouvrees, jours_hors_suspension, jours_ouvres_hors_suspension,
                enregistre, cause, shard, {", ".join(MESURES[CLOS])})
            SELECT {process}, c, c, 0, s, j - d, -1, j, i.code, -1, -1, -1, -1, j, 0, {PLIE},
                m.n, m.n * d * 86400, {zeros}
            FROM generate_series($1::int, least($2::int, {aujourdhui})) j, unnest({_caisses()}) c,
                generate_series(0, 24) d, unnest('{{{",".join(map(str, codes))}}}'::int[]) s,
                (VALUES ({noms.code("issue", "paye")}, 1.0), ({noms.code("issue", "rejet")}, 0.2)) i(code, part),
                LATERAL (SELECT 1 + (random() * 1200 / (1 + abs(d - 3)))::int + 0 * (j + c + d + s) AS n) m
            WHERE {_OUVRE} AND random() < i.part""",
    )  # fmt: skip
    async with pool.acquire() as conn:
        await conn.execute(
            f"""INSERT INTO claims.ouverts (process, caisse, strate, jour, heure, enregistre, cause, shard, n)
            SELECT process, caisse, strate, jour_ouvert, -1, jour_ouvert, 0, {PLIE},
                sum(n) + CASE WHEN jour_ouvert > {aujourdhui - 30} THEN 500 ELSE 0 END
            FROM claims.clos GROUP BY process, caisse, strate, jour_ouvert"""
        )
        await conn.execute("ANALYZE claims.ouverts")
    await _marquer(pool, "claims", process, periodes, aujourdhui)


async def bouger(pool: asyncpg.Pool, schema: str, periode: Periode) -> None:
    """What a batch would say that touches every kind of cell of that month."""
    await pool.execute(
        f"""INSERT INTO {schema}.mouvements AS m SELECT DISTINCT process, axe, $1::int, $2::int, 0, 1
        FROM {schema}.mouvements ON CONFLICT (process, axe, du, au, shard) DO UPDATE SET numero = m.numero + 1""",
        *periode,
    )


async def compter(pool: asyncpg.Pool, schema: str, jours: Sequence[int]) -> None:
    """A batch as a consumer writes it: items like ``PAR_JOUR`` of each kind of cell that these days have already."""
    cellules = {}
    async with acquerir(pool) as conn:
        for genre, table in TABLE.items():
            noms = DIMENSIONS[genre]
            jour = next(nom for nom in ("jour_clos", "jour") if nom in noms)
            lues = [
                [*ligne, aujourd_hui(), 0, 1, *[0] * (len(MESURES[genre]) - 1)]
                for j in jours
                for ligne in await conn.fetch(
                    f"SELECT {', '.join(noms)} FROM {schema}.{table} WHERE {jour} = $1 AND shard = {PLIE} LIMIT $2",
                    j,
                    PAR_JOUR,
                )
            ]
            if lues:
                cellules[genre] = sommer_lignes(np.array(lues, dtype=np.int64), len(MESURES[genre]))
    async with acquerir(pool) as conn, conn.transaction():
        await Depot(schema).ajouter(conn, {0: cellules})
        await marquer(conn, schema, cellules, 0)


def jours_pleins(nombre: int) -> list[int]:
    """The last days that have cells."""
    jours = range(aujourd_hui(), aujourd_hui() - 3 * nombre - 7, -1)
    return [jour for jour in jours if date_de(jour).weekday() < _SAMEDI][:nombre]


async def tailles(pool: asyncpg.Pool, schema: str, tables: Sequence[str]) -> dict[str, dict[str, int]]:
    """Rows and bytes, indexes included, of these tables."""
    lues = {}
    for table in tables:
        nom = f"{schema}.{table}"
        lues[nom] = {
            "lignes": await pool.fetchval(f"SELECT count(*) FROM {nom}"),
            "octets": await pool.fetchval("SELECT pg_total_relation_size($1::regclass)", nom),
        }
    return lues


def _caisses() -> str:
    return f"'{{{','.join(str(c.code) for c in charger().caisses)}}}'::int[]"


async def _noms(pool: asyncpg.Pool, schema: str, process: str, noms: Sequence[tuple[str, str]]) -> Dictionnaire:
    dictionnaire = Dictionnaire(schema)
    await dictionnaire.completer(pool, [*noms, ("serie", f"{process}|bench")])
    return dictionnaire


async def _remplir(pool: asyncpg.Pool, table: str, periodes: Sequence[Periode], ordre: str) -> None:
    """Month by month without the primary key, which is made again at the end."""
    async with pool.acquire() as conn:
        ((nom, cle),) = await conn.fetch(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = $1::regclass AND contype = 'p'",
            table,
        )
        await conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {nom}")
        for periode in periodes:
            await conn.execute(ordre, *periode, timeout=600)
        await conn.execute("SET maintenance_work_mem = '512MB'")
        await conn.execute(f"ALTER TABLE {table} ADD CONSTRAINT {nom} {cle}", timeout=1_200)
        await conn.execute(f"VACUUM ANALYZE {table}", timeout=1_200)


async def _marquer(pool: asyncpg.Pool, schema: str, process: int, periodes: Sequence[Periode], aujourdhui: int) -> None:
    """The movements that so many batches would have left: months long past, and the last days one by one."""
    jours = [(jour, jour) for jour in range(aujourdhui - JOURS_FINS, aujourdhui + 1)]
    await pool.executemany(
        f"INSERT INTO {schema}.mouvements VALUES ($1, $2, $3, $4, $5, 1000)",
        [
            (process, axe, *tranche, shard)
            for axe in range(len(AXES))
            for tranche in (*periodes, *jours)
            for shard in range(SHARDS)
        ],
    )


def aujourd_hui() -> int:
    """Today's day number."""
    return jour_de(date.today())
