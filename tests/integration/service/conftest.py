"""Applications behind a real uvicorn on a free local port, and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import APIRouter

from shared.clock import SystemClock
from shared.database.embarque import arreter, demarrer
from shared.service.application import Application, creer_application
from shared.service.reglages import Reglages
from shared.service.serveur import ouvrir_socket, servir

DELAI_S = 10.0


async def attendre(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds; the test fails after ``DELAI_S`` seconds."""
    limite = asyncio.get_running_loop().time() + DELAI_S
    while not condition():
        assert asyncio.get_running_loop().time() < limite, "the awaited condition never held"
        await asyncio.sleep(0.01)


@dataclass
class Servie:
    """A running application. ``arreter`` asks it to stop; leaving the context waits for it."""

    app: Application
    client: httpx.AsyncClient
    port: int
    arret: asyncio.Event
    tache: "asyncio.Task[None]"

    async def valeur(self, mesure: str, **etiquettes: str) -> float:
        """A metric's value once it is counted: the server counts after the client has read the answer."""
        await attendre(lambda: self.app.registre.get_sample_value(mesure, etiquettes) is not None)
        valeur = self.app.registre.get_sample_value(mesure, etiquettes)
        assert valeur is not None
        return valeur

    async def occupee(self) -> None:
        """Return once one request is being answered."""
        await attendre(lambda: self.app.registre.get_sample_value("vigie_http_requests_in_flight") == 1)


Servir = Callable[..., AbstractAsyncContextManager[Servie]]


@asynccontextmanager
async def _servir(router: APIRouter, **reglages: Any) -> AsyncIterator[Servie]:
    reglages_lus = Reglages(**{"delai_arret_s": 6.0, **reglages})
    app = creer_application("Essai", "1.0", routers=[router], lifespans=[], reglages=reglages_lus, clock=SystemClock())
    prise = ouvrir_socket("127.0.0.1", 0)
    port = prise.getsockname()[1]
    arret = asyncio.Event()
    tache = asyncio.create_task(servir(app, reglages_lus, arret, prise=prise))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=DELAI_S) as client:
        await _joindre(client, tache)
        yield Servie(app, client, port, arret, tache)
        arret.set()
    await asyncio.wait_for(tache, DELAI_S)


async def _joindre(client: httpx.AsyncClient, tache: "asyncio.Task[None]") -> None:
    limite = asyncio.get_running_loop().time() + DELAI_S
    while True:
        try:
            await client.get("/livez")
            return
        except httpx.ConnectError:
            assert not tache.done(), "the server stopped"
            assert asyncio.get_running_loop().time() < limite, "the server does not listen"
            await asyncio.sleep(0.01)


@pytest.fixture
def servir_essai() -> Servir:
    """``async with servir_essai(router, **reglages) as servie``."""
    return _servir


@pytest.fixture(autouse=True)
def journal_capture() -> Iterator[list[Any]]:
    """The log lines of the test, instead of its output."""
    with structlog.testing.capture_logs() as lignes:
        yield lignes


@pytest.fixture(scope="module")
def url_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of this module."""
    dossier: Path = tmp_path_factory.mktemp("postgres")
    yield demarrer(dossier)
    arreter(dossier)
