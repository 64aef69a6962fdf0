"""The dictionary: a small number, stable for the life of the database, for each name the rows carry."""

from collections.abc import Iterable

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import AUTRE

Connexion = asyncpg.Connection | PoolConnectionProxy

PLATEFORMES_MAX = 10_000
"""Most platforms a database names: events name them freely, a cell has two bytes for them. Others are *autre*."""

_VERROU = 0x5669_6469  # advisory lock of the numbering; held for one short transaction


class Dictionnaire:
    """Names and their codes, kept in memory and completed in the database when a new name comes.

    Codes are numbered from 1 within a genre (``process``, ``issue``, ``strate``, ``plateforme``, ``source``,
    ``serie``). ``code`` never waits: an unknown name is noted in ``manquants`` and gives 0 until ``completer``.
    """

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._codes: dict[tuple[str, str], int] = {}
        self._noms: dict[tuple[str, int], str] = {}
        self.manquants: set[tuple[str, str]] = set()

    def code(self, genre: str, valeur: str, /) -> int:
        """The code of a name; 0 when it has none yet (it is then noted as missing)."""
        code = self._codes.get((genre, valeur))
        if code is None:
            self.manquants.add((genre, valeur))
            return 0
        return code

    def nom(self, genre: str, code: int) -> str:
        """The name of a code; empty for 0 (nothing was said)."""
        return self._noms.get((genre, code), "")

    def noms(self, genre: str) -> dict[int, str]:
        """Every code of a genre and its name."""
        return {code: nom for (g, code), nom in self._noms.items() if g == genre}

    def connait(self, genre: str, valeur: str) -> int | None:
        """The code of a name, without noting it when missing: for readers."""
        return self._codes.get((genre, valeur))

    async def charger(self, conn: Connexion) -> None:
        """Read the whole dictionary (also to see what other processes added)."""
        self._retenir(
            [
                (li[0], li[1], li[2])
                for li in await conn.fetch(f"SELECT genre, code, valeur FROM {self._schema}.dictionnaire")
            ]
        )

    async def actualiser(self, conn: AsyncConnection) -> None:
        """Read again when another process has added names since: for readers, before each question."""
        nombre = (await conn.execute(text(f"SELECT count(*) FROM {self._schema}.dictionnaire"))).scalar_one()
        if nombre != len(self._codes):
            requete = text(f"SELECT genre, code, valeur FROM {self._schema}.dictionnaire")
            self._retenir([(li[0], li[1], li[2]) for li in (await conn.execute(requete)).fetchall()])

    async def completer(self, pool: asyncpg.Pool, noms: Iterable[tuple[str, str]] = ()) -> None:
        """Give a code to every missing name (and to ``noms``), in a transaction of its own.

        Codes survive the roll-back of the batch that asked for them: an unused code is harmless.
        """
        voulus = {*self.manquants, *noms, ("plateforme", AUTRE)}
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _VERROU)
            await self.charger(conn)
            nouveaux = sorted(v for v in voulus if v not in self._codes)
            lignes = numeroter(nouveaux, self._noms)
            await conn.executemany(
                f"INSERT INTO {self._schema}.dictionnaire (genre, code, valeur) VALUES ($1, $2, $3)", lignes
            )
        self._retenir(lignes)
        for genre, valeur in voulus - self._codes.keys():
            self._codes[genre, valeur] = self._codes[genre, AUTRE]
        self.manquants -= voulus

    def _retenir(self, lignes: Iterable[tuple[str, int, str]]) -> None:
        for genre, code, valeur in lignes:
            self._codes[genre, valeur] = code
            self._noms[genre, code] = valeur


def numeroter(noms: Iterable[tuple[str, str]], pris: Iterable[tuple[str, int]]) -> list[tuple[str, int, str]]:
    """Rows (genre, code, name) of new names, numbered after ``pris``; platforms in excess are left out."""
    dernier: dict[str, int] = {}
    for genre, code in pris:
        dernier[genre] = max(dernier.get(genre, 0), code)
    lignes = []
    for genre, valeur in noms:
        code = dernier.get(genre, 0) + 1
        if genre != "plateforme" or code <= PLATEFORMES_MAX:
            dernier[genre] = code
            lignes.append((genre, code, valeur))
    return lignes
