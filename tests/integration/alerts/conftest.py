"""The alerts service as the network meets it: its API and evaluator on a real PostgreSQL, asking the real contacts
and claims APIs over loopback HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from asgi_lifespan import LifespanManager

from services.alerts.app import creer
from services.alerts.assemblage import ServiceAlertes
from services.alerts.consumers.boucle import Boucle
from services.alerts.consumers.evaluation import Evaluateur
from services.alerts.consumers.lecture import Amont
from services.alerts.reglages import ReglagesAlertes
from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from shared.clock import SimulatedClock
from shared.dossiers.assemblage import Definition
from shared.service.application import Application
from shared.service.serveur import ouvrir_socket
from tests.integration.api.conftest import Pile, instant, ouvrir_pile

DEPART = "2026-03-02 09:00"
"""A Monday: the present of every test until it moves it."""

Document = dict[str, Any]


@asynccontextmanager
async def servir(app: Application) -> AsyncIterator[str]:
    """Serve an application whose lifespan runs already, on loopback; its address."""
    prise = ouvrir_socket("127.0.0.1", 0)
    serveur = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    tache = asyncio.create_task(serveur.serve(sockets=[prise]))
    try:
        yield f"http://127.0.0.1:{prise.getsockname()[1]}"
    finally:
        serveur.should_exit = True
        await asyncio.wait_for(tache, 20)
        prise.close()


@dataclass
class Reseau:
    """The alerts service, and what it asks when it is there."""

    app: Application
    client: httpx.AsyncClient
    service: ServiceAlertes
    boucle: Boucle
    clock: SimulatedClock
    contacts: Pile | None = None
    claims: Pile | None = None

    def il_est(self, texte: str) -> None:
        for clock in (self.clock, *(p.clock for p in (self.contacts, self.claims) if p is not None)):
            clock.advance_to(instant(texte))

    async def evaluer(self) -> None:
        """One complete evaluation."""
        bilan = await self.boucle.evaluateur.evaluer(complete=True)
        assert bilan is not None

    async def envoyer(self, methode: str, chemin: str, corps: Any = None, **entetes: str) -> httpx.Response:
        noms = {"idempotency-key": f"essai-{next(_CLES)}"} | {
            n.replace("_", "-").lower(): v for n, v in entetes.items()
        }
        return await self.client.request(methode, chemin, json=corps, headers=noms)

    async def poster(self, chemin: str, corps: Any, **entetes: str) -> Document:
        reponse = await self.envoyer("POST", chemin, corps, **entetes)
        assert reponse.is_success, reponse.text
        document: Document = reponse.json()
        return document

    async def lire(self, chemin: str, **options: Any) -> Document:
        reponse = await self.client.get(chemin, params=options)
        assert reponse.status_code == 200, reponse.text
        document: Document = reponse.json()
        return document

    async def alertes(self, **options: Any) -> list[Document]:
        liste: list[Document] = (await self.lire("/v1/alertes", **options))["alertes"]
        return liste

    async def histoire(self, numero: int) -> list[str]:
        return [ligne["action"] for ligne in (await self.lire(f"/v1/alertes/{numero}"))["historique"]]

    async def finir(self, chemin: str, **options: str) -> Document:
        vu = await self.client.get(chemin)
        reponse = await self.envoyer("DELETE", f"{chemin}?{httpx.QueryParams(options)}", if_match=vu.headers["etag"])
        assert reponse.status_code == 200, reponse.text
        document: Document = reponse.json()
        return document


_CLES = count(1)


@asynccontextmanager
async def ouvrir_alertes(url: str, clock: SimulatedClock, **reglages: Any) -> AsyncIterator[Reseau]:
    lus = ReglagesAlertes(database_url=url, role="api", **reglages)
    app = creer(lus, clock)
    async with (
        LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as vie,
        httpx.AsyncClient() as sortant,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=vie.app), base_url="http://essai", timeout=60) as client,
    ):
        service = app.pieces[ServiceAlertes]
        assert isinstance(service, ServiceAlertes)
        evaluateur = Evaluateur(service.moteur, Amont(sortant, lus.amonts), clock)
        yield Reseau(app, client, service, Boucle(evaluateur, lus.evaluation, 0.0), clock)


@pytest.fixture
async def alertes(postgres_url: str) -> AsyncIterator[Reseau]:
    """The alerts service alone: nobody answers it."""
    async with ouvrir_alertes(postgres_url, SimulatedClock(instant(DEPART)), contacts_url="", claims_url="") as reseau:
        yield reseau


@pytest.fixture
async def reseau(postgres_url: str) -> AsyncIterator[Reseau]:
    """The alerts service and the two it asks, on the same database and the same present."""
    async with AsyncExitStack() as pile:
        services: dict[str, Pile] = {}
        adresses: dict[str, str] = {}
        definitions: tuple[Definition, ...] = (CONTACTS, CLAIMS)
        for definition in definitions:
            services[definition.nom] = await pile.enter_async_context(ouvrir_pile(definition, postgres_url))
            adresses[f"{definition.nom}_url"] = await pile.enter_async_context(servir(services[definition.nom].app))
        ouvert = await pile.enter_async_context(
            ouvrir_alertes(postgres_url, SimulatedClock(instant(DEPART)), **adresses)
        )
        ouvert.contacts, ouvert.claims = services["contacts"], services["claims"]
        yield ouvert


@pytest.fixture(autouse=True)
def journal_capture() -> Iterator[list[Any]]:
    """The log lines of the test, instead of its output."""
    with structlog.testing.capture_logs() as lignes:
        yield lignes
