"""Reading and writing dossiers and cells: one round trip per batch and table, inside the caller's transaction.

A dossier belongs to one partition of the log, and the row lock of that partition's position (the transaction's
first statement) makes its consumer the only writer: rows read here cannot change before they are written, and
a dossier not found can be inserted without asking again.
"""

from collections.abc import Iterable, Sequence

import asyncpg

from shared.dossiers.contributions import DIMENSIONS, MESURES
from shared.dossiers.effets import Cle, Deltas, Effets, Ligne
from shared.dossiers.tables import TABLE, colonnes, type_de

_COLONNES_DOSSIER = ("serie", "subject", "etat", "contributions", "caisse", "jour_ouvert", "jour_clos")


class Depot:
    """The dossiers and cells of one schema. Stateless but for its SQL texts."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self._lire = (
            f"SELECT d.subject, d.serie, d.etat, d.contributions FROM unnest($1::text[], $2::int[]) AS k(s, n) "
            f"JOIN {schema}.dossiers d ON d.subject = k.s AND d.serie = k.n"
        )
        self._changer = (
            f"UPDATE {schema}.dossiers d SET etat = k.e, contributions = k.c, caisse = k.q, jour_ouvert = k.o, "
            "jour_clos = k.f FROM unnest($1::text[], $2::int[], $3::bytea[], $4::bytea[], $5::smallint[], $6::int[], "
            "$7::int[]) AS k(s, n, e, c, q, o, f) WHERE d.subject = k.s AND d.serie = k.n"
        )
        self._ajouter = {genre: _sql_ajout(schema, genre) for genre in TABLE}

    async def lire(self, conn: asyncpg.Connection, cles: Iterable[Cle]) -> dict[Cle, tuple[bytes, bytes]]:
        """State and kept contributions of the dossiers that exist, by key."""
        liste = list(cles)
        lignes = await conn.fetch(self._lire, [c[0] for c in liste], [c[1] for c in liste])
        return {(ligne[0], ligne[1]): (ligne[2], ligne[3]) for ligne in lignes}

    async def ecrire(self, conn: asyncpg.Connection, effets: Effets, shard: int) -> None:
        """Write a batch's effects: new rows by COPY, changed rows and cell deltas by one statement each."""
        await self.inserer(conn, effets.nouvelles)
        await self.changer(conn, effets.changees)
        await self.ajouter(conn, effets.deltas, shard)

    async def inserer(self, conn: asyncpg.Connection, lignes: Sequence[Ligne]) -> None:
        """Rows known to be absent."""
        if lignes:
            await conn.copy_records_to_table(
                "dossiers",
                schema_name=self.schema,
                columns=_COLONNES_DOSSIER,
                records=[
                    (li.cle[1], li.cle[0], li.etat, li.contributions, li.caisse, li.jour_ouvert, li.jour_clos)
                    for li in lignes
                ],
            )

    async def changer(self, conn: asyncpg.Connection, lignes: Sequence[Ligne]) -> None:
        """Rows known to be present."""
        if lignes:
            await conn.execute(
                self._changer,
                [li.cle[0] for li in lignes],
                [li.cle[1] for li in lignes],
                [li.etat for li in lignes],
                [li.contributions for li in lignes],
                [li.caisse for li in lignes],
                [li.jour_ouvert for li in lignes],
                [li.jour_clos for li in lignes],
            )

    async def ajouter(self, conn: asyncpg.Connection, deltas: Deltas, shard: int) -> None:
        """Add deltas to the cells of ``shard``."""
        par_genre: dict[int, list[tuple[int, ...]]] = {}
        for (genre, jour, cause), cellules in deltas.par_version.items():
            version = (jour, cause, shard)
            par_genre.setdefault(genre, []).extend(
                (*dims, *version, *montants) for dims, montants in cellules.items() if any(montants)
            )
        for genre, lignes in sorted(par_genre.items()):
            if lignes:
                # One order for all writers: rows of a kind are locked in key order, whatever the batch.
                lignes.sort()
                await conn.execute(self._ajouter[genre], *zip(*lignes, strict=True))


def _sql_ajout(schema: str, genre: int) -> str:
    cols = colonnes(genre)
    types = ", ".join(f"${i}::{type_de(c, genre)}[]" for i, c in enumerate(cols, 1))
    cle = ", ".join(c for c in cols if c not in MESURES[genre])
    plus = ", ".join(f"{m} = t.{m} + excluded.{m}" for m in MESURES[genre])
    liste = ", ".join(cols)
    return (
        f"INSERT INTO {schema}.{TABLE[genre]} AS t ({liste}) SELECT * FROM unnest({types}) "
        f"ON CONFLICT ({cle}) DO UPDATE SET {plus}"
    )


def somme_cellules(schema: str, genre: int) -> str:
    """SQL that sums a kind's cells over recorded day, cause and shard (sealed ones left out), zeros left out."""
    dims = ", ".join(DIMENSIONS[genre])
    sommes = ", ".join(f"sum({m})::bigint AS {m}" for m in MESURES[genre])
    non_nul = " OR ".join(f"sum({m}) <> 0" for m in MESURES[genre])
    return f"SELECT {dims}, {sommes} FROM {schema}.{TABLE[genre]} WHERE shard <> -2 GROUP BY {dims} HAVING {non_nul}"
