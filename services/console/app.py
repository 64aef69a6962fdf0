"""The console as a process: ``vigie serve console``. It has no database and hears no log: only its API has work."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter

from services.console import pages, statique
from services.console.acces import acces_des_pages
from services.console.assemblage import ServiceConsole, ouvrir
from services.console.connexion.identite import Connexion, connexion_de
from services.console.connexion.route import routes as connexion_routes
from services.console.page import routeur
from services.console.reglages import ReglagesConsole
from shared.clock import Clock
from shared.service.application import Application, creer_application
from shared.service.erreurs import Introuvable
from shared.service.horloge import creer_horloge
from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.serveur import Tache, servir

TITRE = "Vigie : console"
VERSION = "0.1.0"


def taches(reglages: Reglages) -> Mapping[str, Tache]:
    """What one process of the service runs. Raises ReglagesInvalides: there is no consumer to run apart."""
    if not isinstance(reglages, ReglagesConsole):
        raise TypeError("the console has settings of its own")
    if reglages.role == "consumer":
        raise ReglagesInvalides("La console n'a pas de consommateur : lancez-la sans --role.")
    app = creer(reglages, creer_horloge(reglages))
    return {"http": partial(_servir, app)}


def creer(reglages: ReglagesConsole, clock: Clock) -> Application:
    """The application of the console: who looks is who logged in, and each service judges what they may see and do.

    Raises ReglagesInvalides naming what is missing.
    """
    connexion = connexion_de(reglages, clock)
    return creer_application(
        TITRE,
        VERSION,
        routers=pages.routes(),
        acces=acces_des_pages(pages.routes()),
        publiques=[statique.routes, connexion_routes, _inconnues()],
        lifespans=[partial(_vie, reglages, connexion)],
        reglages=reglages,
        clock=clock,
        identite=connexion,
    )


async def _servir(app: Application, arret: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as groupe:
        groupe.create_task(servir(app, app.reglages, arret))
        groupe.create_task(_finir_les_flux(app, arret))


async def _finir_les_flux(app: Application, arret: asyncio.Event) -> None:
    """Pages held open would hold the server too."""
    await arret.wait()
    if (service := app.pieces.get(ServiceConsole)) is not None:
        assert isinstance(service, ServiceConsole)
        await service.direct.fermer()


@asynccontextmanager
async def _vie(
    reglages: ReglagesConsole, connexion: Connexion | None, app: Application
) -> AsyncIterator[ServiceConsole]:
    async with ouvrir(reglages, app.clock, connexion) as service:
        yield service


def _inconnues() -> APIRouter:
    """The page that says there is none: last of the routes."""
    routes = routeur()

    @routes.get("/{chemin:path}")
    async def inconnue(chemin: str) -> None:
        raise Introuvable(f"Aucune page à l’adresse « /{chemin} ».")

    return routes
