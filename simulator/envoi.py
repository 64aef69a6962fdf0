"""Sends the days of a run to the services, as a real source would: NDJSON over HTTP, in time order.

Lines keep their ids, so sending one again is harmless. All the requests of a day are answered before the next day
starts: the simulated clock of the services never runs ahead of what they hold.
"""

import asyncio
import gzip
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from simulator.simulation import Journee

MEDIA_NDJSON = "application/x-ndjson"
ENTETE_HORLOGE = "vigie-horloge"
"""Header of the simulated time; services on a simulated clock follow it, others ignore it."""

_A_RETENTER = frozenset({429, 502, 503, 504})
_ATTENTE_MAX = 30.0
"""Seconds between two tries at most, unless the service asks for more."""
_EXEMPLES_MAX = 20


class EnvoiImpossible(Exception):
    """A service refused a whole request, or could not be reached after every try. The message is in French."""


@dataclass(slots=True)
class Compte:
    """What became of the lines sent. ``exemples``: the first refusals, as the service worded them."""

    acceptes: int = 0
    refuses: int = 0
    raisons: Counter[str] = field(default_factory=Counter)
    exemples: list[str] = field(default_factory=list)


class Emetteur:
    """An open connection to both services; an asynchronous context manager.

    ``horloges``: other services that only want to know the time. ``lignes_max``: lines a request. ``en_vol``: requests
    at once, per service. ``essais``: tries of one request.
    """

    def __init__(
        self,
        contacts_url: str,
        claims_url: str,
        *,
        horloges: Sequence[str] = (),
        lignes_max: int = 5_000,
        en_vol: int = 4,
        essais: int = 8,
        compresser: bool = False,
        client: httpx.AsyncClient | None = None,
        attendre: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._urls = (contacts_url.rstrip("/"), claims_url.rstrip("/"))
        self._horloges = tuple(url.rstrip("/") for url in horloges)
        self._places = {url: asyncio.Semaphore(en_vol) for url in self._urls}
        self._lignes_max = lignes_max
        self._essais = essais
        self._compresser = compresser
        self._client = client or httpx.AsyncClient(timeout=60)
        self._attendre = attendre
        self._horloge_reelle: set[str] = set()
        self.compte = Compte()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def envoyer(self, journee: Journee) -> None:
        """Send one day (or step) and wait for every answer. Raises EnvoiImpossible."""
        lots = [
            (url, lignes[debut : debut + self._lignes_max])
            for url, lignes in zip(self._urls, (journee.contacts, journee.claims), strict=True)
            for debut in range(0, max(1, len(lignes)), self._lignes_max)
        ]
        travaux = [self._poster(u, lot, journee.fin) if lot else self._avancer(u, journee.fin) for u, lot in lots]
        await _tous(travaux)

    async def dire_l_heure(self, instant: datetime) -> None:
        """Tell the time to the services that receive nothing. Raises EnvoiImpossible."""
        await _tous([self._avancer(url, instant) for url in self._horloges])

    async def _poster(self, url: str, lignes: Sequence[bytes], horloge: datetime) -> None:
        corps = b"\n".join(lignes) + b"\n"
        entetes = {"content-type": MEDIA_NDJSON, ENTETE_HORLOGE: horloge.isoformat()}
        if self._compresser:
            corps = await asyncio.to_thread(gzip.compress, corps, 3)
            entetes["content-encoding"] = "gzip"
        async with self._places[url]:
            reponse = await self._essayer("POST", f"{url}/v1/events", entetes, corps)
        if reponse.status_code != httpx.codes.ACCEPTED:
            raise EnvoiImpossible(f"{url} a répondu {reponse.status_code} : {reponse.text[:500]}")
        compter(self.compte, reponse.json(), len(lignes))

    async def _avancer(self, url: str, horloge: datetime) -> None:
        """Tell the time to a service that has nothing to receive; one on the system's clock has no such route."""
        if url in self._horloge_reelle:
            return
        corps = f'{{"instant":"{horloge.isoformat()}"}}'.encode()
        entetes = {"content-type": "application/json"}
        reponse = await self._essayer("PUT", f"{url}/v1/horloge", entetes, corps)
        if reponse.status_code in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
            self._horloge_reelle.add(url)

    async def _essayer(self, methode: str, url: str, entetes: dict[str, str], corps: bytes) -> httpx.Response:
        """The first answer that is not a call to try again; waits what ``Retry-After`` asks, or longer each time."""
        cause = ""
        for essai in range(self._essais):
            attente = min(_ATTENTE_MAX, 0.2 * 2**essai)
            try:
                reponse = await self._client.request(methode, url, headers=entetes, content=corps)
            except httpx.TransportError as exc:
                cause = str(exc) or type(exc).__name__
            else:
                if reponse.status_code not in _A_RETENTER:
                    return reponse
                cause = f"réponse {reponse.status_code}"
                demandee = reponse.headers.get("retry-after", "")
                attente = float(demandee) if demandee.isdecimal() else attente
            if essai + 1 < self._essais:
                await self._attendre(attente)
        raise EnvoiImpossible(f"{url} n'a rien pris après {self._essais} essais : {cause}.")


async def _tous(travaux: Iterable[Awaitable[None]]) -> None:
    """Wait for all, then raise what the first to fail raised."""
    for issue in await asyncio.gather(*travaux, return_exceptions=True):
        if isinstance(issue, BaseException):
            raise issue


def compter(compte: Compte, corps: Any, lignes: int) -> None:
    """Add one answer to the count: ``{"acceptes": n, "refuses": n, "resultats": [{"raison", "message", …}]}``.

    ``lignes``: how many were sent. Raises EnvoiImpossible when the answer does not account for all of them.
    """
    acceptes, refuses = corps.get("acceptes", -1), corps.get("refuses", 0)
    if acceptes + refuses != lignes:
        raise EnvoiImpossible(f"La réponse ne rend pas compte des {lignes} lignes envoyées : {str(corps)[:300]}")
    compte.acceptes += acceptes
    compte.refuses += refuses
    for un in corps.get("resultats", ()):
        if un.get("statut") != "refuse":
            continue
        compte.raisons[un["raison"]] += 1
        if len(compte.exemples) < _EXEMPLES_MAX:
            compte.exemples.append(f"{un['raison']} : {un['message']}")
