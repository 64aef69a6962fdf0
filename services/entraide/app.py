"""The entraide service as processes: ``vigie serve entraide --role api|consumer|tout``.

The API writes what people say; the consumer hears the comité, sizes needs, allocates and follows missions.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import APIRouter

from services.entraide.assemblage import ServiceEntraide, ouvrir
from services.entraide.besoins import api as api_besoins
from services.entraide.besoins.boucle import dimensionner_sans_fin
from services.entraide.besoins.consumers import ecouter_le_comite
from services.entraide.domain import NOM, TITRE
from services.entraide.jauges import relever
from services.entraide.plans import api as api_plans
from services.entraide.plans import api_simulation
from services.entraide.plans.boucle import allouer_sans_fin
from services.entraide.poles import api as api_poles
from services.entraide.poles import api_offres
from services.entraide.poles.importation import amorcer_le_registre
from services.entraide.propositions import api as api_propositions
from services.entraide.propositions import api_actes
from services.entraide.propositions.echeances import veiller
from services.entraide.reglages import ReglagesEntraide
from services.entraide.suivi import api as api_suivi
from services.entraide.suivi.ordonnancement import suivre
from services.entraide.tracees import TRACEES
from shared.clock import Clock
from shared.dossiers.application import VERSION, adresse_base
from shared.dossiers.jauges import MesuresCommunes
from shared.service.acces import reunir
from shared.service.application import Application, creer_application
from shared.service.assemblage import surveiller
from shared.service.audit.vie import tenir_registre
from shared.service.entretien import entretenir_sans_fin
from shared.service.horloge import creer_horloge
from shared.service.jauges import JaugesRafraichies
from shared.service.reglages import Reglages
from shared.service.sante import PasPret
from shared.service.serveur import Tache, servir

TacheDeFond = Callable[[ServiceEntraide, httpx.AsyncClient, asyncio.Event], Awaitable[None]]
"""Works until the event is set; raises what stops it."""

_API = (api_poles, api_offres, api_besoins, api_plans, api_simulation, api_propositions, api_actes, api_suivi)

ROUTEURS: Sequence[APIRouter] = tuple(api.routes for api in _API)
"""Routes of the rooms, in the order of the documentation."""

ACCES = reunir(*(api.ACCES for api in _API))


async def _entretenir(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    del client
    await entretenir_sans_fin(service, arret)


TACHES_DE_FOND: Mapping[str, TacheDeFond] = {
    "registre": amorcer_le_registre,
    "besoins": ecouter_le_comite,
    "dimensionnement": dimensionner_sans_fin,
    "allocation": allouer_sans_fin,
    "propositions": veiller,
    "suivi": suivre,
    "entretien": _entretenir,
}
"""What the consumer runs, by the name under which its readiness is told."""


def taches(reglages: Reglages) -> Mapping[str, Tache]:
    """What one process of the service runs, by its role. ``reglages`` are those of this service."""
    if not isinstance(reglages, ReglagesEntraide):
        raise TypeError("the entraide service has settings of its own")
    app = creer(reglages, creer_horloge(reglages))
    en_cours: dict[str, Tache] = {"http": partial(_servir, app)}
    if reglages.role != "api":
        en_cours["fond"] = partial(_travailler, app)
    return en_cours


def creer(reglages: ReglagesEntraide, clock: Clock) -> Application:
    """The application of one process of the service: all routes for an API, health and metrics for a consumer."""
    api = reglages.role != "consumer"
    app = creer_application(
        TITRE,
        VERSION,
        routers=ROUTEURS if api else (),
        acces=ACCES if api else {},
        lifespans=[partial(_vie_api, reglages), partial(tenir_registre, NOM, ServiceEntraide)] if api else [],
        tracees=TRACEES if api else None,
        reglages=reglages,
        clock=clock,
    )
    reglages.exiger_compte_de_service()
    app.registre.register(MesuresCommunes())
    return app


async def _servir(app: Application, arret: asyncio.Event) -> None:
    await servir(app, app.reglages, arret)


@asynccontextmanager
async def _vie_api(reglages: ReglagesEntraide, app: Application) -> AsyncIterator[ServiceEntraide]:
    async with (
        ouvrir(adresse_base(reglages), reglages, app.clock) as service,
        surveiller(app, service, JaugesRafraichies(partial(relever, service))),
    ):
        yield service


async def _travailler(app: Application, arret: asyncio.Event) -> None:
    reglages = app.reglages
    assert isinstance(reglages, ReglagesEntraide)
    async with (
        ouvrir(adresse_base(reglages), reglages, app.clock) as service,
        httpx.AsyncClient() as client,
    ):
        await travailler(service, client, arret, app)


async def travailler(
    service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event, app: Application | None = None
) -> None:
    """Run the background tasks and the relay until ``arret``; raises what stops one of them.

    ``app``: where their readiness is told.
    """
    en_cours = {nom: asyncio.ensure_future(tache(service, client, arret)) for nom, tache in TACHES_DE_FOND.items()}
    en_cours["relais"] = asyncio.create_task(service.relais().executer())
    demande = asyncio.create_task(arret.wait())
    if app is not None:
        for nom, tache in en_cours.items():
            app.verifications.ajouter(nom, partial(_tourne, nom, tache))
    try:
        await asyncio.wait((*en_cours.values(), demande), return_when=asyncio.FIRST_COMPLETED)
        if demande.done():
            fond = [tache for nom, tache in en_cours.items() if nom != "relais"]
            if fond:
                await asyncio.wait(fond, timeout=service.reglages.delai_arret_s / 2)
        for tache in en_cours.values():
            if tache.done():
                tache.result()
    finally:
        demande.cancel()
        for tache in en_cours.values():
            tache.cancel()
        await asyncio.gather(*en_cours.values(), demande, return_exceptions=True)


async def _tourne(nom: str, tache: "asyncio.Future[None]") -> None:
    if tache.done():
        raise PasPret(f"« {nom} » ne tourne plus dans {NOM}.")
