"""The application every service makes: its routes inside the same walls.

Intergiciels, problems, health, metrics, identity and clock come with it; a service brings routers and
lifespans.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, NoReturn, TypeVar, cast

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from shared.clock import Clock, SimulatedClock
from shared.service.acces import Acces as TableAcces
from shared.service.acces import garder, reunir
from shared.service.audit import api as api_audit
from shared.service.audit.pose import Pose, poser
from shared.service.audit.tracees import Tracees
from shared.service.horloge import ACCES as ACCES_HORLOGE
from shared.service.horloge import MUETTES as HORLOGE_MUETTE
from shared.service.horloge import routes_horloge
from shared.service.identite import FournisseurIdentite, fournisseur_pour, principal_courant
from shared.service.intergiciels.acces import Acces, MesuresHttp
from shared.service.intergiciels.contexte import Contexte
from shared.service.intergiciels.corps_recu import CorpsRecu
from shared.service.intergiciels.debit import Debit
from shared.service.intergiciels.delai import Delai
from shared.service.intergiciels.horloge_simulee import HorlogeSimulee
from shared.service.intergiciels.rempart import Rempart
from shared.service.openapi import decrire_les_problemes
from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.sante import Verifications, routes_sante
from shared.service.validation import depuis_http, depuis_validation

T = TypeVar("T")

Lifespan = Callable[["Application"], AbstractAsyncContextManager[object]]
"""Opens one part of the service (a pool, its stores) for the life of the process and yields it; see
``piece``.
"""


class Application(FastAPI):
    """A FastAPI application with Vigie's parts, typed."""

    def __init__(self, titre: str, version: str, reglages: Reglages, clock: Clock, **options: Any) -> None:
        self.reglages = reglages
        self.clock = clock
        self.registre = CollectorRegistry()
        self.verifications = Verifications()
        self.pieces: dict[type, object] = {}
        # No page of documentation: FastAPI's load scripts from elsewhere. No slash redirect: it would lose
        # bodies.
        super().__init__(title=titre, version=version, docs_url=None, redoc_url=None, redirect_slashes=False, **options)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            identifie = self.reglages.mode != "embarque"
            self.openapi_schema = decrire_les_problemes(super().openapi(), identifie=identifie)
        return self.openapi_schema


def creer_application(
    titre: str,
    version: str,
    *,
    routers: Sequence[APIRouter],
    lifespans: Sequence[Lifespan],
    reglages: Reglages,
    clock: Clock,
    identite: FournisseurIdentite | None = None,
    acces: TableAcces | None = None,
    publiques: Sequence[APIRouter] = (),
    tracees: Tracees | None = None,
) -> Application:
    """An application ready to serve. Several may live in one process: nothing is global.

    ``routers``: every route of them has a principal, asked or not, and its row in ``acces``. None: no table yet, every
    principal may call everything, in embedded mode only. ``publiques``: routes whose address is itself the right to
    call them. ``lifespans``: entered in order, left in reverse. ``tracees``: which calls the register keeps; one of the
    lifespans is then ``tenir_registre``. Raises ``ReglagesInvalides`` when the settings leave the service open or ask
    for what is not there, ``RouteSansAcces`` and ``RouteSansTrace`` when tables and routes differ.
    """
    if reglages.mode == "production" and isinstance(clock, SimulatedClock):
        raise ReglagesInvalides(
            "VIGIE_HORLOGE=simulee laisse un appelant changer l'heure : pas avec VIGIE_MODE=production."
        )
    fournisseur = fournisseur_pour(reglages, identite, clock)
    app = Application(
        titre,
        version,
        reglages,
        clock,
        lifespan=_composer(lifespans),
        exception_handlers={HTTPException: _refuser_http, RequestValidationError: _refuser_validation},
    )
    app.state.identite = fournisseur
    for collecteur in (ProcessCollector, PlatformCollector, GCCollector):
        collecteur(registry=app.registre)
    app.include_router(routes_sante(app.verifications, app.registre))
    proteges = list(routers)
    if isinstance(clock, SimulatedClock):
        proteges.append(routes_horloge(clock))
        acces = None if acces is None else reunir(acces, ACCES_HORLOGE)
        tracees = None if tracees is None else replace(tracees, muettes={**tracees.muettes, **HORLOGE_MUETTE})
    if acces is None and routers and reglages.mode != "embarque":
        raise ReglagesInvalides(f"VIGIE_MODE={reglages.mode} demande une table des accès, et {titre} n'en a pas.")
    if tracees is not None:
        proteges.append(api_audit.routes)
        acces = None if acces is None else reunir(acces, api_audit.ACCES)
    pose = None if tracees is None else poser(tracees, proteges, publiques)
    app.user_middleware.extend(_intergiciels(app, pose))
    garde = Depends(principal_courant if acces is None else garder(acces, proteges))
    for router in proteges:
        app.include_router(router, dependencies=[garde] if pose is None else [*pose.avant, garde, *pose.apres])
    for router in publiques:
        app.include_router(router, dependencies=[] if pose is None else pose.publiques)
    return app


def piece(type_piece: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency: the part of this type that a lifespan opened.

    ``Annotated[Stores, Depends(piece(Stores))]``.
    """

    # Asynchronous: FastAPI would send it to a thread.
    async def trouver(request: Request) -> T:
        app: Application = request.app
        return cast(T, app.pieces[type_piece])

    return trouver


def _intergiciels(app: Application, pose: Pose | None) -> list[Middleware]:
    """Outermost first."""
    reglages = app.reglages
    couches = [
        Middleware(Contexte),
        Middleware(Acces, mesures=MesuresHttp(app.registre)),
        Middleware(Rempart),
        Middleware(Debit, appels_s=reglages.debit_appels_s, mandataires=reglages.mandataires),
        *(() if pose is None else (pose.couche,)),
        Middleware(Delai, delai_s=reglages.delai_requete_s),
        Middleware(CorpsRecu, max_octets=reglages.max_corps_octets, max_decompresse=reglages.max_decompresse_octets),
    ]
    if isinstance(app.clock, SimulatedClock):
        couches.append(Middleware(HorlogeSimulee, clock=app.clock))
    return couches


def _composer(lifespans: Sequence[Lifespan]) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def vie(app: Application) -> AsyncGenerator[None, None]:
        async with AsyncExitStack() as pile:
            for lifespan in lifespans:
                ouverte = await pile.enter_async_context(lifespan(app))
                if type(ouverte) in app.pieces:
                    raise TypeError(f"two lifespans yield a {type(ouverte).__name__}")
                app.pieces[type(ouverte)] = ouverte
            try:
                yield
            finally:
                app.pieces.clear()

    return vie


# The framework catches these two inside the routes; raised again as problems, they reach the Rempart like all
# others.
async def _refuser_http(request: Request, exception: Exception) -> NoReturn:
    raise depuis_http(request, cast(HTTPException, exception))


async def _refuser_validation(request: Request, exception: Exception) -> NoReturn:
    raise depuis_validation(request, cast(RequestValidationError, exception))
