"""``vigie verify``: the cells are the sum of what the dossiers keep, and what they keep is what the rules say.

All is read in one snapshot, so it can run while consumers work. Memory holds one amount per distinct cell. With
several processes, each reads its share of the dossiers' pages in the same snapshot.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from operator import add

import asyncpg

from shared.database.connexion import url_asyncpg
from shared.dossiers.contributions import MESURES, Codes, Contribution, Montants
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.etat import decoder_contenus
from shared.dossiers.gardees import decoder_contributions
from shared.dossiers.rapport import Ecarts, Nommer, Rapport, comparer
from shared.dossiers.store import somme_cellules
from shared.dossiers.tables import TABLE
from shared.network.reseau import charger

PAGE = 5_000
"""Rows brought at a time."""

PARTS = 8
"""Shares of the dossiers' pages given to each process, so that all end together."""

Fabrique = Callable[[Codes], Mapping[str, CalculEnLot]]
"""Builds the calculators of the catalogue in force, by process; with several processes it must be picklable
(``functools.partial(calculs_du_service, "claims")``)."""


class CodesDeLecture:
    """The dictionary for someone who only reads: a name it does not have gets a negative number, never written."""

    def __init__(self, dictionnaire: Dictionnaire) -> None:
        self._dictionnaire = dictionnaire
        self._provisoires: dict[tuple[str, str], int] = {}

    def code(self, genre: str, valeur: str, /) -> int:
        code = self._dictionnaire.connait(genre, valeur)
        return code or self._provisoires.setdefault((genre, valeur), -2 - len(self._provisoires))

    def nom(self, genre: str, code: int, /) -> str:
        return self._dictionnaire.nom(genre, code)


@dataclass(slots=True)
class _Releve:
    """What a share of the dossiers adds up to: per kind and dimensions; and dossiers to rebuild, per process."""

    dossiers: int = 0
    gardees: dict[int, dict[tuple[int, ...], Montants]] = field(default_factory=lambda: {g: {} for g in TABLE})
    perimes: Counter[str] = field(default_factory=Counter)

    def ajouter(self, contributions: Iterable[Contribution]) -> None:
        for genre, dims, montants in contributions:
            cellules = self.gardees[genre]
            deja = cellules.get(dims)
            cellules[dims] = montants if deja is None else tuple(map(add, deja, montants))

    def joindre(self, autre: "_Releve") -> None:
        self.dossiers += autre.dossiers
        self.perimes += autre.perimes
        for genre, cellules in autre.gardees.items():
            self.ajouter((genre, dims, montants) for dims, montants in cellules.items())


async def verifier(url: str, schema: str, fabrique: Fabrique, processus: int = 1) -> Rapport:
    """Check every dossier and every cell of ``schema``; ``processus``: operating-system processes to share the work."""
    debut = time.perf_counter()
    async with instantane(url) as conn:
        dictionnaire = Dictionnaire(schema)
        await dictionnaire.charger(conn)
        if processus == 1:
            releve = await _relever(conn, schema, fabrique, dictionnaire, "true")
        else:
            releve = await _partager(conn, url, schema, fabrique, processus)
        nommer, ecarts, cellules = nommer_pour(dictionnaire), Ecarts(), 0
        for genre, gardees in releve.gardees.items():
            async for dims, trouve in lire_cellules(conn, somme_cellules(schema, genre), genre):
                cellules += 1
                comparer(ecarts, nommer, (genre, dims), gardees.pop(dims, ()), trouve)
            for dims, attendu in sorted(gardees.items()):
                comparer(ecarts, nommer, (genre, dims), attendu, ())
    return Rapport(releve.dossiers, cellules, ecarts, dict(releve.perimes), time.perf_counter() - debut)


@asynccontextmanager
async def instantane(url: str, nom: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own in one read-only REPEATABLE READ snapshot: a new one, or the one exported as ``nom``."""
    conn = await asyncpg.connect(
        url_asyncpg(url), server_settings={"idle_in_transaction_session_timeout": "0", "jit": "off"}
    )
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            if nom is not None:
                await conn.execute(f"SET TRANSACTION SNAPSHOT '{nom}'")
            yield conn
    finally:
        await conn.close()


def nommer_pour(dictionnaire: Dictionnaire) -> Nommer:
    """Names cells with a loaded dictionary and the slugs of the network."""
    return Nommer(dictionnaire.nom, {caisse.code: caisse.slug for caisse in charger().caisses})


async def lire_cellules(
    conn: asyncpg.Connection, requete: str, genre: int
) -> AsyncIterator[tuple[tuple[int, ...], Montants]]:
    """(dimensions, amounts) of each row of a query that ends with the kind's amounts."""
    mesures = len(MESURES[genre])
    async for ligne in conn.cursor(requete, prefetch=PAGE):
        valeurs = tuple(ligne)
        yield valeurs[:-mesures], valeurs[-mesures:]


async def _relever(
    conn: asyncpg.Connection, schema: str, fabrique: Fabrique, dictionnaire: Dictionnaire, tranche: str
) -> _Releve:
    calculs = fabrique(CodesDeLecture(dictionnaire))
    series = {code: nom.partition("|")[0] for code, nom in dictionnaire.noms("serie").items()}
    releve = _Releve()
    requete = f"SELECT serie, etat, contributions FROM {schema}.dossiers WHERE {tranche}"
    curseur = await conn.cursor(requete)
    while lignes := await curseur.fetch(PAGE):
        releve.dossiers += len(lignes)
        for serie, etat, kept in lignes:
            gardees, process = decoder_contributions(kept), series[serie]
            releve.ajouter(gardees)
            if process not in calculs or calculs[process].contributions(decoder_contenus(etat)) != gardees:
                releve.perimes[process] += 1
    return releve


async def _partager(conn: asyncpg.Connection, url: str, schema: str, fabrique: Fabrique, processus: int) -> _Releve:
    nom = await conn.fetchval("SELECT pg_export_snapshot()")
    pages = await conn.fetchval(
        "SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int", f"{schema}.dossiers"
    )
    pas = max(1, -(-pages // (processus * PARTS)))
    boucle, total = asyncio.get_running_loop(), _Releve()
    with ProcessPoolExecutor(processus, mp_context=get_context("spawn")) as executeurs:
        parts = [
            boucle.run_in_executor(executeurs, _part, url, schema, fabrique, nom, page, page + pas)
            for page in range(0, pages, pas)
        ]
        for part in asyncio.as_completed(parts):
            total.joindre(await part)
    return total


def _part(url: str, schema: str, fabrique: Fabrique, nom: str, page: int, fin: int) -> _Releve:
    """One share, in a process of its own: the dossiers of the table's pages [page, fin)."""

    async def relever() -> _Releve:
        async with instantane(url, nom) as conn:
            dictionnaire = Dictionnaire(schema)
            await dictionnaire.charger(conn)
            tranche = f"ctid >= '({page},0)'::tid AND ctid < '({fin},0)'::tid"
            return await _relever(conn, schema, fabrique, dictionnaire, tranche)

    return asyncio.run(relever())
