"""A network link between two processes, that may be cut, slowed, or lose the answers: a TCP proxy on this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.processus_vigie import port_libre

Cible = Path | int
"""A Unix socket, or a port of 127.0.0.1."""

_MORCEAU = 1 << 16


@dataclass
class Lien:
    """Listens on ``port`` and passes everything on to ``cible``. ``delai``: seconds added to each piece, both ways."""

    cible: Cible
    port: int = field(default_factory=port_libre)
    delai: float = 0.0
    _aller: asyncio.Event = field(default_factory=asyncio.Event)
    _retour: asyncio.Event = field(default_factory=asyncio.Event)
    _ouvertes: set[asyncio.StreamWriter] = field(default_factory=set)
    _taches: set["asyncio.Task[None]"] = field(default_factory=set)

    def couper(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._aller.clear()
        self._retour.clear()

    def perdre_les_reponses(self) -> None:
        """What is asked arrives; what is answered does not."""
        self._retour.clear()

    def retablir(self) -> None:
        """As before. What was held is lost: the connections that were open are reset."""
        if not (self._aller.is_set() and self._retour.is_set()):
            for bout in list(self._ouvertes):
                bout.transport.abort()
        self.delai = 0.0
        self._aller.set()
        self._retour.set()

    @asynccontextmanager
    async def ouvert(self) -> AsyncIterator["Lien"]:
        """While it listens."""
        self.retablir()
        serveur = await asyncio.start_server(self._accueillir, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            serveur.close()
            for tache in self._taches:
                tache.cancel()
            await asyncio.gather(*self._taches, return_exceptions=True)

    def _accueillir(self, lecture: asyncio.StreamReader, ecriture: asyncio.StreamWriter) -> None:
        tache = asyncio.create_task(self._relier(lecture, ecriture))
        self._taches.add(tache)
        tache.add_done_callback(self._taches.discard)

    async def _relier(self, lecture: asyncio.StreamReader, ecriture: asyncio.StreamWriter) -> None:
        self._ouvertes.add(ecriture)
        au_loin: asyncio.StreamWriter | None = None
        try:
            with contextlib.suppress(OSError):
                await self._aller.wait()
                reponse, au_loin = await self._joindre()
                self._ouvertes.add(au_loin)
                passages = [
                    asyncio.create_task(self._passer(lecture, au_loin, self._aller)),
                    asyncio.create_task(self._passer(reponse, ecriture, self._retour)),
                ]
                await asyncio.wait(passages, return_when=asyncio.FIRST_COMPLETED)
                for passage in passages:
                    passage.cancel()
                await asyncio.gather(*passages, return_exceptions=True)
        finally:
            for bout in (ecriture, au_loin):
                if bout is not None:
                    self._ouvertes.discard(bout)
                    bout.close()

    async def _joindre(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.cible, Path):
            return await asyncio.open_unix_connection(str(self.cible))
        return await asyncio.open_connection("127.0.0.1", self.cible)

    async def _passer(
        self, lecture: asyncio.StreamReader, ecriture: asyncio.StreamWriter, passage: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while octets := await lecture.read(_MORCEAU):
                if self.delai:
                    await asyncio.sleep(self.delai)
                await passage.wait()
                ecriture.write(octets)
                await ecriture.drain()
