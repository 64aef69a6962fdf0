"""What the routes of the service share: their dependencies, calls applied once, names made sure of."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request, Response
from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.assemblage import ServiceAlertes
from services.alerts.domain import NOM
from services.alerts.store import registres
from services.alerts.store.base import TOUT, demander_evaluation, pilote, transaction
from shared.dossiers.api.parametres import parametre_invalide
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import Localisation
from shared.service.application import piece
from shared.service.erreurs import Conflit, Introuvable
from shared.service.etag import exiger_if_match
from shared.service.idempotence import appel_recu, dans_la_transaction
from shared.service.identite import Principal
from shared.service.pagination import Page, ecrire_curseur, lier_suivante
from shared.service.reponses import Auteur, Corps, Motif, Numero, caisse_connue, champ_invalide, etiquette, json

__all__ = [
    "Auteur", "Corps", "Motif", "Numero", "Rang", "Service", "caisse_connue", "caisse_de_la_ligne", "caisse_demandee",
    "champ_invalide", "depart", "etiquette", "json", "page_de_lignes", "terminer", "trouvee", "une_fois",
]  # fmt: skip

Service = Annotated[ServiceAlertes, Depends(piece(ServiceAlertes))]
Rang = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


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


def _numero(texte: str) -> int:
    """A key of a register. Raises ValueError."""
    numero = int(texte)
    if not 0 < numero < 2**63:
        raise ValueError(texte)
    return numero


def caisse_de_la_ligne(
    registre: Table, colonne: str = "caisse", *, parametre: str = "numero", lire: Callable[[str], Any] = _numero
) -> Localisation:
    """The caisse of the line of a register that the path names by its key; None when there is none."""
    (cle,) = registre.primary_key.columns

    async def trouver(request: Request) -> str | None:
        try:
            valeur = lire(request.path_params[parametre])
        except ValueError:
            return None
        service = await piece(ServiceAlertes)(request)
        async with service.moteur.connect() as conn:
            caisse: str | None = await conn.scalar(select(registre.c[colonne]).where(cle == valeur))
        return caisse

    return trouver


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
