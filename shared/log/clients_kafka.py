"""What the users of aiokafka's clients share: starting them safely, and reading their errors."""

import asyncio
import contextlib
from typing import Protocol

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from shared.log.types import ErreurJournal, JournalIndisponible

# s left to a start under way when its caller is cancelled.
_FIN_DE_DEMARRAGE = 5.0


class _Client(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


async def demarrer(client: _Client) -> None:
    """Start a producer or a consumer; whatever goes wrong, it is stopped.

    aiokafka forgets the connection it was bootstrapping when ``start`` is cancelled: so it is let finish.
    """
    tache = asyncio.create_task(client.start())
    try:
        await asyncio.shield(tache)
    except BaseException:
        if not tache.done():
            await asyncio.wait((tache,), timeout=_FIN_DE_DEMARRAGE)
            tache.cancel()
        with contextlib.suppress(Exception):
            await client.stop()
        await asyncio.gather(tache, return_exceptions=True)
        raise


def traduire(exc: KafkaError) -> ErreurJournal:
    """`JournalIndisponible` when it may pass by itself, a plain `ErreurJournal` otherwise."""
    if exc.retriable or isinstance(exc, KafkaTimeoutError | KafkaConnectionError):
        return JournalIndisponible(f"Kafka indisponible : {exc!r}")
    return ErreurJournal(f"Kafka refuse : {exc!r}")
