"""What moved: a number per process, column of days and range of days, raised in the transaction that moves cells.

A figure read from some days of some cells is still right as long as the sum of the numbers over those days is what
it was before the cells were read: numbers only rise, and a reader sees a batch's numbers and its cells together.
Rows carry the shard of their partition, as cells do, so that no two consumers touch one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import asyncpg
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.transactions import directe
from shared.dossiers.contributions import ATTENTE, CLOS, DIMENSIONS, FLUX, OUVERT, RELEVE
from shared.network.jours import date_de, jour_de

JOURS_FINS = 45
"""Days before the recorded day within which movements are told apart by day; before them, by month."""

AXES = (
    (OUVERT, "jour"), (CLOS, "jour_clos"), (CLOS, "jour_ouvert"), (FLUX, "jour"), (ATTENTE, "jour"), (RELEVE, "jour"),
)  # fmt: skip
"""The columns of days that indicators read, by number."""

OUVERTS, CLOS_LE, CLOS_OUVERTS_LE, FLUX_LE, ATTENTES_LE, RELEVES_LE = range(len(AXES))

_RANGS = tuple((genre, DIMENSIONS[genre].index(colonne)) for genre, colonne in AXES)
_DECEMBRE = 12

_PAR_PROCESS = 2**40
"""More than twice any day number: a process, a day and whether it is recent are one integer."""

Intervalle = tuple[int, int]
"""First and last day, both included."""

Entree = tuple[int, int, int, int]
"""What a figure reads: process code, axis, first and last day."""


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the table (first migration of a dossier service)."""
    return [
        f"""CREATE TABLE {schema}.mouvements (
            process smallint NOT NULL, axe smallint NOT NULL, du integer NOT NULL, au integer NOT NULL,
            shard smallint NOT NULL, numero bigint NOT NULL,
            PRIMARY KEY (process, axe, du, au, shard)) WITH (fillfactor = 50)""",
        f"COMMENT ON TABLE {schema}.mouvements IS 'Batches that moved the cells of these days; see mouvements.py'",
    ]


def mois_du(jour: int) -> Intervalle:
    """The month a day is in."""
    le = date_de(jour)
    suivant = date(le.year + 1, 1, 1) if le.month == _DECEMBRE else date(le.year, le.month + 1, 1)
    return jour_de(le.replace(day=1)), jour_de(suivant) - 1


def touches(cellules: Mapping[int, NDArray[np.int64]]) -> set[tuple[int, int, int, int]]:
    """(process, axis, first day, last day) of the cells that move (see ``Deltas.cellules``)."""
    trouves: set[tuple[int, int, int, int]] = set()
    for axe, (genre, rang) in enumerate(_RANGS):
        if genre in cellules:
            lignes = cellules[genre]
            recents = lignes[:, rang] >= lignes[:, len(DIMENSIONS[genre])] - JOURS_FINS
            for cle in np.unique(lignes[:, 0] * _PAR_PROCESS + lignes[:, rang] * 2 + recents).tolist():
                process, reste = divmod(cle, _PAR_PROCESS)
                jour, recent = divmod(reste, 2)
                trouves.add((process, axe, *((jour, jour) if recent else mois_du(jour))))
    return trouves


async def marquer(conn: asyncpg.Connection, schema: str, cellules: Mapping[int, NDArray[np.int64]], shard: int) -> None:
    """Say, in the transaction that writes these cells under ``shard``, which days they touch."""
    lignes = sorted(touches(cellules))
    if lignes:
        await conn.execute(
            f"""
            INSERT INTO {schema}.mouvements AS m (process, axe, du, au, shard, numero)
            SELECT p, a, d, f, $5::smallint, 1
            FROM unnest($1::smallint[], $2::smallint[], $3::int[], $4::int[]) AS t(p, a, d, f)
            ON CONFLICT (process, axe, du, au, shard) DO UPDATE SET numero = m.numero + 1
            """,
            *zip(*lignes, strict=True),
            shard,
        )


