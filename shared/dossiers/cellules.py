"""Reading cells back as arrays, summed over recorded day, cause and shard: what the statistics work on.

Each question is one statement, so that what it reads is of one instant, summed in the database as far as the
question allows. Rows come by binary COPY, which costs a tenth of fetching them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.transactions import directe
from shared.dossiers.dictionnaire import Dictionnaire
from shared.indicators.periodes import coupes

if TYPE_CHECKING:
    from shared.dossiers.valeurs import Demande

Vue = Literal["responsable", "productrice"]
"""From which side: the caisse responsible for the file, or the one that did the work."""

Entiers = NDArray[np.int64]

Colonnes = Mapping[str, str]
"""Name of a column in the result -> SQL expression over the cells' columns."""

_SECONDES_PAR_JOUR = 86_400
_SANS_STRATE = ("attentes",)
_SANS_PRODUCTRICE = ("ouverts",)


@dataclass(frozen=True, slots=True)
class Filtre:
    """Which cells to read. ``strates``: stratum codes kept, None for all; ``caisse`` and ``plateforme`` likewise.

    Waits have no stratum; files opened have no productrice and no platform yet, and ignore both. ``connu``: the last
    recorded day (Paris) read, None for all that is known today.
    """

    process: int
    vue: Vue
    strates: tuple[int, ...] | None = None
    caisse: int | None = None
    plateforme: int | None = None
    connu: int | None = None


class Jours(NamedTuple):
    """A table's column of days, cut: all from one of ``coupes`` (ascending; the last only ends) to the next are one.

    ``vers``: the day around which cells still move, by which they may be read apart to be kept; it decides nothing.
    """

    colonne: str
    coupes: tuple[int, ...]
    vers: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Cells of one table: those that meet ``condition`` (SQL), as ``colonnes``.

    ``jours``: the days read, which then are the column ``jour`` of the result, each the first of its cut.
    """

    table: str
    colonnes: Colonnes
    condition: str = "true"
    jours: Jours | None = None


class Cellier:
    """Reader of one schema's cells. With ``memoire`` (SQL -> arrays) each question is put once: for the time of
    one refresh."""

    def __init__(self, schema: str, memoire: dict[str, dict[str, Entiers]] | None = None) -> None:
        self._schema = schema
        self._memoire = memoire

    def a_memoire(self) -> "Cellier":
        """The same for one refresh."""
        return Cellier(self._schema, {})

    async def sommer(
        self, conn: AsyncConnection, filtre: Filtre, selections: Sequence[Selection], mesures: Sequence[str]
    ) -> dict[str, Entiers]:
        """``mesures`` summed by caisse and by the other columns, which all ``selections`` name in one order.

        Rows whose every sum is nil are left out: what was corrected away is no activity.
        """
        dimensions = dimensions_de(selections[0], mesures)
        requete = (
            f"SELECT {', '.join(dimensions)}, {', '.join(f'sum({m})::bigint AS {m}' for m in mesures)} "
            f"FROM ({' UNION ALL '.join(self._choisir(filtre, s) for s in selections)}) AS cellules "
            f"GROUP BY {', '.join(str(rang) for rang in range(1, len(dimensions) + 1))} "
            f"HAVING {' OR '.join(f'sum({m}) <> 0' for m in mesures)}"
        )
        if self._memoire is None:
            return await _copier(conn, requete, (*dimensions, *mesures))
        if requete not in self._memoire:
            self._memoire[requete] = await _copier(conn, requete, (*dimensions, *mesures))
        return self._memoire[requete]

    def _source(self, table: str) -> str:
        """SQL of the rows a table's cells are read from."""
        return f"{self._schema}.{table}"

    def _choisir(self, filtre: Filtre, selection: Selection) -> str:
        table = selection.table
        ouverts = table in _SANS_PRODUCTRICE
        cote = "productrice" if filtre.vue == "productrice" and not ouverts else "caisse"
        conditions = [f"process = {filtre.process}", selection.condition]
        colonnes = {"caisse": cote}
        if selection.jours is not None:
            jour, bords, _ = selection.jours
            conditions.append(entre(jour, bords[0], bords[-1] - 1))
            if jour == "jour_ouvert":  # no file closes before the day it opened, and the key begins with its closing
                conditions.append(f"jour_clos >= {int(bords[0])}")
            colonnes["jour"] = tranche(jour, bords)
        if filtre.strates is not None and table not in _SANS_STRATE:
            conditions.append(f"strate = ANY({liste(filtre.strates)})")
        if filtre.caisse is not None:
            conditions.append(f"{cote} = {filtre.caisse}")
        if filtre.plateforme is not None and not ouverts:
            conditions.append(f"plateforme = {filtre.plateforme}")
        if filtre.connu is not None:
            conditions.append(f"enregistre <= {filtre.connu:d}")
        choisies = ", ".join(f"({sql})::bigint AS {nom}" for nom, sql in (colonnes | dict(selection.colonnes)).items())
        return f"SELECT {choisies} FROM {self._source(table)} WHERE {' AND '.join(conditions)}"


