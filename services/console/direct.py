"""The network as it moves: one look every few seconds for all the pages that are open, none when no page is."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import msgspec

from services.console.amont import Amont, bloc
from services.console.releves import alertes_vivantes, valeurs_du_reseau

_SILENCE_S = 15.0
"""Seconds without an event after which a comment keeps the connection open through proxies."""


class Direct:
    """Tells open pages that what they show has changed. The looks are shared, made as the console itself."""

    def __init__(self, amont: Amont, rafraichissement_s: float) -> None:
        self._amont = amont
        self._pas = rafraichissement_s
        self._abonnes: set[asyncio.Queue[str | None]] = set()
        self._regard: asyncio.Task[None] | None = None
        self._vu = ""

    async def suivre(self) -> AsyncIterator[str]:
        """The digest of the network, now and at each change, until the console stops."""
        file: asyncio.Queue[str | None] = asyncio.Queue()
        self._abonnes.add(file)
        if self._regard is None or self._regard.done():
            self._regard = asyncio.create_task(self._regarder())
        elif self._vu:
            file.put_nowait(self._vu)
        try:
            while (empreinte := await file.get()) is not None:
                yield empreinte
        finally:
            self._abonnes.discard(file)
            if not self._abonnes and self._regard is not None:
                self._regard.cancel()
                self._regard, self._vu = None, ""

    async def fermer(self) -> None:
        """End every stream."""
        for file in self._abonnes:
            file.put_nowait(None)
        if self._regard is not None:
            self._regard.cancel()
            await asyncio.gather(self._regard, return_exceptions=True)

    async def _regarder(self) -> None:
        while True:
            vu = await self._empreinte()
            if vu != self._vu:
                self._vu = vu
                for file in self._abonnes:
                    file.put_nowait(vu)
            await asyncio.sleep(self._pas)

    async def _empreinte(self) -> str:
        """What the page of the network is made from, in one word; what does not answer counts as that."""
        valeurs = [await bloc(valeurs_du_reseau(self._amont, service)) for service in ("contacts", "claims")]
        alertes = await bloc(alertes_vivantes(self._amont))
        vus: list[object] = [b.panne if b.valeur is None else b.valeur.etag for b in valeurs]
        vus.append(
            alertes.panne if alertes.valeur is None else [(a["id"], a["version"]) for a in alertes.valeur["alertes"]]
        )
        return hashlib.blake2b(msgspec.json.encode(vus), digest_size=8).hexdigest()
