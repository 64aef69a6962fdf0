"""Reading and writing dossiers and cells: one round trip per batch and table, inside the caller's transaction.

A dossier belongs to one partition of the log, and the row lock of that partition's position (the transaction's
first statement) makes its consumer the only writer: rows read here cannot change before they are written, and
a dossier not found can be inserted without asking again. Maintenance, which writes across partitions, keeps
every consumer out first (``exclure_les_consommateurs``).
"""

from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import numpy as np
from numpy.typing import NDArray

from shared.dossiers.contributions import DIMENSIONS, MESURES
from shared.dossiers.copie import ecrire_copie
from shared.dossiers.effets import COLONNES_DOSSIER, Cle, Effets, Existant, Ligne
from shared.dossiers.mouvements import marquer
from shared.dossiers.tables import ORDRE_CLE, SCELLE, TABLE, VERSION, colonnes, type_de

SERIES_MAX = 8
"""Most series of a batch read by one statement each: measured at half the time of a join with the list of keys."""


_ENTRE = "\n"
"""What no subject holds, being printable: one text is sent for a fifth of the cost of an array of as many."""

_TYPES_DOSSIER = ("int", "text", "bytea", "bytea", "smallint", "int", "int", "int")

_SOURCES = _LOT, _UNNEST = ("lot", "unnest")

Cellules = Mapping[int, NDArray[np.int64]]
"""What to add to cells, by kind (see ``Deltas.cellules``)."""


class Depot:
    """The dossiers and cells of one schema. Stateless but for its SQL texts."""

    LOT_COPIE = 500
    """Rows above which a COPY to a temporary table costs less than arrays, of which an element is dear to encode."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        lus = "SELECT d.subject, d.serie, d.etat, d.contributions, d.enregistre FROM"
        sujets, series = (f"string_to_array(${rang}::text, E'\\n')" for rang in (1, 2))
        self._lire = (
            f"{lus} unnest({sujets}, {series}::int[]) AS k(s, n) "
            f"JOIN {schema}.dossiers d ON d.subject = k.s AND d.serie = k.n"
        )
        self._lire_serie = f"{lus} {schema}.dossiers d WHERE d.serie = $2 AND d.subject = ANY({sujets})"
        self._changer = {source: _sql_changement(schema, source) for source in _SOURCES}
        self._ajouter = {(genre, source): _sql_ajout(schema, genre, source) for genre in TABLE for source in _SOURCES}

    async def lire(self, conn: asyncpg.Connection, cles: Iterable[Cle]) -> dict[Cle, Existant]:
        """State, kept contributions and last recorded day of the dossiers that exist, by key."""
        voulues = list(cles)
        sujets, series = zip(*voulues, strict=True) if voulues else ((), ())
        distinctes = set(series)
        if len(distinctes) <= SERIES_MAX:
            lignes = []
            for serie in distinctes:
                siens = [sujet for sujet, la_sienne in zip(sujets, series, strict=True) if la_sienne == serie]
                lignes += await conn.fetch(self._lire_serie, _ENTRE.join(siens), serie)
        else:
            lignes = await conn.fetch(self._lire, _ENTRE.join(sujets), _ENTRE.join(map(str, series)))
        return {(ligne[0], ligne[1]): (ligne[2], ligne[3], ligne[4]) for ligne in lignes}

    async def page(self, conn: asyncpg.Connection, process: str, apres: Cle, lot: int) -> dict[Cle, Existant]:
        """The next ``lot`` dossiers of a process after ``apres``, in key order."""
        lignes = await conn.fetch(
            f"""
            SELECT subject, serie, etat, contributions, enregistre FROM {self.schema}.dossiers
            WHERE (subject, serie) > ($1::text, $2::int) AND serie = ANY($3)
            ORDER BY subject, serie LIMIT $4
            """,
            *apres,
            await self.series(conn, process),
            lot,
        )
        return {(ligne[0], ligne[1]): (ligne[2], ligne[3], ligne[4]) for ligne in lignes}

    async def series(self, conn: asyncpg.Connection, process: str) -> list[int]:
        """The numbers of the series of a process."""
        lignes = await conn.fetch(
            f"SELECT code FROM {self.schema}.dictionnaire WHERE genre = 'serie' AND split_part(valeur, '|', 1) = $1",
            process,
        )
        return [ligne[0] for ligne in lignes]

    async def horizons(self, conn: asyncpg.Connection) -> dict[str, int]:
        """Per process that was purged, the day before which closed dossiers are no more."""
        lignes = await conn.fetch(f"SELECT process, avant FROM {self.schema}.horizons")
        return {ligne[0]: ligne[1] for ligne in lignes}

    async def ecrire(self, conn: asyncpg.Connection, effets: Effets, shard: int) -> None:
        """Write a batch's effects: new rows by COPY, changed rows, cell deltas and what moved by one statement each."""
        await self.inserer(conn, effets.nouvelles)
        await self.changer(conn, effets.changees)
        await self.ajouter(conn, {shard: effets.cellules})
        await marquer(conn, self.schema, effets.cellules, shard)

    async def inserer(self, conn: asyncpg.Connection, lignes: Sequence[Ligne]) -> None:
        """Rows known to be absent."""
        if lignes:
            await conn.copy_records_to_table(
                "dossiers", schema_name=self.schema, columns=COLONNES_DOSSIER, records=lignes
            )

    async def changer(self, conn: asyncpg.Connection, lignes: Sequence[Ligne]) -> None:
        """Rows known to be present."""
        if len(lignes) > self.LOT_COPIE:
            await self._preparer(conn, "dossiers", COLONNES_DOSSIER)
            await conn.copy_records_to_table("lot_dossiers", columns=COLONNES_DOSSIER, records=lignes)
            await conn.execute(self._changer[_LOT])
        elif lignes:
            await conn.execute(self._changer[_UNNEST], *zip(*lignes, strict=True))

    async def ajouter(self, conn: asyncpg.Connection, par_shard: Mapping[int, Cellules]) -> None:
        """Add to the cells of each shard (see ``Deltas.cellules``). Once in a transaction."""
        for genre, table in TABLE.items():
            blocs = [_avec_shard(genre, cellules[genre], s) for s, cellules in par_shard.items() if genre in cellules]
            if not blocs:
                continue
            lignes = np.concatenate(blocs)
            if len(lignes) > self.LOT_COPIE:
                await self._preparer(conn, table, colonnes(genre))
                octets = ecrire_copie(lignes, [type_de(c, genre) for c in colonnes(genre)])
                # Not a file: asyncpg makes a class to read one, a cycle that keeps its bytes until a full collection.
                await conn.copy_to_table(f"lot_{table}", source=memoryview(octets), format="binary")  # type: ignore[arg-type]
                await conn.execute(self._ajouter[genre, _LOT])
            else:
                await conn.execute(self._ajouter[genre, _UNNEST], *lignes.T.tolist())

    async def _preparer(self, conn: asyncpg.Connection, table: str, cols: Sequence[str]) -> None:
        """An empty temporary table of this session with some columns of ``table``, where a batch is copied to."""
        await conn.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS lot_{table} ON COMMIT DELETE ROWS AS "
            f"SELECT {', '.join(cols)} FROM {self.schema}.{table} WITH NO DATA"
        )

    async def exclure_les_consommateurs(self, conn: asyncpg.Connection) -> None:
        """Until the end of the transaction no batch is under way nor begins, on any partition, known or new.

        The transaction's first statement. Waits for the batches under way; keep what follows short.
        """
        await conn.execute(f"LOCK TABLE {self.schema}.positions IN EXCLUSIVE MODE")


