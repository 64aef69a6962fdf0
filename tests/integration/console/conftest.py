"""The console over the real services it asks: alerts, contacts and claims answer over loopback, entraide does not."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape

import httpx
import pytest
from asgi_lifespan import LifespanManager

from services.console.app import creer
from services.console.assemblage import ServiceConsole
from services.console.reglages import ReglagesConsole
from tests.integration.alerts.conftest import Reseau, journal_capture, reseau, servir

__all__ = ["journal_capture", "reseau"]

_CHAMPS = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Console:
    """A browser without a script, in front of the console."""

    client: httpx.AsyncClient
    service: ServiceConsole
    reseau: Reseau

    async def page(self, chemin: str, statut: int = 200) -> str:
        reponse = await self.client.get(chemin)
        assert reponse.status_code == statut, reponse.text
        return reponse.text

    async def envoyer(self, depuis: str, vers: str, **champs: str) -> httpx.Response:
        """Fill the form of a page that goes to ``vers``, its hidden fields as they stand."""
        formulaires = re.findall(r"<form.*?</form>", await self.page(depuis), re.DOTALL)
        (formulaire,) = [f for f in formulaires if f'action="{vers}"' in f][:1]
        caches = {nom: unescape(valeur) for nom, valeur in _CHAMPS.findall(formulaire)}
        return await self.client.post(vers, data={**caches, **champs})


@pytest.fixture
async def console(reseau: Reseau) -> AsyncIterator[Console]:
    """On the same present as the services."""
    async with AsyncExitStack() as pile:
        alertes = await pile.enter_async_context(servir(reseau.app))
        contacts, claims = reseau.service.reglages.contacts_url, reseau.service.reglages.claims_url
        reglages = ReglagesConsole(
            contacts_url=contacts, claims_url=claims, alerts_url=alertes, entraide_url="http://127.0.0.1:9",
            rafraichissement_s=0.1,
        )  # fmt: skip
        app = creer(reglages, reseau.clock)
        vie = await pile.enter_async_context(LifespanManager(app))
        transport = httpx.ASGITransport(app=vie.app)
        client = await pile.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://console", timeout=30)
        )
        service = app.pieces[ServiceConsole]
        assert isinstance(service, ServiceConsole)
        yield Console(client, service, reseau)
