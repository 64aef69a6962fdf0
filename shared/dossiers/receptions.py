"""What each source sent, counted in the batch's own transaction: what completeness and silences are read from.

A row counts the events of one source and process that tell of one day, whatever became of them: an event sent twice
was received twice. The day is the event's, on Paris winter time all year, so that what comes late fills the day it
was missing from. ``premier``: Unix second at which the first of them was accepted; ``dernier``: the latest of their
own times. A provenance says that a source spoke of a caisse. Rows carry the shard of their partition, as cells do, so
that no two consumers touch one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
import numpy as np
from numpy.typing import NDArray

from shared.dossiers.dictionnaire import Dictionnaire

JOUR = 86_400
HEURE_D_HIVER = 3_600
"""Seconds added to UTC to read the day."""

_JOURS_MAX = 2**20
_CAISSES_MAX = 2**16

Entiers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Compte:
    """What a batch adds. ``lignes``: (source, process, day, n, first, last); ``provenances``: the caisses each
    source spoke of (source, process, caisse)."""

    lignes: Sequence[tuple[int, str, int, int, int, int]]
    provenances: frozenset[tuple[int, str, int]]


def jour_de_reception(instant: int) -> int:
    """The day under which an instant is counted."""
    return (instant + HEURE_D_HIVER) // JOUR


class Recus(NamedTuple):
    """Events of one process, a row each: code of the source, second it was accepted, its own time, caisse."""

    process: str
    sources: Entiers
    enregistres: Entiers
    temps: Entiers
    caisses: Entiers


def compter(recus: Sequence[Recus]) -> Compte:
    """The counts of a batch. Retractions, which tell of no day, are left out.

    An event dated after it was accepted counts on the day it was accepted.
    """
    lignes: list[tuple[int, str, int, int, int, int]] = []
    provenances: set[tuple[int, str, int]] = set()
    for process in {r.process: None for r in recus}:
        tous = [
            np.concatenate(colonnes) for colonnes in zip(*[r[1:] for r in recus if r.process == process], strict=True)
        ]
        dates = np.flatnonzero(tous[2])
        if not len(dates):
            continue
        sources, enregistres, temps, caisses = (colonne[dates] for colonne in tous)
        temps = np.minimum(temps, enregistres)
        jours = (temps + HEURE_D_HIVER) // JOUR
        cles = sources * _JOURS_MAX + jours
        ordre = np.argsort(cles, kind="stable")
        debuts = np.flatnonzero(np.diff(cles[ordre], prepend=-1))
        un = ordre[debuts]
        lignes += [
            (source, process, *reste)
            for source, *reste in zip(
                sources[un].tolist(),
                jours[un].tolist(),
                np.diff(debuts, append=len(ordre)).tolist(),
                np.minimum.reduceat(enregistres[ordre], debuts).tolist(),
                np.maximum.reduceat(temps[ordre], debuts).tolist(),
                strict=True,
            )
        ]
        dits = np.unique((sources * _CAISSES_MAX + caisses)[caisses != 0]).tolist()
        provenances.update((dit // _CAISSES_MAX, process, dit % _CAISSES_MAX) for dit in dits)
    return Compte(sorted(lignes), frozenset(provenances))


class Receptions:
    """Writer of one schema's counts, shared by the lanes of a consumer."""

    def __init__(self, schema: str, dictionnaire: Dictionnaire) -> None:
        self._dictionnaire = dictionnaire
        self._connues: set[tuple[int, int, int, int]] = set()
        self._sql = (
            f"INSERT INTO {schema}.receptions AS r (jour, source, process, shard, n, premier, dernier) "
            "SELECT * FROM unnest($1::int[], $2::int[], $3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[], "
            "$7::bigint[]) ON CONFLICT (jour, source, process, shard) DO UPDATE SET n = r.n + excluded.n, "
            "premier = least(r.premier, excluded.premier), dernier = greatest(r.dernier, excluded.dernier)"
        )
        self._sql_connues = f"SELECT source, process, caisse, shard FROM {schema}.provenances WHERE shard = $1"
        self._sql_provenances = (
            f"INSERT INTO {schema}.provenances SELECT * FROM unnest($1::int[], $2::smallint[], $3::smallint[], "
            "$4::smallint[])"
        )

    async def ecrire(self, conn: asyncpg.Connection, recus: Sequence[Recus], shard: int) -> None:
        """Add a batch, in its transaction: one statement, and a second the first times that a source speaks of a
        caisse."""
        compte, code = compter(recus), self._dictionnaire.code
        if compte.lignes:
            lignes = [
                (jour, source, code("process", process), shard, n, premier, dernier)
                for source, process, jour, n, premier, dernier in compte.lignes
            ]
            await conn.execute(self._sql, *zip(*lignes, strict=True))
        venues = {(source, code("process", process), caisse, shard) for source, process, caisse in compte.provenances}
        if venues <= self._connues:
            return
        # What is remembered was committed: a batch that is rolled back is counted again from the start.
        self._connues.update([(li[0], li[1], li[2], li[3]) for li in await conn.fetch(self._sql_connues, shard)])
        if nouvelles := sorted(venues - self._connues):
            await conn.execute(self._sql_provenances, *zip(*nouvelles, strict=True))


async def plier_receptions(conn: asyncpg.Connection, schema: str, du: int, avant: int, plie: int) -> int:
    """Make one row, of shard ``plie``, of the shards of each day from ``du`` to before ``avant``; how many
    rows went in.

    In the caller's transaction, from which consumers are kept out (``Depot.exclure_les_consommateurs``).
    """
    pliees: int = await conn.fetchval(
        f"""
        WITH pris AS (DELETE FROM {schema}.receptions WHERE jour >= $3 AND jour < $1 AND shard <> $2 RETURNING *),
        verse AS (
            INSERT INTO {schema}.receptions AS r (jour, source, process, shard, n, premier, dernier)
            SELECT jour, source, process, $2, sum(n)::bigint, min(premier), max(dernier) FROM pris
            GROUP BY jour, source, process
            ON CONFLICT (jour, source, process, shard) DO UPDATE SET n = r.n + excluded.n,
                premier = least(r.premier, excluded.premier), dernier = greatest(r.dernier, excluded.dernier))
        SELECT count(*) FROM pris
        """,
        avant,
        plie,
        du,
    )
    return pliees
