"""What a process does again and again until it is asked to stop: rounds, a rest between them, and patience."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from shared.database.connexion import est_passagere
from shared.log.reprise import Recul

_log = structlog.get_logger(__name__)

Repos = Callable[[float], float]
"""Seconds to rest after a round that took so many."""


async def repeter(nom: str, tour: Callable[[], Awaitable[object]], arret: asyncio.Event, repos: float | Repos) -> None:
    """Make rounds until ``arret``, each begun ``repos`` seconds (of the system's clock) after the end of the last.

    A database that is away is waited for, longer each time (`Recul`), and told in the journal under ``nom``. Raises
    what will not pass by itself. A round under way is not cut short by ``arret``: cancel the task for that.
    """
    recul = Recul()
    while not arret.is_set():
        debut = time.monotonic()
        try:
            await tour()
        except Exception as exc:
            if not est_passagere(exc):
                raise
            attente = recul.delai()
            _log.warning(f"{nom} en attente", erreur=repr(exc), secondes=round(attente, 1))
        else:
            recul.remettre()
            attente = repos if isinstance(repos, int | float) else repos(time.monotonic() - debut)
        await attendre(arret, attente)


async def attendre(arret: asyncio.Event, secondes: float) -> bool:
    """Wait so long, or until ``arret``; True when it came."""
    try:
        async with asyncio.timeout(secondes):
            await arret.wait()
    except TimeoutError:
        return False
    return True
