"""The console put together: its client of the other services and its templates, opened once per process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from jinja2 import Environment

from services.console.amont import Amont
from services.console.direct import Direct
from services.console.gabarits import creer_environnement
from services.console.reglages import ReglagesConsole
from shared.clock import Clock


@dataclass(slots=True)
class ServiceConsole:
    """The open parts of the console; see ``ouvrir``."""

    reglages: ReglagesConsole
    clock: Clock
    amont: Amont
    gabarits: Environment
    direct: Direct


@asynccontextmanager
async def ouvrir(reglages: ReglagesConsole, clock: Clock) -> AsyncIterator[ServiceConsole]:
    """Open the client; close it at the end. Nothing is asked yet: the console stands when the others do not."""
    limites = httpx.Limits(max_connections=100, max_keepalive_connections=40)
    async with httpx.AsyncClient(limits=limites) as client:
        amont = Amont(client, reglages.amonts, clock, reglages.delai_lecture_s, reglages.delai_acte_s)
        direct = Direct(amont, reglages.rafraichissement_s)
        try:
            yield ServiceConsole(reglages, clock, amont, creer_environnement(), direct)
        finally:
            await direct.fermer()
