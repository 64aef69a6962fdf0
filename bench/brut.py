"""A reader that costs next to nothing beside what it measures: HTTP/1.1 over one kept connection, bytes left unread."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlencode, urlsplit

DELAI = 300.0

_NAVIGATEUR = {"accept": "*/*", "accept-encoding": "gzip"}


class Reponse(NamedTuple):
    """``octets``: length of the body as it came, compressed when the service compressed it."""

    statut: int
    entetes: Mapping[str, str]
    octets: int


class Brut:
    """One connection to a service, one question at a time. What it cannot read is an error, never a guess."""

    def __init__(self, url: str) -> None:
        adresse = urlsplit(url)
        self._hote, self._port = adresse.hostname or "127.0.0.1", adresse.port or 80

    async def __aenter__(self) -> Self:
        await self._ouvrir()
        return self

    async def _ouvrir(self) -> None:
        self._recu, self._envoi = await asyncio.open_connection(self._hote, self._port)

    async def __aexit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, t: TracebackType | None
    ) -> None:
        self._envoi.close()

    async def lire(self, chemin: str, options: Mapping[str, str], entetes: Mapping[str, str] | None = None) -> Reponse:
        """A GET, read to the last byte within ``DELAI`` seconds."""
        async with asyncio.timeout(DELAI):
            return await self._lire(chemin, options, entetes)

    async def _lire(self, chemin: str, options: Mapping[str, str], entetes: Mapping[str, str] | None) -> Reponse:
        if self._recu.at_eof():  # the service closes what rests
            self._envoi.close()
            await self._ouvrir()
        lignes = {"host": self._hote, **_NAVIGATEUR, **(entetes or {})}
        tete = f"GET {chemin}?{urlencode(options)} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lignes.items())
        self._envoi.write(f"{tete}\r\n".encode())
        statut, *recues = (await self._recu.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        dites = {nom.lower(): valeur for nom, _, valeur in (ligne.partition(": ") for ligne in recues)}
        octets = int(dites.get("content-length", 0))
        if "transfer-encoding" in dites:
            raise RuntimeError(f"{chemin} : réponse sans longueur")
        await self._recu.readexactly(octets)
        return Reponse(int(statut.split()[1]), dites, octets)
