"""A consumer group on the PostgreSQL engine: members that beat, and the same deterministic share for all.

Two members may disagree for a moment about who holds a partition; the compare-and-set on positions makes
that harmless.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from shared.database.connexion import acquerir, est_passagere
from shared.log import metriques
from shared.log.reprise import Recul
from shared.log.types import Ecouteur, Lecture, ReglagesGroupe

_log = structlog.get_logger(__name__)

CLOCHE = "journal"
CLOCHE_GROUPE = "journal_groupe"
BATTEMENT = 1.0  # s between two heartbeats; also how often the members are read again

LireDe = Callable[[str, int, int, int, int], Awaitable[Lecture]]


def part(membres: list[str], moi: str, partitions: int) -> frozenset[int]:
    """Partitions of ``moi``: partition i belongs to the (i modulo n)th of the members sorted by name."""
    tries = sorted(membres)
    return frozenset(i for i in range(partitions) if tries and tries[i % len(tries)] == moi)


class AbonnementPostgres:
    """See `shared.log.types.Abonnement`. Keeps one connection of the pool while it is open."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        topic: str,
        groupe: str,
        reglages: ReglagesGroupe,
        lire_de: LireDe,
        partitions: Callable[[str], Awaitable[int]],
    ) -> None:
        self._pool = pool
        self._topic = topic
        self._groupe = groupe
        self._reglages = reglages
        self._lire_de = lire_de
        self._nombre_de_partitions = partitions
        self._membre = uuid.uuid4().hex
        self._tenues: frozenset[int] = frozenset()
        self._cloches: dict[int, asyncio.Event] = {}
        self._cloche_groupe = asyncio.Event()
        self._tache: asyncio.Task[None] | None = None

    async def ouvrir(self, ecouteur: Ecouteur) -> None:
        nombre = await self._nombre_de_partitions(self._topic)
        premiere = asyncio.Event()
        self._tache = asyncio.create_task(self._vivre(ecouteur, nombre, premiere))
        attente = asyncio.create_task(premiere.wait())
        await asyncio.wait((self._tache, attente), return_when=asyncio.FIRST_COMPLETED)
        attente.cancel()
        if self._tache.done():
            await self._tache

    async def lire(self, partition: int, position: int, lot_max: int, attente: float) -> Lecture:
        cloche = self._cloches[partition] = asyncio.Event()
        lecture = await self._lire_de(self._topic, partition, position, lot_max, self._reglages.octets_max)
        if lecture.records:
            return lecture
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cloche.wait(), attente)
        return await self._lire_de(self._topic, partition, position, lot_max, self._reglages.octets_max)

    def consigner(self, partition: int, position: int) -> None:
        del partition, position  # the positions table is already there to look at

    async def surveiller(self) -> None:
        if self._tache is not None:
            await asyncio.shield(self._tache)

    async def fermer(self) -> None:
        if self._tache is None:
            return
        self._tache.cancel()
        await asyncio.wait((self._tache,))
        with contextlib.suppress(Exception):  # the member expires by itself
            async with asyncio.timeout(2), acquerir(self._pool) as conn:
                await conn.execute(_PARTIR, self._groupe, self._topic, self._membre)
                await conn.execute("SELECT pg_notify($1, $2)", CLOCHE_GROUPE, self._sujet)

    @property
    def _sujet(self) -> str:
        return f"{self._groupe} {self._topic}"

    async def _vivre(self, ecouteur: Ecouteur, nombre: int, premiere: asyncio.Event) -> None:
        recul = Recul()
        while True:
            try:
                async with acquerir(self._pool) as conn:
                    await self._battre(conn, ecouteur, nombre, premiere, recul)
            except Exception as exc:
                if not est_passagere(exc):
                    raise
                metriques.erreurs_passageres.labels(f"groupe:{self._groupe}").inc()
                _log.warning("membre hors de portée", groupe=self._groupe, topic=self._topic, erreur=repr(exc))
            await recul.attendre()

    async def _battre(
        self,
        conn: asyncpg.Connection,
        ecouteur: Ecouteur,
        nombre: int,
        premiere: asyncio.Event,
        recul: Recul,
    ) -> None:
        suivi: asyncio.Task[None] | None = None
        ecoute = True
        try:
            await conn.add_listener(CLOCHE, self._sonner)
            await conn.add_listener(CLOCHE_GROUPE, self._sonner_groupe)
            annonce = False
            while True:
                self._cloche_groupe.clear()
                membres = await conn.fetchval(_BATTRE, self._groupe, self._topic, self._membre, self._reglages.session)
                if not annonce:
                    await conn.execute("SELECT pg_notify($1, $2)", CLOCHE_GROUPE, self._sujet)
                    annonce = True
                recul.remettre()
                # Beats go on while a revoked partition drains, which may take longer than the session.
                if suivi is None or suivi.done():
                    suivi = asyncio.create_task(self._suivre(ecouteur, part(membres, self._membre, nombre), premiere))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._cloche_groupe.wait(), BATTEMENT)
        finally:
            if suivi is not None:
                await asyncio.wait((suivi,))
            with contextlib.suppress(Exception):
                await conn.remove_listener(CLOCHE, self._sonner)
                await conn.remove_listener(CLOCHE_GROUPE, self._sonner_groupe)
                ecoute = conn.is_closed()  # asyncpg takes no listener away from a connection that is gone
            if ecoute:
                conn.terminate()  # the pool must not take it back still listening

    async def _suivre(self, ecouteur: Ecouteur, voulues: frozenset[int], premiere: asyncio.Event) -> None:
        if voulues != self._tenues:
            if perdues := self._tenues - voulues:
                await ecouteur.revoquer(perdues)
            self._tenues = voulues
            ecouteur.attribuer(voulues)
        premiere.set()

    def _sonner(self, _conn: object, _pid: int, _canal: str, message: object) -> None:
        topic, _, partitions = str(message).rpartition(" ")
        if topic == self._topic:
            for partition in partitions.split(","):
                if cloche := self._cloches.get(int(partition)):
                    cloche.set()

    def _sonner_groupe(self, _conn: object, _pid: int, _canal: str, message: object) -> None:
        if message == self._sujet:
            self._cloche_groupe.set()


_BATTRE = """
WITH moi AS (
    INSERT INTO journal.membre (groupe, topic, membre, vu_le) VALUES ($1, $2, $3, clock_timestamp())
    ON CONFLICT (groupe, topic, membre) DO UPDATE SET vu_le = excluded.vu_le
), morts AS (
    DELETE FROM journal.membre
    WHERE groupe = $1 AND topic = $2 AND membre <> $3
      AND vu_le < clock_timestamp() - 10 * make_interval(secs => $4)
)
SELECT array_agg(membre) FROM (
    SELECT $3 AS membre
    UNION
    SELECT membre FROM journal.membre
    WHERE groupe = $1 AND topic = $2 AND vu_le > clock_timestamp() - make_interval(secs => $4)
) vivants
"""

_PARTIR = "DELETE FROM journal.membre WHERE groupe = $1 AND topic = $2 AND membre = $3"
