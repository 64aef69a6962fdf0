"""The console put together: its client of the other services and its templates, opened once per process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx
from jinja2 import Environment

from services.console.amont import Amont
from services.console.connexion.identite import Connexion
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
    connexion: Connexion | None
    """None on a machine alone, where nobody is asked who they are."""


GARDEES_MAX = 12
"""Connections to one service that stay open for the next question. httpx looks at each of them before it asks: with
forty for all services together that was two fifths of the console's work."""


@asynccontextmanager
async def ouvrir(
    reglages: ReglagesConsole, clock: Clock, connexion: Connexion | None = None
) -> AsyncIterator[ServiceConsole]:
    """Open the clients; close them at the end. Nothing is asked yet: the console stands when the others do not."""
    async with (
        httpx.AsyncClient(mounts=_transports(reglages)) as client,
        httpx.AsyncClient(auth=reglages.jeton_de_service, mounts=_transports(reglages)) as a_son_compte,
    ):
        amont = Amont(client, reglages.amonts, clock, reglages.delai_lecture_s, reglages.delai_acte_s)
        direct = Direct(replace(amont, client=a_son_compte), reglages.rafraichissement_s)
        try:
            yield ServiceConsole(reglages, clock, amont, creer_environnement(), direct, connexion)
        finally:
            await direct.fermer()


def _transports(reglages: ReglagesConsole) -> dict[str, httpx.AsyncBaseTransport | None]:
    """Connections of its own to each service, never through the proxies of the environment: one that does not answer
    takes none of the others'."""
    limites = httpx.Limits(max_connections=100, max_keepalive_connections=GARDEES_MAX)
    autorites = httpx.create_ssl_context()
    origines = {f"{adresse.scheme}://{adresse.netloc}" for adresse in map(urlsplit, reglages.amonts.values())}
    return {origine: httpx.AsyncHTTPTransport(verify=autorites, limits=limites) for origine in origines}
