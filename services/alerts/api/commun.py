"""What the routes of the service share: their dependencies, calls applied once, names made sure of."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.assemblage import ServiceAlertes
from services.alerts.domain import NOM
from services.alerts.store import registres
from services.alerts.store.base import TOUT, demander_evaluation, pilote, transaction
from shared.dossiers.api.parametres import parametre_invalide
from shared.network.reseau import CaisseInconnue, charger
from shared.service.application import piece
from shared.service.erreurs import Conflit, DonneesInvalides, Introuvable
from shared.service.etag import etag, exiger_if_match
from shared.service.idempotence import appel_recu, dans_la_transaction
from shared.service.identite import Principal
from shared.service.pagination import Page, ecrire_curseur, lier_suivante

Service = Annotated[ServiceAlertes, Depends(piece(ServiceAlertes))]
Numero = Annotated[int, Path(ge=1, le=2**63 - 1)]
Rang = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

Motif = Annotated[str, Field(min_length=1, max_length=2_000, description="Pourquoi, en clair")]
Auteur = Annotated[
    str | None, Field(min_length=1, max_length=200, description="Qui le dit ; par défaut, celui qui appelle")
]


class Corps(BaseModel):
    """A body; a field that does not exist is refused rather than lost."""

    model_config = ConfigDict(extra="forbid")


async def une_fois(
    request: Request,
    service: ServiceAlertes,
    cle: str,
    principal: Principal,
    action: Callable[[AsyncConnection], Awaitable[Response]],
) -> Response:
    """Run ``action`` in a transaction committed with its answer before it is sent, or answer as the first time."""
    appel = await appel_recu(request, cle, principal)
    async with transaction(service.moteur) as conn:
        return await dans_la_transaction(await pilote(conn), NOM, appel, service.clock.now(), lambda: action(conn))


def json(document: object, statut: int = 200, **entetes: str) -> Response:
    """A JSON answer of plain values, instants and dates."""
    noms = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    return Response(msgspec.json.encode(document), statut, noms, "application/json")


def champ_invalide(champ: str, message: str) -> DonneesInvalides:
    """422 that names the field of the body, in the form of every other validation error of the services."""
    return DonneesInvalides(
        f"Champ « {champ} » : {message}", erreurs=[{"emplacement": f"corps.{champ}", "message": message}]
    )


def caisse_connue(nom: str) -> str:
    """The slug of a caisse by any of its names. Raises DonneesInvalides."""
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise champ_invalide("caisse", str(exc)) from None


def trouvee(ligne: Row[Any] | None, quoi: str, numero: int) -> Row[Any]:
    """The line, or 404."""
    if ligne is None:
        raise Introuvable(f"{quoi} {numero} n'existe pas.")
    return ligne


def depart(page: Page) -> int | None:
    """The number a list goes on from; None: the start."""
    apres = page.apres(tuple[Rang])
    return apres[0] if apres else None


def caisse_demandee(nom: str) -> str:
    """The slug of a caisse named in the query. Raises DonneesInvalides."""
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise parametre_invalide("caisse", str(exc)) from None


def page_de_lignes(
    request: Request, response: Response, page: Page, lues: Sequence[Row[Any]]
) -> tuple[Sequence[Row[Any]], str | None]:
    """The lines of a page and the cursor of the next one, of up to one line more than the page holds."""
    montrees = lues[: page.limite]
    suivant = ecrire_curseur((montrees[-1].id,)) if len(lues) > page.limite else None
    lier_suivante(request, response, suivant)
    return montrees, suivant


async def terminer(
    request: Request,
    service: ServiceAlertes,
    cle: str,
    principal: Principal,
    registre: Table,
    presenter: Callable[[Row[Any]], dict[str, Any]],
    numero: int,
    motif: str | None,
    **autres: Any,
) -> Response:
    """End a line of a register, for who saw it as it stands; what it concerned is evaluated again soon."""

    async def action(conn: AsyncConnection) -> Response:
        nom = registre.name.removesuffix("s")
        ligne = trouvee(await registres.lire(conn, registre, numero, verrouiller=True), f"Le numéro de {nom}", numero)
        exiger_if_match(request, etiquette(presenter(ligne)))
        if ligne.termine_le is not None:
            raise Conflit(f"Déjà terminé le {ligne.termine_le:%d/%m/%Y à %H:%M} (UTC) par {ligne.termine_par}.")
        maintenant = service.clock.now()
        finie = await registres.terminer(conn, registre, numero, maintenant, principal.identifiant, motif, **autres)
        await demander_evaluation(conn, NOM, TOUT)
        document = presenter(finie)
        return json(document, ETag=etiquette(document))

    return await une_fois(request, service, cle, principal, action)


def etiquette(document: dict[str, Any]) -> str:
    """The ETag of a line of a register: that of its representation."""
    return etag(msgspec.json.encode(document))
