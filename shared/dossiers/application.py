"""The processes of a dossier service: its API, its consumer, or both in one (embedded mode)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import structlog

from shared.clock import Clock
from shared.dossiers.api import acces, routes
from shared.dossiers.assemblage import Definition, ServiceDossiers, menager_le_ramasse_miettes, ouvrir
from shared.dossiers.cles_sources import ParCleOuAutrement
from shared.dossiers.entretien import plan_du_service
from shared.dossiers.entretien_valeurs import entretenir
from shared.dossiers.jauges import Jauges, MesuresCommunes
from shared.dossiers.tracees import TRACEES
from shared.dossiers.traitement import Lot
from shared.dossiers.veille_de_nuit import veiller
from shared.log.consommateur import Consommateur, ReglagesConsommateur
from shared.log.types import ReglagesGroupe
from shared.service.application import Application, creer_application
from shared.service.audit.vie import tenir_registre
from shared.service.horloge import creer_horloge
from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.sante import PasPret
from shared.service.serveur import Tache, servir

_log = structlog.get_logger(__name__)

VERSION = "0.1.0"

LOT_CONSOMMATEUR = 20_000
"""Records a consumer process takes in one transaction when it is behind."""

LOT_EMBARQUE = 4_000
"""The same when it shares its process with the API, whose requests wait meanwhile."""

POOL_API = 10

POOL_SANS_VOIES = 8
"""Connections of a consumer beside its lanes, one per partition of its topic and of persons: the relay, new names, the
night's maintenance (two), and to spare."""

VIDANGE_MAX = 20.0
"""Seconds a batch under way may take to end when its partition is taken away; half the stop budget when less."""


def creer(definition: Definition, reglages: Reglages, clock: Clock) -> Application:
    """The application of one process of the service: all routes for an API, health and metrics for a consumer."""
    app = creer_application(
        definition.titre,
        VERSION,
        routers=routes(definition) if reglages.role != "consumer" else (),
        acces=acces(definition) if reglages.role != "consumer" else {},
        lifespans=[partial(_vie_api, definition), partial(tenir_registre, definition.nom, ServiceDossiers)]
        if reglages.role != "consumer"
        else [],
        tracees=TRACEES if reglages.role != "consumer" else None,
        reglages=reglages,
        clock=clock,
    )
    app.registre.register(MesuresCommunes())
    return app


def taches(definition: Definition, reglages: Reglages) -> Mapping[str, Tache]:
    """What the process runs, for ``shared.service.serveur.executer``. Raises ReglagesInvalides."""
    clock = creer_horloge(reglages)
    app = creer(definition, reglages, clock)
    en_cours: dict[str, Tache] = {"http": partial(_servir, app, reglages)}
    plan_du_service(definition.nom, reglages)
    if reglages.role != "api":
        en_cours["consommateur"] = partial(_consommer, definition, reglages, clock, app)
    return en_cours


def adresse_base(reglages: Reglages) -> str:
    """The database URL of the settings. Raises ReglagesInvalides when there is none."""
    if reglages.database_url is None:
        raise ReglagesInvalides("VIGIE_DATABASE_URL manque : postgresql://utilisateur:mot-de-passe@hote/base.")
    return reglages.database_url.get_secret_value()


async def _servir(app: Application, reglages: Reglages, arret: asyncio.Event) -> None:
    await servir(app, reglages, arret)


def _ouvrir(
    definition: Definition, reglages: Reglages, clock: Clock, taille_pool: int = POOL_API
) -> AbstractAsyncContextManager[ServiceDossiers]:
    return ouvrir(
        definition,
        adresse_base(reglages),
        reglages.kafka_bootstrap,
        clock,
        taille_pool=taille_pool,
        partitions=reglages.partitions,
    )


@asynccontextmanager
async def _vie_api(definition: Definition, app: Application) -> AsyncIterator[ServiceDossiers]:
    reglages = app.reglages
    async with _ouvrir(definition, reglages, app.clock) as service:
        app.state.identite = ParCleOuAutrement(app.state.identite, definition.nom, service.pool, app.clock)
        app.verifications.ajouter("base", partial(_base_repond, service))
        jauges = Jauges(service)
        app.registre.register(jauges)
        arret = asyncio.Event()
        taches = {
            "jauges": asyncio.create_task(jauges.entretenir(arret)),
            "valeurs_gardees": asyncio.create_task(entretenir(service, arret)),
        }
        for nom, tache in taches.items():
            tache.add_done_callback(partial(_dire_la_fin, nom))
            app.verifications.ajouter(nom, partial(_tourne, tache))
        try:
            yield service
        finally:
            arret.set()
            await asyncio.gather(*taches.values(), return_exceptions=True)


async def _consommer(
    definition: Definition, reglages: Reglages, clock: Clock, app: Application, arret: asyncio.Event
) -> None:
    seul = reglages.role == "consumer"
    consommateurs: list[Consommateur[Lot]] = []

    async def pret() -> None:
        if not consommateurs or not all(consommateur.pret for consommateur in consommateurs):
            raise PasPret("Le consommateur n'est pas en marche.")

    app.verifications.ajouter("consommateur", pret)
    async with _ouvrir(definition, reglages, clock, 2 * reglages.partitions + POOL_SANS_VOIES) as service:
        consommateurs += service.consommateurs(
            ReglagesConsommateur(
                lot_max=LOT_CONSOMMATEUR if seul else LOT_EMBARQUE,
                attente=0.5,
                groupe=ReglagesGroupe(drain=min(VIDANGE_MAX, reglages.delai_arret_s / 2)),
            )
        )
        menager_le_ramasse_miettes()
        relais = asyncio.create_task(service.relais().executer())
        lectures = [asyncio.create_task(consommateur.executer()) for consommateur in consommateurs]
        entretien = asyncio.create_task(veiller(service, plan_du_service(definition.nom, reglages)))
        demande = asyncio.create_task(arret.wait())
        try:
            await asyncio.wait((relais, *lectures, demande), return_when=asyncio.FIRST_COMPLETED)
            if demande.done():
                for consommateur in consommateurs:
                    consommateur.arreter()
                await asyncio.gather(*lectures)
            for lecture in lectures:
                if lecture.done():
                    lecture.result()
            if relais.done():
                relais.result()
        finally:
            siennes = (relais, *lectures, entretien, demande)
            for tache in siennes:
                tache.cancel()
            await asyncio.gather(*siennes, return_exceptions=True)


async def _base_repond(service: ServiceDossiers) -> None:
    await service.pool.fetchval("SELECT 1")


def _dire_la_fin(nom: str, tache: asyncio.Task[None]) -> None:
    if not tache.cancelled() and (erreur := tache.exception()) is not None:
        _log.error(f"{nom} arretees", exc_info=erreur)


async def _tourne(tache: asyncio.Task[None]) -> None:
    if tache.done():
        raise PasPret("Les valeurs ne se rafraîchissent plus.")
