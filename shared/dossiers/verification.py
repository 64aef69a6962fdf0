"""``vigie verify``: the cells are the sum of what the dossiers keep, and what they keep is what the rules say.

All is read in one snapshot, so it can run while consumers work, a page of dossiers at a time and in columns. Memory
holds one row per distinct cell. With several processes, each reads its share of the dossiers' pages in the same
snapshot.
"""

import asyncio
import gc
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from multiprocessing import get_context
from operator import ne

import asyncpg
import numpy as np

from shared.database.connexion import url_asyncpg
from shared.dossiers.cellules import entre
from shared.dossiers.contributions import DIMENSIONS, MESURES, Codes, Montants
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.copie import lire_copie
from shared.dossiers.deltas import Entiers, sommer_lignes
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.etat import decoder_contenus
from shared.dossiers.gardees import decoder_colonnes
from shared.dossiers.rapport import Ecarts, Nommer, Rapport, comparer
from shared.dossiers.store import pages_de, somme_cellules, tranches
from shared.dossiers.tables import ORDRE_CLE, TABLE, type_de
from shared.network.reseau import charger

PAGE = 5_000
"""Cells brought at a time."""

LOT = 20_000
"""Dossiers brought at a time: as many as columns gain by."""

EN_ATTENTE = 500_000
"""Rows of one kind, at least, that wait to be summed; and never fewer than are summed already."""

_TOUJOURS = 2**31
"""Later than any day number, and its opposite earlier."""

TRIMESTRE = 92
"""Days of cells brought at a time: three years of a large kind's do not fit in memory four times over."""

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


class _Releve:
    """What a share of the dossiers adds up to, in rows of dimensions and amounts; dossiers to rebuild, per process."""

    def __init__(self) -> None:
        self.dossiers = 0
        self.perimes: Counter[str] = Counter()
        self._sommes = {
            genre: np.empty((0, len(DIMENSIONS[genre]) + len(MESURES[genre])), dtype=np.int64) for genre in TABLE
        }
        self._attente: dict[int, list[Entiers]] = {genre: [] for genre in TABLE}

    def ajouter(self, genre: int, lignes: Entiers) -> None:
        attente = self._attente[genre]
        attente.append(lignes)
        if sum(map(len, attente)) > max(EN_ATTENTE, len(self._sommes[genre])):
            self.sommer(genre)

    def sommer(self, genre: int) -> Entiers:
        """One row per cell that is not nil, in key order."""
        if attente := self._attente[genre]:
            self._sommes[genre] = sommer_lignes(np.concatenate((self._sommes[genre], *attente)), len(MESURES[genre]))
            attente.clear()
        return self._sommes[genre]

    def joindre(self, autre: "_Releve") -> None:
        self.dossiers += autre.dossiers
        self.perimes += autre.perimes
        for genre in TABLE:
            self.ajouter(genre, autre.sommer(genre))


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
        for genre in TABLE:
            attendues = releve.sommer(genre)
            jours = attendues[:, DIMENSIONS[genre].index(ORDRE_CLE[genre][0])]
            async for du, au, trouvees in _par_trimestre(conn, schema, genre):
                cellules += len(trouvees)
                _confronter(ecarts, nommer, genre, attendues[(jours >= du) & (jours < au)], trouvees)
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


async def _par_trimestre(conn: asyncpg.Connection, schema: str, genre: int) -> AsyncIterator[tuple[int, int, Entiers]]:
    """The cells of a kind by the day their key begins with, a quarter of a year at a time: from which day, to before
    which, and what ``_lire_sommes`` says. The first begins and the last ends with time itself."""
    colonne = ORDRE_CLE[genre][0]
    bornes = await conn.fetchrow(f"SELECT min({colonne}) AS du, max({colonne}) AS au FROM {schema}.{TABLE[genre]}")
    coupes = range(bornes["du"] + TRIMESTRE, bornes["au"] + 1, TRIMESTRE) if bornes and bornes["au"] is not None else ()
    for du, au in pairwise([-_TOUJOURS, *coupes, _TOUJOURS]):
        yield du, au, await _lire_sommes(conn, schema, genre, entre(colonne, du, au - 1))


async def _lire_sommes(conn: asyncpg.Connection, schema: str, genre: int, condition: str) -> Entiers:
    """Dimensions and amounts of each cell of a kind that is not nil and meets ``condition``."""
    morceaux: list[bytes] = []

    async def recevoir(octets: bytes) -> None:
        morceaux.append(bytes(octets))

    await conn.copy_from_query(somme_cellules(schema, genre, condition), output=recevoir, format="binary")
    types = [type_de(dimension, genre) for dimension in DIMENSIONS[genre]] + ["bigint"] * len(MESURES[genre])
    return lire_copie(b"".join(morceaux), types)


