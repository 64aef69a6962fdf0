"""Who calls. Every route takes a ``Principal``; what finds it out is one object, chosen when the application
is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from shared.service.erreurs import AccesRefuse
from shared.service.reglages import Reglages, ReglagesInvalides


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a system that calls. ``identifiant`` is stable and goes in journals; ``nom`` is for
    display.
    """

    identifiant: str
    nom: str
    roles: frozenset[str]
    administrateur: bool = False
    """Holds every role, those to come included."""

    def a_un_role(self, *roles: str) -> bool:
        return self.administrateur or not self.roles.isdisjoint(roles)


class FournisseurIdentite(Protocol):
    """Finds the caller of a request."""

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        """The principal of these request headers (names in lower case). Raises ``NonIdentifie``. Called once
        a request.
        """
        ...


class AdministrateurLocal:
    """Embedded mode: whoever reaches the service administers it."""

    _PRINCIPAL = Principal("local", "Administration locale", frozenset(), administrateur=True)

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        del entetes
        return self._PRINCIPAL


def fournisseur_pour(reglages: Reglages, fournisseur: FournisseurIdentite | None) -> FournisseurIdentite:
    """The provider to use. Raises ``ReglagesInvalides`` outside embedded mode when none is given."""
    if fournisseur is not None:
        return fournisseur
    if reglages.mode != "embarque":
        raise ReglagesInvalides(
            f"VIGIE_MODE={reglages.mode} demande un fournisseur d'identité, et aucun n'est configuré. "
            "Sans lui, quiconque joint le service l'administrerait. "
            "Configurez-en un, ou revenez à VIGIE_MODE=embarque."
        )
    return AdministrateurLocal()


async def principal_courant(request: Request) -> Principal:
    """The caller of this request. Resolved once a request, however many dependencies ask."""
    fournisseur: FournisseurIdentite = request.app.state.identite
    return await fournisseur.identifier(request.headers)


PrincipalCourant = Annotated[Principal, Depends(principal_courant)]


def exiger(*roles: str) -> Callable[[Principal], Principal]:
    """A dependency: the principal if they hold one of ``roles``, else 403.

    ``Annotated[Principal, Depends(exiger("operateur"))]``, or in a route's ``dependencies``.
    """
    if not roles:
        raise ValueError("exiger() needs at least one role")

    def verifier(principal: PrincipalCourant) -> Principal:
        if not principal.a_un_role(*roles):
            attendus = " ou ".join(roles)
            raise AccesRefuse(f"Cet appel demande le rôle {attendus}.", roles=list(roles))
        return principal

    return verifier
