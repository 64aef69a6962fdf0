"""What the console asks of the other services. Each reading fails alone; nothing is kept but what an ETag renews."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from services.console.mots import NOMS_SERVICES, heure
from shared.clock import Clock

T = TypeVar("T")

Options = Mapping[str, object]
"""Of a query: texts, numbers, days, truths; None and the empty text are left out."""

GARDEES_MAX = 64
"""Answers kept with their ETag: those of the pages that are open, the network's among them (about 1 MB)."""


class AmontInjoignable(Exception):
    """A service does not answer; ``str()`` is a French sentence. ``depuis``: since when, by the console's clock."""

    def __init__(self, service: str, depuis: datetime) -> None:
        self.service = service
        self.depuis = depuis
        super().__init__(f"Service {NOMS_SERVICES[service]} injoignable depuis {heure(depuis)}.")


class RefusAmont(Exception):
    """A service answered no. ``str()`` is its own French sentence; ``statut`` its HTTP status."""

    def __init__(self, service: str, statut: int, detail: str) -> None:
        self.service = service
        self.statut = statut
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Bloc(Generic[T]):
    """One part of a page: what was read, or the sentence that says why it is not there."""

    valeur: T | None
    panne: str | None = None
    statut: int | None = None
    """Of a refusal; None when nothing answered."""

    @property
    def reserve(self) -> bool:
        """Whether it is there, for other roles than those of who looks."""
        return self.statut == httpx.codes.FORBIDDEN


def pannes(lus: Iterable[Bloc[Any]]) -> list[str]:
    """Why parts of a page are missing, each said once; what is for others is no breakdown."""
    return list(dict.fromkeys(b.panne for b in lus if b.panne and not b.reserve))


@dataclass(frozen=True, slots=True, eq=False)
class Lu:
    """A document with the ETag that an act on it must name. The same answer, not sent again, is the same object."""

    document: Any
    etag: str | None