async def _relever(
    conn: asyncpg.Connection, schema: str, fabrique: Fabrique, dictionnaire: Dictionnaire, tranche: str
) -> _Releve:
    calculs = fabrique(CodesDeLecture(dictionnaire))
    series = {code: nom.partition("|")[0] for code, nom in dictionnaire.noms("serie").items()}
    releve = _Releve()
    curseur = await conn.cursor(f"SELECT serie, etat, contributions FROM {schema}.dossiers WHERE {tranche}")
    with _sans_ramasse_miettes():
        while lignes := await curseur.fetch(LOT):
            _relever_lot(releve, calculs, series, lignes)
    return releve


def _relever_lot(
    releve: _Releve, calculs: Mapping[str, CalculEnLot], series: Mapping[int, str], lignes: Sequence[asyncpg.Record]
) -> None:
    releve.dossiers += len(lignes)
    par_process: defaultdict[str, list[tuple[bytes, bytes]]] = defaultdict(list)
    for serie, etat, gardees in lignes:
        par_process[series[serie]].append((etat, gardees))
    for process, siens in par_process.items():
        gardees_d_un_lot = [gardees for _, gardees in siens]
        for genre, (_, rangees) in decoder_colonnes(gardees_d_un_lot).items():
            releve.ajouter(genre, rangees)
        if perimes := _perimes(calculs.get(process), [etat for etat, _ in siens], gardees_d_un_lot):
            releve.perimes[process] += perimes


@contextmanager
def _sans_ramasse_miettes() -> Iterator[None]:
    """States make no cycles: looking for some among so many takes a quarter of the time."""
    actif = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if actif:
            gc.enable()


def _perimes(calcul: CalculEnLot | None, etats: Sequence[bytes], gardees: Sequence[bytes]) -> int:
    """How many of these dossiers keep something else than what the rules say of their state."""
    if calcul is None:
        return len(etats)
    calculees = calcul.contributions_en_lot(list(map(decoder_contenus, etats))).gardees
    return sum(map(ne, calculees, gardees))


def _confronter(ecarts: Ecarts, nommer: Nommer, genre: int, attendues: Entiers, trouvees: Entiers) -> None:
    """Note each cell that is not the sum of what dossiers keep: all that is left once one is taken from the other."""
    dims = len(DIMENSIONS[genre])
    opposees = np.concatenate((trouvees[:, :dims], -trouvees[:, dims:]), axis=1)
    restes = sommer_lignes(np.concatenate((attendues, opposees)), len(MESURES[genre]))[:, :dims].tolist()
    if not restes:
        return
    cles = {tuple(reste) for reste in restes}
    attendus, trouves = (_par_cle(lignes, dims, cles) for lignes in (attendues, trouvees))
    for cle in sorted(cles):
        comparer(ecarts, nommer, (genre, cle), attendus.get(cle, ()), trouves.get(cle, ()))


def _par_cle(lignes: Entiers, dims: int, cles: Set[tuple[int, ...]]) -> dict[tuple[int, ...], Montants]:
    return {cle: tuple(ligne[dims:]) for ligne in lignes.tolist() if (cle := tuple(ligne[:dims])) in cles}


async def _partager(conn: asyncpg.Connection, url: str, schema: str, fabrique: Fabrique, processus: int) -> _Releve:
    nom = await conn.fetchval("SELECT pg_export_snapshot()")
    pages = await pages_de(conn, f"{schema}.dossiers")
    boucle, total = asyncio.get_running_loop(), _Releve()
    with ProcessPoolExecutor(processus, mp_context=get_context("spawn")) as executeurs:
        parts = [
            boucle.run_in_executor(executeurs, _part, url, schema, fabrique, nom, tranche)
            for tranche in tranches(pages, max(1, -(-pages // (processus * PARTS))))
        ]
        for part in asyncio.as_completed(parts):
            total.joindre(await part)
    return total


def _part(url: str, schema: str, fabrique: Fabrique, nom: str, tranche: str) -> _Releve:
    """One share, in a process of its own: the dossiers that meet a condition (``tranches``)."""

    async def relever() -> _Releve:
        async with instantane(url, nom) as conn:
            dictionnaire = Dictionnaire(schema)
            await dictionnaire.charger(conn)
            return await _relever(conn, schema, fabrique, dictionnaire, tranche)

    return asyncio.run(relever())
