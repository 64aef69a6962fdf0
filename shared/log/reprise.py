"""Waiting before trying again: exponential, with jitter, without giving up."""

import asyncio
import random

PREMIER_DELAI = 0.1  # s
DELAI_MAX = 15.0  # s


class Recul:
    """Counts failures in a row; each wait is drawn between half and all of min(15 s, 0.1 s x 2^failures)."""

    def __init__(self) -> None:
        self._echecs = 0

    def remettre(self) -> None:
        """Something succeeded."""
        self._echecs = 0

    def delai(self) -> float:
        """Something failed: seconds to wait, longer each time.

        Raises CancelledError at once when the task has been cancelled meanwhile: a roll-back that fails on a lost
        connection hides the cancellation that made it.
        """
        tache = asyncio.current_task()
        if tache is not None and tache.cancelling():
            raise asyncio.CancelledError
        delai = min(DELAI_MAX, PREMIER_DELAI * 2.0 ** min(self._echecs, 16))
        self._echecs += 1
        return delai * random.uniform(0.5, 1.0)  # noqa: S311

    async def attendre(self) -> None:
        """Wait for ``delai``; raises as it does."""
        await asyncio.sleep(self.delai())
