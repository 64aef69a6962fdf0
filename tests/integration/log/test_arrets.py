"""What is told to stop stops, whatever happens at that very moment."""

import asyncio

import pytest

from shared.database.connexion import acquerir
from shared.log.envoi import Relais, publier
from shared.log.types import Items
from tests.integration.log.conftest import Banc
from tests.support.attente import attendre
from tests.support.compteur import SCHEMA

_TERMINER = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND query ~ 'boite_envoi'
"""


class _JournalLent:
    """Holds an append for as long as it is let, inside the transaction of the relay."""

    def __init__(self) -> None:
        self.entre = asyncio.Event()

    async def ajouter_dans(self, conn: object, topic: str, items: Items) -> None:
        self.entre.set()
        await asyncio.Event().wait()


async def test_a_relay_cancelled_while_its_connection_dies_is_not_taken_for_one_to_resume(banc: Banc) -> None:
    async with acquerir(banc.pool) as conn, conn.transaction():
        await publier(conn, SCHEMA, banc.topic, b"k", b"v")
    lent = _JournalLent()
    relais = asyncio.create_task(Relais(banc.pool, SCHEMA, lent).executer())  # type: ignore[arg-type]
    await asyncio.wait_for(lent.entre.wait(), 10)
    assert await banc.pool.fetchval(_TERMINER) == 1
    await attendre(lambda: _perdue(banc))
    relais.cancel()  # the roll-back that follows fails, and hides the cancellation
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(relais, 10)


async def _perdue(banc: Banc) -> bool:
    """Every backend that was terminated has gone: its client has been told."""
    return bool(
        await banc.pool.fetchval(
            "SELECT count(*) = 0 FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle in transaction'"
        )
    )


async def test_a_stop_in_the_middle_of_a_revocation_is_a_clean_one(banc: Banc) -> None:
    async with banc.consommer() as consommateur:
        await attendre(lambda: consommateur.pret)
        await asyncio.gather(*(consommateur.revoquer(frozenset(range(4))) for _ in range(2)))
        assert not consommateur.retards
