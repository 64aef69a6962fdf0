"""``vigie verify --journal``: replay the log from its first record and compare all that it makes, to the split.

The replay goes through the service's own handler into a schema made for it and dropped at the end: every dossier
row must come out the same, and every cell, by recorded day and cause (shards summed).
"""

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from shared.catalogue.derives import REITERATION
from shared.database.connexion import acquerir, creer_pool
from shared.dossiers.cles_effacees import effacees
from shared.dossiers.connu import FIN_DE_MOIS_SQL
from shared.dossiers.contributions import DIMENSIONS, MESURES
from shared.dossiers.derives.personnes import TraitementPersonnes
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effacement import effacer
from shared.dossiers.effets import COLONNES_DOSSIER
from shared.dossiers.rapport import ECARTS_MAX, Ecarts, comparer, phrases
from shared.dossiers.schema import ddl_v1
from shared.dossiers.store import Depot
from shared.dossiers.tables import TABLE
from shared.dossiers.traitement import TraitementDossiers
from shared.dossiers.verification import PAGE, Fabrique, instantane, lire_cellules, nommer_pour
from shared.events.contrat import CAUSES
from shared.events.lecture_en_lot import LecteurEnLot
from shared.log.tables import creer
from shared.log.types import ErreurJournal, Journal

LOT = 5_000
"""Records replayed in one transaction."""


_SESSION = {"enable_hashjoin": "off", "enable_mergejoin": "off", "idle_in_transaction_session_timeout": "0"}


class JournalElague(ErreurJournal):
    """The log no longer holds its first records: what it made cannot be replayed."""


@dataclass(slots=True)
class RapportJournal:
    """What the replay showed. ``partage_compare``: whether recorded days and causes could be compared too."""

    enregistrements: int
    dossiers: int
    dossiers_differents: int
    exemples: list[str]
    ecarts: Ecarts
    partage_compare: bool
    duree: float
    """Seconds."""

    @property
    def ok(self) -> bool:
        return not self.dossiers_differents and not self.ecarts.nombre

    def lignes(self) -> Iterator[str]:
        """The report, one sentence a line."""
        yield f"{self.enregistrements} enregistrements rejoués, {self.dossiers} dossiers comparés ({self.duree:.1f} s)."
        if not self.partage_compare:
            yield (
                "Une reconstruction a eu lieu : les sommes sont comparées, non le jour d'enregistrement ni la cause, "
                "que le catalogue d'alors avait fixés."
            )
        if self.dossiers_differents:
            yield f"{self.dossiers_differents} dossiers diffèrent : {', '.join(self.exemples)}…"
        yield from phrases("cellules diffèrent de celles que donne le journal", self.ecarts)
        if self.ok:
            yield "Le journal redonne exactement les mêmes dossiers et les mêmes cellules."


async def verifier_journal(
    url: str,
    schema: str,
    groupe: str,
    topic: str,
    journal: Journal,
    lecteur: LecteurEnLot,
    fabrique: Fabrique,
    personnes: tuple[str, str] | None = None,
) -> RapportJournal:
    """Replay ``topic`` up to the positions of ``groupe`` and compare with what ``schema`` holds at that very moment.

    ``personnes``: group and topic of the announcements of persons, replayed too where they are kept.
    Records the service had put to the rejects stay out. Dossiers purged since are accepted as missing; their cells
    are not. Raises JournalElague.
    """
    debut = time.perf_counter()
    async with instantane(url) as conn, _schema_de_rejeu(url, f"{schema}_rejeu") as (pool, rejeu):
        await _recopier_dictionnaire(conn, schema, pool, rejeu)
        dictionnaire = Dictionnaire(rejeu)
        await dictionnaire.completer(pool)
        depot, calculs = Depot(rejeu), fabrique(dictionnaire)
        traitement = TraitementDossiers(depot, lecteur, calculs, dictionnaire, pool, await journal.partitions(topic))
        lus = await _rejouer_topic(conn, schema, groupe, topic, journal, traitement, pool)
        if personnes is not None:
            partitions = await journal.partitions(personnes[1])
            chaines = TraitementPersonnes(depot, calculs, dictionnaire, pool, partitions)
            lus += await _rejouer_topic(conn, schema, *personnes, journal, chaines, pool)
        for cle in await effacees(conn, schema):
            await effacer(pool, rejeu, cle)
        rapport = RapportJournal(lus, 0, 0, [], Ecarts(), not await _reconstruit(conn, schema), 0.0)
        async with acquerir(pool) as autre, autre.transaction(isolation="repeatable_read", readonly=True):
            await _comparer_dossiers(conn, schema, autre, rejeu, dictionnaire, rapport)
            await _comparer_cellules(conn, schema, autre, rejeu, dictionnaire, rapport)
    rapport.duree = time.perf_counter() - debut
    return rapport