def dimensions_de(selection: Selection, mesures: Sequence[str]) -> list[str]:
    """The columns that rows are summed by, in their order."""
    jour = [] if selection.jours is None else ["jour"]
    return ["caisse", *jour, *(nom for nom in selection.colonnes if nom not in mesures)]


def jours_de(d: "Demande", colonne: str) -> Jours:
    """The days of the periods asked, in that column."""
    return Jours(colonne, tuple(coupes(d.periodes)), d.maintenant // _SECONDES_PAR_JOUR)


def liste(entiers: Sequence[int]) -> str:
    """A SQL array of these integers."""
    return f"'{{{','.join(str(int(e)) for e in entiers)}}}'::int[]"


def entre(colonne: str, du: int, au: int) -> str:
    """SQL: ``colonne`` is from ``du`` to ``au``, both included."""
    return f"{colonne} BETWEEN {int(du)} AND {int(au)}"


def tranche(colonne: str, bords: Sequence[int]) -> str:
    """SQL: the greatest of ``bords`` (ascending; the last only ends) at or before the day in ``colonne``."""
    if bords[-1] - bords[0] == len(bords) - 1:
        return colonne
    debuts = liste(bords[:-1])
    return f"({debuts})[width_bucket({colonne}, {debuts})]"


async def _copier(conn: AsyncConnection, requete: str, noms: Sequence[str]) -> dict[str, Entiers]:
    morceaux: list[bytes] = []

    async def recevoir(octets: bytes) -> None:
        morceaux.append(octets)

    async with directe(conn) as brute:
        await brute.copy_from_query(requete, output=recevoir, format="binary")
    return lire_copie(b"".join(morceaux), noms)


_ENTETE = 19
_FIN = 2


def lire_copie(octets: bytes, noms: Sequence[str]) -> dict[str, Entiers]:
    """The columns of a binary COPY of bigints without nulls (PostgreSQL, COPY, "Binary Format").

    Each row is a count of fields, then each field's length and eight bytes.
    """
    champs = [c for nom in noms for c in ((f"octets_{nom}", ">i4"), (nom, ">i8"))]
    forme = np.dtype([("champs", ">i2"), *champs])
    nombre, reste = divmod(len(octets) - _ENTETE - _FIN, forme.itemsize)
    if reste:
        raise ValueError("a copy of cells holds a null")
    lignes = np.frombuffer(octets, dtype=forme, count=nombre, offset=_ENTETE)
    return {nom: lignes[nom].astype(np.int64) for nom in noms}


def strates_de(dictionnaire: Dictionnaire, population: Mapping[str, str]) -> tuple[int, ...] | None:
    """Codes of the strata where every attribute of ``population`` has its value; None for an empty population."""
    if not population:
        return None
    voulus = {f"{nom}={valeur}" for nom, valeur in population.items()}
    return tuple(code for code, nom in dictionnaire.noms("strate").items() if voulus <= set(nom.split(";")))
