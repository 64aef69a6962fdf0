"""Answers as they were written, by what names them: readers of one question share one computation and one writing."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

MEMOIRE = 64 * 2**20
"""Bytes of answers that a process keeps at most; the least lately asked go first."""


class Ecrites:
    """Bodies by name. A name never stands for two bodies: it says all that decides of one."""

    def __init__(self, octets_max: int = MEMOIRE) -> None:
        self._octets_max = octets_max
        self._corps: OrderedDict[str, bytes] = OrderedDict()
        self._octets = 0
        self._verrous: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def lire(self, nom: str, ecrire: Callable[[], Awaitable[bytes]]) -> bytes:
        """The body of that name, written by ``ecrire`` when nobody has; who comes meanwhile waits for it."""
        async with self._verrous.setdefault(nom, asyncio.Lock()):
            corps = self._corps.get(nom)
            if corps is None:
                corps = await ecrire()
                self._garder(nom, corps)
            else:
                self._corps.move_to_end(nom)
        return corps

    def _garder(self, nom: str, corps: bytes) -> None:
        self._corps[nom] = corps
        self._octets += len(corps)
        while self._octets > self._octets_max:
            _, parti = self._corps.popitem(last=False)
            self._octets -= len(parti)
