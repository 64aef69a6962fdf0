"""The log kept in PostgreSQL tables: the engine of one machine, durable and transactional, not one of scale."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from shared.database.connexion import acquerir, est_passagere, fermer_pool
from shared.log import metriques
from shared.log.groupe_postgres import CLOCHE, AbonnementPostgres
from shared.log.types import (
    Abonnement,
    Bornes,
    Enregistrement,
    ErreurJournal,
    Items,
    JournalIndisponible,
    Lecture,
    PositionHorsBornes,
    ReglagesGroupe,
    TopicAbsent,
    TopicIncompatible,
    repartir,
)

SCHEMA = "journal"
_COLONNES = ("segment", "partition", "offset", "horodatage_ms", "cle", "valeur")
_Ligne = tuple[int, int, int, int, bytes, bytes]


class JournalPostgres:
    """See `shared.log.types.Journal`. ``pool`` belongs to this object; schema ``journal`` is migrated."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._partitions: dict[str, int] = {}

    async def assurer_topic(
        self, topic: str, partitions: int, retention: timedelta | None = None, replicas: int = -1
    ) -> None:
        del retention, replicas  # the broker's business; here retention is whoever calls `elaguer`
        async with self._connexion() as conn:
            existantes = await conn.fetchval("SELECT journal.creer_topic($1, $2)", topic, partitions)
        if existantes != partitions:
            raise TopicIncompatible(
                f"le topic {topic} existe avec {existantes} partitions, pas {partitions} : "
                "un topic n'est jamais repartitionné, créez-en un autre"
            )

    async def partitions(self, topic: str) -> int:
        async with self._connexion() as conn:
            return await self._nombre(conn, topic)

    async def ajouter(self, topic: str, items: Items) -> None:
        if not items:
            return
        async with self._connexion() as conn:
            async with conn.transaction():
                touchees = await self._ecrire(conn, topic, items)
            # After the commit: a NOTIFY inside would make every commit of the server wait for its turn.
            # A bell lost here is made up for by the readers' polling.
            await conn.execute(_SONNER, CLOCHE, _message(topic, touchees))

    async def ajouter_dans(self, conn: asyncpg.Connection, topic: str, items: Items) -> None:
        if items:
            touchees = await self._ecrire(conn, topic, items)
            await conn.execute(_SONNER, CLOCHE, _message(topic, touchees))

    async def bornes(self, topic: str) -> Mapping[int, Bornes]:
        async with self._connexion() as conn:
            lignes = await conn.fetch(
                "SELECT partition, debut, next FROM journal.partition WHERE topic = $1 ORDER BY 1", topic
            )
        if not lignes:
            raise TopicAbsent(f"le topic {topic} n'existe pas")
        return {partition: Bornes(debut, fin) for partition, debut, fin in lignes}

    async def lire(self, topic: str, partition: int, offset: int, maximum: int) -> Sequence[Enregistrement]:
        return (await self.lire_de(topic, partition, offset, maximum, 64 * 1024 * 1024)).records

    async def lire_de(self, topic: str, partition: int, offset: int, maximum: int, octets: int) -> Lecture:
        """One read of one segment: at most ``maximum`` records and (past the first) ``octets`` of values."""
        while True:
            async with self._connexion() as conn:
                etat = await conn.fetchrow(_ETAT, topic, partition, offset)
                if etat is None:
                    raise TopicAbsent(f"le topic {topic} n'a pas de partition {partition}")
                debut, fin, segment = etat
                if not debut <= offset <= fin:
                    raise PositionHorsBornes(topic, partition, offset, Bornes(debut, fin))
                if offset == fin:
                    return Lecture((), fin, fin)
                try:
                    lignes = await conn.fetch(_LIRE.format(segment=segment), partition, offset, maximum, octets)
                except asyncpg.UndefinedTableError:
                    continue  # pruned since: the bounds will tell
            if not lignes or lignes[0][0] != offset:
                raise ErreurJournal(f"le journal {topic}/{partition} a un trou à la position {offset}")
            records = [Enregistrement(topic, partition, o, cle, valeur, ms) for o, ms, cle, valeur in lignes]
            return Lecture(records, records[-1].suivant, fin)

    async def elaguer(self, topic: str, avant: datetime) -> None:
        async with self._connexion() as conn, conn.transaction():
            await conn.execute("SET LOCAL lock_timeout = '5s'")
            await conn.execute("SELECT journal.elaguer($1, $2)", topic, int(avant.timestamp() * 1000))

    def abonner(self, topic: str, groupe: str, reglages: ReglagesGroupe) -> Abonnement:
        return AbonnementPostgres(self._pool, topic, groupe, reglages, self.lire_de, self.partitions)

    async def fermer(self) -> None:
        await fermer_pool(self._pool)

    async def _ecrire(self, conn: asyncpg.Connection, topic: str, items: Items) -> list[int]:
        lots = repartir(items, await self._nombre(conn, topic))
        reserves = await conn.fetch(
            "SELECT * FROM journal.reserver($1, $2, $3)",
            topic,
            list(lots),
            [len(lot) for lot in lots.values()],
        )
        if not reserves:
            raise TopicAbsent(f"le topic {topic} n'existe pas")
        feuilles: dict[int, list[_Ligne]] = defaultdict(list)
        for partition, debut, segment, ms in reserves:
            feuilles[segment].extend(
                (segment, partition, offset, ms, cle, valeur)
                for offset, (cle, valeur) in enumerate(lots[partition], debut)
            )
        for segment, lignes in feuilles.items():
            await conn.copy_records_to_table(
                f"enregistrement_{segment}", schema_name=SCHEMA, columns=_COLONNES, records=lignes
            )
        metriques.ajoutes.labels(topic).inc(len(items))
        return list(lots)

    async def _nombre(self, conn: asyncpg.Connection, topic: str) -> int:
        nombre = self._partitions.get(topic)
        if nombre is None:
            nombre = await conn.fetchval("SELECT partitions FROM journal.topic WHERE nom = $1", topic)
            if nombre is None:
                raise TopicAbsent(f"le topic {topic} n'existe pas")
            self._partitions[topic] = nombre
        return nombre

    @asynccontextmanager
    async def _connexion(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the pool; what passes by itself comes out as `JournalIndisponible`."""
        try:
            async with acquerir(self._pool) as conn:
                yield conn
        except Exception as exc:
            if est_passagere(exc):
                raise JournalIndisponible(f"journal PostgreSQL indisponible : {exc}") from exc
            raise


def _message(topic: str, partitions: Sequence[int]) -> str:
    return f"{topic} {','.join(map(str, partitions))}"


_SONNER = "SELECT pg_notify($1, $2)"

_ETAT = """
SELECT p.debut, p.next, (
    SELECT b.segment FROM journal.borne b
    WHERE b.topic = p.topic AND b.partition = p.partition AND b.debut <= $3
    ORDER BY b.debut DESC, b.segment DESC LIMIT 1)
FROM journal.partition p WHERE p.topic = $1 AND p.partition = $2
"""

_LIRE = """
SELECT "offset", horodatage_ms, cle, valeur FROM (
    SELECT "offset", horodatage_ms, cle, valeur,
           sum(octet_length(valeur)) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING)
               - octet_length(valeur) AS deja
    FROM journal.enregistrement_{segment}
    WHERE partition = $1 AND "offset" >= $2 ORDER BY "offset" LIMIT $3) lot
WHERE deja < $4 ORDER BY "offset"
"""
