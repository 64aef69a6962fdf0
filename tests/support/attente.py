"""Waiting in tests: for a condition, with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def attendre(
    condition: Callable[[], Awaitable[bool]] | Callable[[], bool], delai: float = 20.0, quoi: str = ""
) -> None:
    """Poll ``condition`` (plain or async) until true; AssertionError after ``delai`` seconds."""
    fin = time.monotonic() + delai
    while True:
        verdict = condition()
        if isinstance(verdict, Awaitable):
            verdict = await verdict
        if verdict:
            return
        assert time.monotonic() < fin, f"toujours pas après {delai:.0f} s : {quoi or condition}"
        await asyncio.sleep(0.05)
