"""Who calls. Every route takes a ``Principal``; what finds it out is one object, chosen when the application
is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from shared.clock import Clock
from shared.service.reglages import Reglages, ReglagesInvalides


@dataclass(frozen=True, slots=True)
class PorteeDeSource:
    """What a source may send: its own events, of these processes (codes), for these caisses (slugs; None: all), in its
    own numbering or in one of ``numerotations`` (``namespace`` of the event).
    """

    source: str
    processus: frozenset[str]
    caisses: frozenset[str] | None
    numerotations: frozenset[str] = frozenset()


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
    portee: PorteeDeSource | None = None
    """What a source known by its key may send; None: nothing limits its events."""

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

    PRINCIPAL = Principal("local", "Administration locale", frozenset(), administrateur=True)

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        del entetes
        return self.PRINCIPAL


def fournisseur_pour(reglages: Reglages, fournisseur: FournisseurIdentite | None, clock: Clock) -> FournisseurIdentite:
    """The provider to use: the one given, or that of the settings. Raises ``ReglagesInvalides`` outside embedded mode
    when they name none, and in embedded mode when they name one that nobody would ask.
    """
    if fournisseur is not None:
        return fournisseur
    if reglages.mode == "embarque":
        if reglages.oidc_emetteur is not None:
            raise ReglagesInvalides(
                "VIGIE_OIDC_EMETTEUR ne sert à rien avec VIGIE_MODE=embarque, où qui joint le service l'administre : "
                "retirez-la, ou prenez VIGIE_MODE=production."
            )
        return AdministrateurLocal()
    from shared.service.oidc import FournisseurOidc  # it reads the table of roles, which reads this room

    return FournisseurOidc.de_reglages(reglages, clock)


async def principal_courant(request: Request) -> Principal:
    """The caller of this request. Resolved once a request, however many dependencies ask."""
    fournisseur: FournisseurIdentite = request.app.state.identite
    return await fournisseur.identifier(request.headers)


PrincipalCourant = Annotated[Principal, Depends(principal_courant)]