@dataclass(slots=True)
class _Etat:
    """What is shared by all requests of the process."""

    gardees: OrderedDict[tuple[str, str], Lu] = field(default_factory=OrderedDict)
    demandees: dict[tuple[str, str], float] = field(default_factory=dict)
    """When each of these was last asked, by the event loop's clock, in seconds."""
    perdus: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Amont:
    """The HTTP APIs of the services. ``qui`` asks under ``jeton``, the person's own access token; None: as nobody."""

    client: httpx.AsyncClient
    adresses: dict[str, str]
    clock: Clock
    delai_lecture_s: float
    delai_acte_s: float
    qui: str | None = None
    jeton: str | None = field(default=None, repr=False)
    _etat: _Etat = field(default_factory=_Etat)

    def pour(self, qui: str, jeton: str) -> "Amont":
        """The same, on behalf of somebody: what is answered to them is kept for them alone, from token to token."""
        return replace(self, qui=qui, jeton=jeton)

    async def lire(self, service: str, chemin: str, options: Options | None = None, *, age_max_s: float = 0.0) -> Any:
        """The JSON document of a GET. Raises AmontInjoignable, RefusAmont."""
        return (await self.lire_avec_etag(service, chemin, options, age_max_s=age_max_s)).document

    async def lire_avec_etag(
        self, service: str, chemin: str, options: Options | None = None, *, age_max_s: float = 0.0
    ) -> Lu:
        """The same with its ETag. What is held already and has not changed is not sent again; what was read less than
        ``age_max_s`` seconds ago is not asked again."""
        voulues = {nom: _ecrire(valeur) for nom, valeur in (options or {}).items() if valeur not in (None, "")}
        requete = self.client.build_request("GET", self._adresse(service, chemin), params=voulues)
        clef = (str(requete.url), self.qui or "")
        gardee, maintenant = self._etat.gardees.get(clef), asyncio.get_running_loop().time()
        if gardee is not None and maintenant - self._etat.demandees[clef] < age_max_s:
            return gardee
        if gardee is not None and gardee.etag is not None:
            requete.headers["if-none-match"] = gardee.etag
        reponse = await self._envoyer(service, requete, self.delai_lecture_s)
        if reponse.status_code == httpx.codes.NOT_MODIFIED and gardee is not None:
            lu = gardee
        else:
            lu = Lu(_document(service, reponse), reponse.headers.get("etag"))
        if lu.etag is not None:
            self._garder(clef, lu, maintenant)
        return lu

    def _garder(self, clef: tuple[str, str], lu: Lu, maintenant: float) -> None:
        gardees = self._etat.gardees
        gardees[clef], self._etat.demandees[clef] = lu, maintenant
        gardees.move_to_end(clef)
        while len(gardees) > GARDEES_MAX:
            oubliee, _ = gardees.popitem(last=False)
            del self._etat.demandees[oubliee]

    async def telecharger(self, service: str, chemin: str) -> httpx.Response:
        """A file of a service, whole. Raises AmontInjoignable, RefusAmont."""
        requete = self.client.build_request("GET", self._adresse(service, chemin))
        reponse = await self._envoyer(service, requete, self.delai_lecture_s)
        if not reponse.is_success:
            raise _refus(service, reponse)
        return reponse

    async def agir(
        self, methode: str, service: str, chemin: str, corps: Any, *, cle: str, si: str | None = None
    ) -> Any:
        """An act: ``cle`` makes it once however often it is sent, ``si`` is the ETag of what the person saw.

        Raises AmontInjoignable, RefusAmont.
        """
        entetes = {"idempotency-key": cle} | ({"if-match": si} if si else {})
        requete = self.client.build_request(methode, self._adresse(service, chemin), json=corps, headers=entetes)
        reponse = await self._envoyer(service, requete, self.delai_acte_s)
        return _document(service, reponse)

    def _adresse(self, service: str, chemin: str) -> str:
        """``chemin`` as it is said in the code, the names in it just as somebody gave them."""
        return self.adresses[service].rstrip("/") + "/".join(_segment(nom) for nom in chemin.split("/"))

    async def _envoyer(self, service: str, requete: httpx.Request, delai_s: float) -> httpx.Response:
        if self.jeton is not None:
            requete.headers["authorization"] = f"Bearer {self.jeton}"
        # A connection to a service that is away is given up sooner than an answer that is long to make.
        requete.extensions["timeout"] = httpx.Timeout(delai_s, connect=min(delai_s, 2.0)).as_dict()
        try:
            reponse = await self.client.send(requete)
        except httpx.HTTPError as exc:
            depuis = self._etat.perdus.setdefault(service, self.clock.now())
            raise AmontInjoignable(service, depuis) from exc
        self._etat.perdus.pop(service, None)
        return reponse


async def bloc(lecture: Awaitable[T]) -> Bloc[T]:
    """A part of a page, whatever becomes of its reading."""
    try:
        return Bloc(await lecture)
    except AmontInjoignable as exc:
        return Bloc(None, str(exc))
    except RefusAmont as exc:
        return Bloc(None, str(exc), exc.statut)


async def blocs(**lectures: Awaitable[Any]) -> dict[str, Bloc[Any]]:
    """Several parts, read at once."""
    lus = await asyncio.gather(*(bloc(lecture) for lecture in lectures.values()))
    return dict(zip(lectures, lus, strict=True))


def _segment(nom: str) -> str:
    """A name as one step of an address, never a way up, a question or the end of one."""
    return quote(nom, safe="") if nom.strip(".") else nom.replace(".", "%2E")


def _ecrire(valeur: object) -> str:
    return str(valeur).lower() if isinstance(valeur, bool) else str(valeur)


def _document(service: str, reponse: httpx.Response) -> Any:
    if not reponse.is_success:
        raise _refus(service, reponse)
    if not reponse.content:
        return None
    try:
        return msgspec.json.decode(reponse.content)
    except msgspec.DecodeError:
        raise RefusAmont(service, reponse.status_code, _inattendue(service)) from None


def _refus(service: str, reponse: httpx.Response) -> RefusAmont:
    try:
        detail = str(msgspec.json.decode(reponse.content)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        detail = _inattendue(service)
    return RefusAmont(service, reponse.status_code, detail)


def _inattendue(service: str) -> str:
    return f"Réponse inattendue du service {NOMS_SERVICES[service]}."