async def pages_de(conn: asyncpg.Connection, table: str) -> int:
    """Pages that a table has now."""
    nombre: int = await conn.fetchval(
        "SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int", table
    )
    return nombre


def tranches(pages: int, blocs: int) -> Sequence[str]:
    """Conditions that share out the pages of a table, in ranges of ``blocs``, each read without an index."""
    return [f"ctid >= '({p},0)'::tid AND ctid < '({p + blocs},0)'::tid" for p in range(0, pages, blocs)]


def _avec_shard(genre: int, lignes: NDArray[np.int64], shard: int) -> NDArray[np.int64]:
    """Rows of ``Deltas.cellules`` as the table has them: the shard comes after the dimensions and the version."""
    return np.insert(lignes, len(DIMENSIONS[genre]) + 2, shard, axis=1)


def _sql_changement(schema: str, source: str) -> str:
    champs = ", ".join(f"{c} = k.{c}" for c in COLONNES_DOSSIER[2:])
    lot = _depuis(source, "lot_dossiers", COLONNES_DOSSIER, _TYPES_DOSSIER)
    return f"UPDATE {schema}.dossiers d SET {champs} FROM {lot} WHERE d.subject = k.subject AND d.serie = k.serie"


def _sql_ajout(schema: str, genre: int, source: str) -> str:
    cols = colonnes(genre)
    cle = ", ".join((*ORDRE_CLE[genre], *VERSION))
    plus = ", ".join(f"{m} = t.{m} + excluded.{m}" for m in MESURES[genre])
    lot = _depuis(source, f"lot_{TABLE[genre]}", cols, [type_de(c, genre) for c in cols])
    liste = ", ".join(cols)
    return (
        f"INSERT INTO {schema}.{TABLE[genre]} AS t ({liste}) SELECT {liste} FROM {lot} "
        f"ORDER BY {', '.join(ORDRE_CLE[genre])} ON CONFLICT ({cle}) DO UPDATE SET {plus}"
    )


def _depuis(source: str, table: str, cols: Sequence[str], types: Sequence[str]) -> str:
    """SQL of a batch's rows, named ``k``: the temporary table they were copied to, or one array per column."""
    if source == _LOT:
        return f"{table} k"
    tableaux = ", ".join(f"${rang}::{type_}[]" for rang, type_ in enumerate(types, 1))
    return f"unnest({tableaux}) AS k({', '.join(cols)})"


def somme_cellules(schema: str, genre: int, condition: str = "true") -> str:
    """SQL that sums a kind's cells over recorded day, cause and shard (sealed ones left out), zeros left out; of the
    cells that meet ``condition`` (SQL over dimensions)."""
    dims = ", ".join(DIMENSIONS[genre])
    sommes = ", ".join(f"sum({m})::bigint AS {m}" for m in MESURES[genre])
    non_nul = " OR ".join(f"sum({m}) <> 0" for m in MESURES[genre])
    return (
        f"SELECT {dims}, {sommes} FROM {schema}.{TABLE[genre]} WHERE shard <> {SCELLE} AND {condition} "
        f"GROUP BY {dims} HAVING {non_nul}"
    )
