"""What the routes of the service share: the service itself, and calls applied once."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.assemblage import ServiceEntraide
from services.entraide.domain import NOM
from shared.database.transactions import pilote, transaction
from shared.service.acces import Localisation
from shared.service.application import piece
from shared.service.idempotence import appel_recu, dans_la_transaction
from shared.service.identite import Principal

Service = Annotated[ServiceEntraide, Depends(piece(ServiceEntraide))]


async def une_fois(
    request: Request,
    service: ServiceEntraide,
    cle: str,
    principal: Principal,
    action: Callable[[AsyncConnection], Awaitable[Response]],
) -> Response:
    """Run ``action`` in a transaction committed with its answer before it is sent, or answer as the first time."""
    appel = await appel_recu(request, cle, principal)
    async with transaction(service.moteur) as conn:
        return await dans_la_transaction(await pilote(conn), NOM, appel, service.clock.now(), lambda: action(conn))


def caisse_de(requete: Callable[[Any], Select[tuple[str]]], cle: Callable[[Request], Awaitable[Any]]) -> Localisation:
    """The caisse that ``requete`` finds by what ``cle`` reads in the call; None when there is none."""

    async def trouver(request: Request) -> str | None:
        valeur = await cle(request)
        if valeur is None:
            return None
        service = await piece(ServiceEntraide)(request)
        async with service.moteur.connect() as conn:
            caisse: str | None = await conn.scalar(requete(valeur))
        return caisse

    return trouver


async def numero_du_chemin(request: Request) -> int | None:
    """The number a path names, when it is one."""
    texte = request.path_params["numero"]
    return int(texte) if texte.isdecimal() and int(texte) < 2**63 else None
