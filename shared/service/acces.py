"""Who may call which route: a table beside each router, one dependency that reads it, and nothing open by default.

A row names roles. ``reseau``, ``comite``, ``president``, ``coordination-phare`` (who leads aid between caisses for the
network), ``auditeur`` and ``source`` hold for the whole network.
``caisse:<slug>`` and ``coordinateur:<slug>`` see what is theirs: their row says where the call names the caisse it is
about, and a call about another one, or about none, is refused (403), whether or not what it names exists.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from shared.network.reseau import CaisseInconnue, charger
from shared.service.erreurs import AccesRefuse
from shared.service.identite import Principal, PrincipalCourant
from shared.service.intergiciels.acces import gabarit

DuReseau = Literal["reseau", "comite", "president", "coordination-phare", "auditeur", "source"]
DUneCaisse = Literal["caisse", "coordinateur"]
Role = DuReseau | DUneCaisse

ROLES_D_UNE_CAISSE: tuple[DUneCaisse, ...] = get_args(DUneCaisse)
ROLES: tuple[Role, ...] = (*get_args(DuReseau), *ROLES_D_UNE_CAISSE)

LECTEURS_DU_RESEAU: tuple[Role, ...] = ("reseau", "comite", "president", "coordination-phare", "auditeur")
LECTEURS: tuple[Role, ...] = (*LECTEURS_DU_RESEAU, *ROLES_D_UNE_CAISSE)
"""Who reads what is judged, and who reads it of their own caisse too."""

Localisation = Callable[[Request], Awaitable[str | None]]
"""Finds the slug of the caisse a call is about. None: it names none, or what it names is of no caisse."""


class RouteSansAcces(Exception):
    """The application has a route without a row, or the table a row without a route: it does not start."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """One row. ``caisse`` None: the call is about no caisse in particular, and those of a caisse are let through."""

    roles: frozenset[Role]
    caisse: Localisation | None = None


Acces = Mapping[str, Ligne]
"""``"GET /v1/alertes/{numero}"`` -> its row: one for each route of a router."""


def ouvert_a(*roles: Role, caisse: Localisation | None = None) -> Ligne:
    """A row. ``caisse``: where the call names the caisse, for the roles that hold for one."""
    return Ligne(frozenset(roles), caisse)


def reunir(*tables: Acces) -> Acces:
    """The tables of several routers as one."""
    return {route: ligne for table in tables for route, ligne in table.items()}


def routes_de(routers: Iterable[APIRouter]) -> Iterable[tuple[str, APIRoute]]:
    """Each route by the name it has in a table. Raises RouteSansAcces for a kind of route no table can name."""
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise RouteSansAcces(f"{type(route).__name__} : un routeur gardé n'a que des routes HTTP à lui.")
            for methode in sorted(route.methods or ()):
                yield f"{methode} {route.path_format}", route


def garder(acces: Acces, routers: Sequence[APIRouter]) -> Callable[..., Awaitable[Principal]]:
    """The dependency that lets a call through as its row says. Raises RouteSansAcces when table and routes differ."""
    routes = {nom for nom, _ in routes_de(routers)}
    if routes != acces.keys():
        sans, de_trop = sorted(routes - acces.keys()), sorted(acces.keys() - routes)
        raise RouteSansAcces(f"Routes sans ligne d'accès : {sans}. Lignes sans route : {de_trop}.")

    async def garde(request: Request, principal: PrincipalCourant) -> Principal:
        await verifier(acces[f"{request.method} {gabarit(request.scope)}"], request, principal)
        return principal

    return garde


async def verifier(ligne: Ligne, request: Request, principal: Principal) -> None:
    """Raises AccesRefuse, in words that say what would be let through."""
    if principal.a_un_role(*ligne.roles.difference(ROLES_D_UNE_CAISSE)):
        return
    siennes = caisses_de(principal, ligne.roles)
    if not siennes:
        attendus = " ou ".join(sorted(ligne.roles)) or "administrateur"
        raise AccesRefuse(f"Cet appel demande le rôle {attendus}.", roles=sorted(ligne.roles))
    if ligne.caisse is not None and await ligne.caisse(request) not in siennes:
        raise AccesRefuse(
            f"Vous agissez pour {', '.join(sorted(siennes))} : cet appel doit nommer cette caisse, et ne porter que "
            "sur ce qui est à elle.",
            roles=sorted(ligne.roles),
        )


def caisses_de(principal: Principal, roles: Iterable[Role]) -> frozenset[str]:
    """Slugs of the caisses the principal acts for by one of ``roles``."""
    tenus = (role.partition(":") for role in principal.roles)
    return frozenset(slug for famille, _, slug in tenus if famille in ROLES_D_UNE_CAISSE and famille in roles and slug)


def du_chemin(parametre: str) -> Localisation:
    """The caisse the path names."""

    async def trouver(request: Request) -> str | None:
        return _slug(request.path_params.get(parametre))

    return trouver


def de_la_requete(parametre: str = "caisse") -> Localisation:
    """The caisse the query names, once: a list asked without it is that of the whole network."""

    async def trouver(request: Request) -> str | None:
        donnees = request.query_params.getlist(parametre)
        return _slug(donnees[0]) if len(donnees) == 1 else None

    return trouver


def du_corps(champ: str = "caisse") -> Localisation:
    """The caisse a field of the JSON body names. The framework has read the body already, unless it is empty."""

    async def trouver(request: Request) -> str | None:
        try:
            corps = await request.json()
        except ValueError:
            return None
        return _slug(corps.get(champ)) if isinstance(corps, Mapping) else None

    return trouver


def _slug(nom: Any) -> str | None:
    if not isinstance(nom, str):
        return None
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue:
        return None
