"""The entraide service with what it asks: owners of figures that answer what a test says, alerts real or silent."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import msgspec
from asgi_lifespan import LifespanManager
from fastapi import FastAPI, Request, Response

from services.entraide.app import creer
from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.boucle import tour as dimensionner
from services.entraide.besoins.consumers import TraitementBesoins
from services.entraide.plans.boucle import tour as allouer
from services.entraide.poles.importation import amorcer
from services.entraide.reglages import ReglagesEntraide
from shared.clock import SimulatedClock
from shared.log.types import Enregistrement
from tests.integration.alerts.conftest import servir
from tests.integration.api.conftest import instant

Document = dict[str, Any]

DEPART = "2026-11-06 08:00"
"""A Friday."""

LUNDI = date(2026, 11, 9)

SEMAINES = 12

_CLES = itertools.count(1)

REGISTRE = (
    "cle;caisse;process;etp\n"
    "loir-ij;cpam-41;ij;4\n"
    "orne-ij;cpam-61;ij;2\n"
    "loir-appel;cpam-41;appel;3\n"
)  # fmt: skip


@dataclass
class Proprietaires:
    """Contacts, claims and alerts. ``charges``: by stock and caisse, (arrivals a week, worked a week, files in stock,
    age of the oldest: spread evenly). ``appels``: by caisse, (calls in 28 days, rate in %). ``alertes``: open ones.
    ``travaux``: rows of who worked whose files.

    ``muets``: hosts that do not answer.
    """

    charges: dict[str, Mapping[str, tuple[float, float, float, int]]] = field(default_factory=dict)
    appels: dict[str, tuple[int, float]] = field(default_factory=dict)
    alertes: list[Document] = field(default_factory=list)
    travaux: list[Document] = field(default_factory=list)
    muets: set[str] = field(default_factory=set)

    def repondre(self, requete: httpx.Request) -> httpx.Response:
        if requete.url.host in self.muets:
            raise httpx.ConnectError("panne", request=requete)
        chemin = requete.url.path
        if chemin == "/v1/alertes":
            return httpx.Response(200, json={"alertes": self.alertes, "suivant": None})
        if chemin == "/v1/travail":
            return httpx.Response(200, json={"lignes": self.travaux})
        *_, code, quoi = chemin.split("/")
        lignes = self._charge(code) if quoi == "charge" else self._valeurs()
        return httpx.Response(200, json={"valeurs": lignes})

    def _charge(self, stock: str) -> list[Document]:
        return [
            {
                "caisse": caisse, "projetable": True,
                "ages": [[rang * age / 20, n / 20] for rang in range(20)] if n else [],
                "avant": {"jours": 2, "arrivees": 0.0, "clotures": 0.0},
                "arrivees": [arrivees] * SEMAINES, "clotures": [faits] * SEMAINES,
                "clotures_au_mieux": [faits] * SEMAINES,
            }
            for caisse, (arrivees, faits, n, age) in self.charges.get(stock, {}).items()
        ]  # fmt: skip

    def _valeurs(self) -> list[Document]:
        return [{"caisse": c, "n": n, "valeur": taux} for c, (n, taux) in {"reseau": (1, 90.0), **self.appels}.items()]


@dataclass
class Entraide:
    service: ServiceEntraide
    client: httpx.AsyncClient
    sortant: httpx.AsyncClient
    clock: SimulatedClock
    proprietaires: Proprietaires

    async def envoyer(self, methode: str, chemin: str, corps: Any = None, **entetes: str) -> httpx.Response:
        noms = {"idempotency-key": f"essai-{next(_CLES)}"} | {n.replace("_", "-"): v for n, v in entetes.items()}
        contenu = {"content": corps} if isinstance(corps, str) else {"json": corps}
        return await self.client.request(methode, chemin, headers=noms, **({} if corps is None else contenu))

    async def poster(self, chemin: str, corps: Any = None, statut: int = 201, **entetes: str) -> Document:
        reponse = await self.envoyer("POST", chemin, corps, **entetes)
        assert reponse.status_code == statut, reponse.text
        document: Document = reponse.json()
        return document

    async def lire(self, chemin: str, **options: Any) -> Document:
        reponse = await self.client.get(chemin, params=options)
        assert reponse.status_code == 200, reponse.text
        document: Document = reponse.json()
        return document

    async def etag(self, chemin: str) -> str:
        return str((await self.client.get(chemin)).headers["etag"])

    async def besoins(self, **options: Any) -> list[Document]:
        lus: list[Document] = (await self.lire("/v1/besoins", **options))["besoins"]
        return lus

    async def entendre(self, type_: str, mois: str, *besoins: Document) -> None:
        """What the comité announces, through the consumer's handler."""
        evenement = {"id": f"{type_}-{mois}", "type": type_, "data": {"mois": mois, "besoins": besoins}}
        record = Enregistrement("vigie.alertes.v1", 0, 0, b"", msgspec.json.encode(evenement), 0)
        traitement = TraitementBesoins(self.clock)
        lot = traitement.preparer([record])
        async with self.service.pool.acquire() as conn, conn.transaction():
            await traitement.appliquer(conn, lot, 0)

    async def dimensionner(self) -> int:
        return await dimensionner(self.service, self.sortant)

    async def allouer(self) -> dict[str, int]:
        return await allouer(self.service, self.sortant)