@dataclass(frozen=True, slots=True)
class Numeros:
    """The numbers of one process, as of one instant. ``somme``: of them all."""

    somme: int
    axes: NDArray[np.int64]
    du: NDArray[np.int64]
    au: NDArray[np.int64]
    numeros: NDArray[np.int64]
    _faites: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def entre(self, axe: int, du: int, au: int) -> int:
        """The sum of the numbers of an axis over these days."""
        somme = self._faites.get((axe, du, au))
        if somme is None:
            somme = int(self.numeros[(self.axes == axe) & (self.du <= au) & (self.au >= du)].sum())
            self._faites[axe, du, au] = somme
        return somme


_VIDE = np.empty(0, dtype=np.int64)
_AUCUN = Numeros(0, _VIDE, _VIDE, _VIDE, _VIDE)
"""Those of a process that never moved."""


def versions_a(connus: Mapping[int, Numeros], lectures: Sequence[Sequence[Entree]]) -> list[int]:
    """For each figure, by what it reads: the sum of the numbers ``connus`` over all of it."""
    return [sum(connus[process].entre(axe, du, au) for process, axe, du, au in entrees) for entrees in lectures]


class Mouvements:
    """The numbers of one schema, as this process last read them."""

    def __init__(self, schema: str) -> None:
        self._sommes = (
            f"SELECT process, sum(numero)::bigint FROM {schema}.mouvements WHERE process = ANY($1::int[]) GROUP BY 1"
        )
        self._detail = text(
            f"SELECT process, axe, du, au, sum(numero)::bigint FROM {schema}.mouvements "
            "WHERE process = ANY(:process) GROUP BY 1, 2, 3, 4"
        )
        self._lus: dict[int, Numeros] = {}

    async def versions(self, conn: AsyncConnection, lectures: Sequence[Sequence[Entree]]) -> list[int]:
        """For each figure, by what it reads: the sum, now, of the numbers over all of it.

        Equal at two instants, nothing that the figure reads has moved in between. To be asked before the cells.
        """
        return versions_a(await self.numeros(conn, {p for entrees in lectures for p, *_ in entrees}), lectures)

    async def numeros(self, conn: AsyncConnection, voulus: Iterable[int]) -> Mapping[int, Numeros]:
        """The numbers of these processes now; to be asked before the cells."""
        voulus = sorted(voulus)
        # The driver's own call: this is all that an answer which is kept asks of the database.
        async with directe(conn) as brute:
            sommes = [tuple(ligne) for ligne in await brute.fetch(self._sommes, voulus)]
        # Where the sum of all is the same, nothing moved: what was read then stands.
        connus = {p: self._lus[p] for p, somme in sommes if p in self._lus and self._lus[p].somme == somme}
        perimes = [p for p, _ in sommes if p not in connus]
        if perimes:
            connus |= await self._relire(conn, perimes)
        return dict.fromkeys(voulus, _AUCUN) | connus

    async def _relire(self, conn: AsyncConnection, perimes: Sequence[int]) -> dict[int, Numeros]:
        lignes = (await conn.execute(self._detail, {"process": list(perimes)})).fetchall()
        tableau = np.array([tuple(ligne) for ligne in lignes], dtype=np.int64).reshape(-1, 5)
        lus = {}
        for code in np.unique(tableau[:, 0]).tolist():
            siens = tableau[tableau[:, 0] == code]
            lus[code] = Numeros(int(siens[:, 4].sum()), *(siens[:, rang] for rang in range(1, 5)))
        self._lus |= lus
        return lus


async def tasser(conn: asyncpg.Connection, schema: str, avant: int, shard: int) -> int:
    """Count by month, under ``shard``, what was counted by day before the day ``avant``; how many rows went.

    No sum over whole months changes, and no other gets smaller: what is kept stays kept, or is computed again.
    """
    pris = await conn.fetch(
        f"DELETE FROM {schema}.mouvements WHERE du = au AND au < $1 RETURNING process, axe, du, numero", avant
    )
    sommes: dict[tuple[int, int, int, int], int] = {}
    for process, axe, jour, numero in pris:
        cle = (process, axe, *mois_du(jour))
        sommes[cle] = sommes.get(cle, 0) + numero
    await conn.executemany(
        f"""
        INSERT INTO {schema}.mouvements AS m (process, axe, du, au, shard, numero) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (process, axe, du, au, shard) DO UPDATE SET numero = m.numero + excluded.numero
        """,
        [(*cle, shard, somme) for cle, somme in sommes.items()],
    )
    return len(pris)