@asynccontextmanager
async def _schema_de_rejeu(url: str, nom: str) -> AsyncIterator[tuple[asyncpg.Pool, str]]:
    """An empty schema with the tables of a service, dropped at the end (or next time, if this ends badly)."""
    pool = await creer_pool(url, 3, "vigie-verify", _SESSION)
    try:
        await pool.execute(f"DROP SCHEMA IF EXISTS {nom} CASCADE")
        await pool.execute(f"CREATE SCHEMA {nom}")
        for ordre in (*ddl_v1(nom), *creer(nom)):
            await pool.execute(ordre)
        yield pool, nom
        await pool.execute(f"DROP SCHEMA {nom} CASCADE")
    finally:
        await pool.close()


async def _exiger_entier(journal: Journal, topic: str, positions: Mapping[int, int]) -> None:
    for partition, bornes in (await journal.bornes(topic)).items():
        if bornes.debut > 0 and partition in positions:
            raise JournalElague(
                f"Le journal {topic}/{partition} ne commence plus qu'à la position {bornes.debut} : ses premiers "
                "enregistrements ont été élagués, il ne peut pas être rejoué. Utilisez vigie verify sans --journal."
            )


async def _recopier_dictionnaire(conn: asyncpg.Connection, schema: str, pool: asyncpg.Pool, rejeu: str) -> None:
    lignes = await conn.fetch(f"SELECT genre, code, valeur FROM {schema}.dictionnaire")
    async with acquerir(pool) as autre:
        await autre.copy_records_to_table(
            "dictionnaire", schema_name=rejeu, columns=("genre", "code", "valeur"), records=[tuple(li) for li in lignes]
        )


async def _refuses(conn: asyncpg.Connection, schema: str, topic: str) -> frozenset[tuple[int, int]]:
    """(partition, offset) of the records this service put to the rejects when it met them."""
    lignes = await conn.fetch(
        f"""SELECT partition, "offset" FROM {schema}.rejets WHERE origine = 'journal' AND topic = $1""", topic
    )
    return frozenset((ligne[0], ligne[1]) for ligne in lignes)


async def _rejouer_topic(
    conn: asyncpg.Connection,
    schema: str,
    groupe: str,
    topic: str,
    journal: Journal,
    traitement: TraitementDossiers,
    pool: asyncpg.Pool,
) -> int:
    """How many records were read, up to the positions of ``groupe``. Raises JournalElague."""
    positions = {
        ligne[0]: ligne[1]
        for ligne in await conn.fetch(
            f"SELECT partition, next FROM {schema}.positions WHERE groupe = $1 AND topic = $2", groupe, topic
        )
    }
    await _exiger_entier(journal, topic, positions)
    refuses = await _refuses(conn, schema, topic)
    lus = 0
    for partition, fin in sorted(positions.items()):
        lus += await _rejouer(journal, topic, partition, fin, refuses, traitement, pool)
    return lus


async def _rejouer(
    journal: Journal,
    topic: str,
    partition: int,
    fin: int,
    refuses: frozenset[tuple[int, int]],
    traitement: TraitementDossiers,
    pool: asyncpg.Pool,
) -> int:
    position = lus = 0
    while position < fin and (records := await journal.lire(topic, partition, position, min(LOT, fin - position))):
        position = records[-1].suivant
        a_traiter = [r for r in records if r.offset < fin and (partition, r.offset) not in refuses]
        lot = traitement.preparer(a_traiter)
        async with acquerir(pool) as conn, conn.transaction():
            await traitement.appliquer(conn, lot, partition)
        lus += len(records)
    return lus


async def _reconstruit(conn: asyncpg.Connection, schema: str) -> bool:
    definition = CAUSES.index("definition")
    for table in TABLE.values():
        if await conn.fetchval(f"SELECT EXISTS (SELECT FROM {schema}.{table} WHERE cause = {definition})"):
            return True
    return False


