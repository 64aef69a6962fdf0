"""The alerts service as processes: ``vigie serve alerts --role api|consumer|tout``.

The API writes what people say; the consumer hears the bells, evaluates and pushes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import httpx

from services.alerts.api import acces, routes
from services.alerts.assemblage import ServiceAlertes, ouvrir
from services.alerts.comite.ordonnanceur import ordonner
from services.alerts.comite.plans_provisoires import ecouter_plans
from services.alerts.comite.routes import acces_comite, routes_comite
from services.alerts.consumers.alertmanager import Poussoir
from services.alerts.consumers.boucle import Boucle
from services.alerts.consumers.cloches import TraitementCloches
from services.alerts.consumers.evaluation import Evaluateur
from services.alerts.consumers.lecture import Amont
from services.alerts.domain import NOM, TITRE
from services.alerts.jauges import relever
from services.alerts.lettres import api as documents
from services.alerts.notifications.api import acces as acces_notifications
from services.alerts.notifications.api import routes as routes_notifications
from services.alerts.notifications.api import routes_publiques
from services.alerts.notifications.entraide import ecouter_entraide
from services.alerts.notifications.facteur import facteur_de
from services.alerts.reglages import ReglagesAlertes
from services.alerts.suivis.ordonnancement import suivre
from services.alerts.suivis.routes import acces_suivis, routes_suivis
from services.alerts.tracees import TRACEES
from shared.clock import Clock
from shared.dossiers.application import VERSION, adresse_base
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.dossiers.jauges import MesuresCommunes
from shared.log.consommateur import Consommateur, ReglagesConsommateur
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

ROUTEURS = (*routes(), *routes_comite(), *routes_notifications(), documents.routes, *routes_suivis())

ACCES = reunir(acces(), acces_comite(), acces_notifications(), documents.ACCES, acces_suivis())
"""Who may call each route."""


def taches(reglages: Reglages) -> Mapping[str, Tache]:
    """What one process of the service runs, by its role. ``reglages`` are those of this service."""
    if not isinstance(reglages, ReglagesAlertes):
        raise TypeError("the alerts service has settings of its own")
    clock = creer_horloge(reglages)
    app = creer(reglages, clock)
    en_cours: dict[str, Tache] = {"http": partial(_servir, app)}
    if reglages.role != "api":
        en_cours["evaluation"] = partial(_evaluer, app)
    return en_cours


def creer(reglages: ReglagesAlertes, clock: Clock) -> Application:
    """The application of one process of the service: all routes for an API, health and metrics for a consumer."""
    api = reglages.role != "consumer"
    app = creer_application(
        TITRE,
        VERSION,
        routers=ROUTEURS if api else (),
        acces=ACCES if api else {},
        publiques=[routes_publiques()] if api else (),
        lifespans=[partial(_vie_api, reglages), partial(tenir_registre, NOM, ServiceAlertes)] if api else [],
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
async def _vie_api(reglages: ReglagesAlertes, app: Application) -> AsyncIterator[ServiceAlertes]:
    async with (
        ouvrir(adresse_base(reglages), reglages, app.clock) as service,
        surveiller(app, service, JaugesRafraichies(partial(relever, service))),
    ):
        yield service


async def _evaluer(app: Application, arret: asyncio.Event) -> None:
    reglages = app.reglages
    assert isinstance(reglages, ReglagesAlertes)
    async with (
        ouvrir(adresse_base(reglages), reglages, app.clock) as service,
        httpx.AsyncClient() as client,
        asyncio.TaskGroup() as groupe,
    ):
        groupe.create_task(evaluer_sans_fin(service, client, arret, app))
        groupe.create_task(ordonner(service, client, arret))
        groupe.create_task(ecouter_plans(service, arret))
        groupe.create_task(ecouter_entraide(service, arret))
        groupe.create_task(suivre(service, client, arret))
        groupe.create_task(entretenir_sans_fin(service, arret))


async def evaluer_sans_fin(
    service: ServiceAlertes, client: httpx.AsyncClient, arret: asyncio.Event, app: Application | None = None
) -> None:
    """Hear the bells, evaluate, push and relay until ``arret``; raises what stops one of them.

    ``app``: where its readiness is told.
    """
    cloches = Consommateur(
        service.journal, service.pool, NOM, NOM, TOPIC_CLOCHE, TraitementCloches(), ReglagesConsommateur(attente=0.5)
    )
    reglages = service.reglages
    boucle = Boucle(
        Evaluateur(service.moteur, Amont(client, reglages.amonts), service.clock),
        reglages.evaluation,
        reglages.antirebond_s,
        Poussoir(service.moteur, client, reglages.alertmanager_url, service.clock, reglages.alertmanager_relance_s)
        if reglages.alertmanager_url
        else None,
    )

    async def pret() -> None:
        if not cloches.pret:
            raise PasPret("Le consommateur des cloches n'est pas en marche.")

    if app is not None:
        app.verifications.ajouter("cloches", pret)
    relais = asyncio.create_task(service.relais().executer())
    ecoute = asyncio.create_task(cloches.executer())
    evaluation = asyncio.create_task(boucle.executer(arret))
    courrier = asyncio.create_task(facteur_de(service.moteur, service.clock, reglages).executer(arret))
    demande = asyncio.create_task(arret.wait())
    taches = (relais, ecoute, evaluation, courrier)
    try:
        await asyncio.wait((*taches, demande), return_when=asyncio.FIRST_COMPLETED)
        if demande.done():
            cloches.arreter()
            # An evaluation that waits for an answer is cut off: nothing of it is written.
            await asyncio.wait((ecoute, evaluation, courrier), timeout=reglages.delai_arret_s / 2)
        for tache in taches:
            if tache.done():
                tache.result()
    finally:
        demande.cancel()
        for tache in taches:
            tache.cancel()
        await asyncio.gather(*taches, demande, return_exceptions=True)