def demande(cle: str, caisse: str = "cpam-75", process: str = "ij") -> Document:
    """A need as the comité announces it."""
    return {"cle": cle, "caisse": caisse, "process": process, "debut": "2026-11-09", "fin": "2026-12-31"}


def crise_ij() -> dict[str, Mapping[str, tuple[float, float, float, int]]]:
    """Paris gets 400 demands a week and works 320, with 900 waiting up to 20 days; the donors hold theirs easily."""
    return {
        "stock_ij_premiere_non_subrogee": {
            "cpam-75": (400.0, 320.0, 900.0, 20),
            "cpam-41": (300.0, 300.0, 300.0, 7),
            "cpam-61": (200.0, 200.0, 200.0, 7),
        }
    }


@asynccontextmanager
async def ouvrir_entraide(
    url: str, proprietaires: Proprietaires, depart: str = DEPART, registre: str | None = REGISTRE, **reglages: Any
) -> AsyncIterator[Entraide]:
    adresses = {f"{nom}_url": f"http://{nom}" for nom in ("contacts", "claims", "alerts")}
    clock = SimulatedClock(instant(depart))
    app = creer(ReglagesEntraide(database_url=url, role="api", **(adresses | reglages)), clock)
    async with (
        LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as vie,
        httpx.AsyncClient(transport=httpx.MockTransport(proprietaires.repondre)) as sortant,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=vie.app), base_url="http://essai", timeout=60) as client,
    ):
        service = app.pieces[ServiceEntraide]
        assert isinstance(service, ServiceEntraide)
        if registre is not None:
            await amorcer(service.moteur, registre, clock.now())
        yield Entraide(service, client, sortant, clock, proprietaires)


@asynccontextmanager
async def servir_les_figures(figures: Proprietaires) -> AsyncIterator[dict[str, str]]:
    """The owners of figures on loopback, for who asks them with a client of its own: the settings that say where."""
    app = FastAPI()

    @app.get("/{chemin:path}")
    async def repondre(requete: Request) -> Response:
        lue = figures.repondre(httpx.Request("GET", str(requete.url)))
        return Response(lue.content, lue.status_code, media_type="application/json")

    async with servir(app) as adresse:
        yield {f"{nom}_url": adresse for nom in ("contacts", "claims", "alerts")}


def lundi(rang: int) -> str:
    return (LUNDI + timedelta(days=7 * rang)).isoformat()