async def _comparer_dossiers(
    conn: asyncpg.Connection,
    schema: str,
    autre: asyncpg.Connection,
    rejeu: str,
    dictionnaire: Dictionnaire,
    rapport: RapportJournal,
) -> None:
    horizons = await Depot(schema).horizons(conn)
    colonnes = COLONNES_DOSSIER if rapport.partage_compare else COLONNES_DOSSIER[:-1]
    trouves, attendus = _lignes(conn, schema, colonnes), _lignes(autre, rejeu, colonnes)
    trouve, attendu = await anext(trouves, None), await anext(attendus, None)
    while trouve is not None or attendu is not None:
        rapport.dossiers += 1
        if attendu is None or (trouve is not None and _cle(trouve) < _cle(attendu)):
            assert trouve is not None
            _noter(rapport, dictionnaire, trouve, "en trop")
            trouve = await anext(trouves, None)
        elif trouve is None or _cle(attendu) < _cle(trouve):
            process = dictionnaire.nom("serie", attendu["serie"]).partition("|")[0]
            clos = attendu.get("enregistre", -1) if process == REITERATION else attendu["jour_clos"]
            if clos is None or process not in horizons or clos >= horizons[process]:
                _noter(rapport, dictionnaire, attendu, "manquant")
            attendu = await anext(attendus, None)
        else:
            if tuple(trouve) != tuple(attendu):
                quoi = next(c for c in colonnes if trouve[c] != attendu[c])
                _noter(rapport, dictionnaire, trouve, f"{quoi} différent")
            trouve, attendu = await anext(trouves, None), await anext(attendus, None)


async def _lignes(conn: asyncpg.Connection, schema: str, colonnes: Sequence[str]) -> AsyncIterator[asyncpg.Record]:
    requete = f"SELECT {', '.join(colonnes)} FROM {schema}.dossiers ORDER BY subject, serie"
    async for ligne in conn.cursor(requete, prefetch=PAGE):
        yield ligne


def _cle(ligne: asyncpg.Record) -> tuple[bytes, int]:
    # The column's collation is "C": bytes of UTF-8.
    return ligne["subject"].encode(), ligne["serie"]


def _noter(rapport: RapportJournal, dictionnaire: Dictionnaire, ligne: asyncpg.Record, quoi: str) -> None:
    rapport.dossiers_differents += 1
    if len(rapport.exemples) < ECARTS_MAX:
        serie = dictionnaire.nom("serie", ligne["serie"])
        nom = "une personne" if serie.startswith(f"{REITERATION}|") else f"{serie}|{ligne['subject']}"
        rapport.exemples.append(f"{nom} ({quoi})")


async def _comparer_cellules(
    conn: asyncpg.Connection,
    schema: str,
    autre: asyncpg.Connection,
    rejeu: str,
    dictionnaire: Dictionnaire,
    rapport: RapportJournal,
) -> None:
    nommer, partage = nommer_pour(dictionnaire), rapport.partage_compare
    avant = await conn.fetchval(f"SELECT avant FROM {schema}.plis")
    for genre in TABLE:
        attendues = {
            dims: montants async for dims, montants in lire_cellules(autre, _sql(rejeu, genre, partage, avant), genre)
        }
        async for dims, trouve in lire_cellules(conn, _sql(schema, genre, partage, avant), genre):
            comparer(rapport.ecarts, nommer, (genre, dims), attendues.pop(dims, ()), trouve)
        for dims, attendu in sorted(attendues.items()):
            comparer(rapport.ecarts, nommer, (genre, dims), attendu, ())


def _sql(schema: str, genre: int, partage: bool, avant: int | None) -> str:
    """Cells summed over shards, and over recorded day and cause too unless the split is wanted.

    ``avant``: the day before which recorded days are only known by the end of their month.
    """
    enregistre = "enregistre"
    if avant is not None:
        enregistre = f"CASE WHEN enregistre < {avant:d} THEN {FIN_DE_MOIS_SQL} ELSE enregistre END"
    dims = (*DIMENSIONS[genre], *((enregistre, "cause") if partage else ()))
    sommes = ", ".join(f"sum({m})::bigint" for m in MESURES[genre])
    rangs = ", ".join(str(rang) for rang in range(1, len(dims) + 1))
    return f"SELECT {', '.join(dims)}, {sommes} FROM {schema}.{TABLE[genre]} GROUP BY {rangs}"
