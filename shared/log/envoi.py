"""The transactional outbox: a change and the events it announces are committed together, then relayed."""

import asyncio
import contextlib
import zlib
from collections.abc import Sequence

import asyncpg
import structlog

from shared.database.connexion import acquerir, est_passagere
from shared.log import metriques
from shared.log.reprise import Recul
from shared.log.types import Items, Journal, JournalIndisponible

_log = structlog.get_logger(__name__)

# Rows relayed in one transaction.
LOT = 1000


async def publier(conn: asyncpg.Connection, schema: str, topic: str, key: bytes, value: bytes) -> None:
    """Announce one event in the caller's transaction; it reaches the log after the commit, or never."""
    await publier_tous(conn, schema, topic, [(key, value)])


async def publier_tous(conn: asyncpg.Connection, schema: str, topic: str, items: Items) -> None:
    """Announce several events of one topic, in this order, in the caller's transaction."""
    if not items:
        return
    await conn.execute(
        f"""
        INSERT INTO "{schema}".boite_envoi (topic, cle, valeur)
        SELECT $1, u.cle, u.valeur FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS u(cle, valeur, rang)
        ORDER BY u.rang
        """,
        topic,
        [key for key, _ in items],
        [value for _, value in items],
    )


class Relais:
    """Moves the outbox of ``schema`` to the log, in the order of its ids, and deletes what it moved.

    Any number may run: an advisory lock lets one work, the others wait to take over. There is no cursor, so a
    row committed late is still found. With the PostgreSQL engine on the same database, append and delete are
    one transaction (exactly once); with Kafka the append comes first (at least once).
    """

    def __init__(self, pool: asyncpg.Pool, schema: str, journal: Journal, intervalle: float = 0.2) -> None:
        self._pool = pool
        self._schema = schema
        self._journal = journal
        self._intervalle = intervalle
        self._verrou = (zlib.crc32(b"vigie.boite_envoi") << 31) ^ zlib.crc32(schema.encode())

    async def executer(self) -> None:
        """Relay for ever; returns only by cancellation. Errors that pass are waited out, others are raised."""
        recul = Recul()
        while True:
            try:
                async with acquerir(self._pool) as conn:
                    await self._tenir(conn, recul)
            except Exception as exc:
                if not isinstance(exc, JournalIndisponible) and not est_passagere(exc):
                    raise
                metriques.erreurs_passageres.labels(f"relais:{self._schema}").inc()
                _log.warning("relais en attente", schema=self._schema, erreur=repr(exc))
            await recul.attendre()

    async def _tenir(self, conn: asyncpg.Connection, recul: Recul) -> None:
        while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", self._verrou):  # noqa: ASYNC110
            await asyncio.sleep(1)
        try:
            while True:
                relayes = await self.relayer(conn)
                recul.remettre()
                if relayes < LOT:
                    await asyncio.sleep(self._intervalle)
        finally:
            with contextlib.suppress(Exception):  # the connection may be gone, and the lock with it
                await conn.execute("SELECT pg_advisory_unlock($1)", self._verrou)

    async def relayer(self, conn: asyncpg.Connection) -> int:
        """One pass: at most `LOT` rows, in one transaction. Returns how many were moved."""
        async with conn.transaction():
            lignes = await conn.fetch(
                f'SELECT id, topic, cle, valeur FROM "{self._schema}".boite_envoi ORDER BY id LIMIT $1', LOT
            )
            for topic, items in _par_topic(lignes):
                await self._journal.ajouter_dans(conn, topic, items)
            if lignes:
                await conn.execute(
                    f'DELETE FROM "{self._schema}".boite_envoi WHERE id = ANY($1::bigint[])',
                    [ligne["id"] for ligne in lignes],
                )
        metriques.relayes.labels(self._schema).inc(len(lignes))
        return len(lignes)


def _par_topic(lignes: Sequence[asyncpg.Record]) -> list[tuple[str, list[tuple[bytes, bytes]]]]:
    topics: dict[str, list[tuple[bytes, bytes]]] = {}
    for ligne in lignes:
        topics.setdefault(ligne["topic"], []).append((ligne["cle"], ligne["valeur"]))
    return sorted(topics.items())
