"""The register put into an application: its route, its dependencies around the guard, its layer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.middleware import Middleware

from shared.service.audit.api import LECTURE
from shared.service.audit.intergiciel import Tracage
from shared.service.audit.registre import Registre
from shared.service.audit.trace import trace_de
from shared.service.audit.tracees import Genre, Regle, Tracees, etablir
from shared.service.identite import Principal, PrincipalCourant
from shared.service.intergiciels.acces import gabarit


@dataclass(frozen=True, slots=True)
class Pose:
    """What an application adds. ``avant`` and ``apres`` the guard of each route; ``publiques``: where there is none."""

    regles: Mapping[str, Regle]
    couche: Middleware
    avant: Sequence[Any]
    apres: Sequence[Any]
    publiques: Sequence[Any]


def poser(tracees: Tracees, proteges: Sequence[APIRouter], publics: Sequence[APIRouter]) -> Pose:
    """The parts for these routers. Raises RouteSansTrace when the table names a route that is not theirs."""
    regles = etablir(replace(tracees, lectures={**tracees.lectures, **LECTURE}), [*proteges, *publics])
    return Pose(
        regles,
        Middleware(Tracage, muettes=frozenset(tracees.muettes)),
        [Depends(_connu(regles))],
        [Depends(annoncer)],
        [Depends(_anonyme(regles))],
    )


def _connu(regles: Mapping[str, Regle]) -> Callable[..., Awaitable[None]]:
    async def completer(request: Request, principal: PrincipalCourant) -> None:
        await _completer(regles, request, principal)

    return completer


def _anonyme(regles: Mapping[str, Regle]) -> Callable[..., Awaitable[None]]:
    async def completer(request: Request) -> None:
        await _completer(regles, request, None)

    return completer


async def _completer(regles: Mapping[str, Regle], request: Request, principal: Principal | None) -> None:
    route = gabarit(request.scope)
    regle, trace = regles.get(f"{request.method} {route}"), trace_de(request)
    if regle is not None and trace is not None:
        await trace.completer(request, route, regle, principal)


async def annoncer(request: Request) -> None:
    """Commit the row that says that an act begins, where the act is not one transaction."""
    trace = trace_de(request)
    if trace is not None and trace.genre is Genre.AUTOUR:
        registre: Registre = request.app.pieces[Registre]
        await registre.inscrire(trace.acte(registre.clock.now(), None))
