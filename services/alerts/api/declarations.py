"""``/v1/declarations``: what a caisse says of itself. A site closed, a PCA in force, how it is doing."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Auteur,
    Corps,
    Motif,
    Numero,
    Service,
    caisse_connue,
    caisse_de_la_ligne,
    caisse_demandee,
    champ_invalide,
    depart,
    etiquette,
    json,
    page_de_lignes,
    terminer,
    trouvee,
    une_fois,
)  # fmt: skip
from services.alerts.domain import NOM
from services.alerts.domain.continuite import GenreDeclaration, Situation
from services.alerts.store import registres
from services.alerts.store.base import TOUT, demander_evaluation
from services.alerts.store.tables import declarations
from shared.service.acces import LECTEURS, Acces, de_la_requete, du_corps, ouvert_a
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee

routes = APIRouter(tags=["déclarations"])


class NouvelleDeclaration(Corps):
    """``situation`` for a declaration of that kind only, ``site`` for a site closed."""

    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse")]
    genre: GenreDeclaration
    situation: Situation | None = None
    site: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    debut: Annotated[AwareDatetime | None, Field(description="Sans lui : maintenant")] = None
    fin: Annotated[AwareDatetime | None, Field(description="Sans elle : jusqu'à ce qu'on y mette fin")] = None
    motif: Motif
    auteur: Auteur = None


@routes.post("/v1/declarations", status_code=201, summary="Déclarer une situation")
async def creer(
    request: Request, service: Service, corps: NouvelleDeclaration, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Un site fermé ou un PCA ouvre une alerte de continuité ; une situation est comparée à celle qui est calculée."""

    async def action(conn: AsyncConnection) -> Response:
        maintenant = service.clock.now()
        debut = corps.debut or maintenant
        _verifier(corps)
        if corps.fin is not None and corps.fin <= max(debut, maintenant):
            raise champ_invalide("fin", "la déclaration finirait avant d'avoir commencé.")
        ligne = await registres.inscrire(
            conn,
            declarations,
            {
                "caisse": caisse_connue(corps.caisse),
                "genre": corps.genre,
                "situation": corps.situation,
                "site": corps.site,
                "debut": debut,
                "fin": corps.fin,
                "auteur": corps.auteur or principal.nom,
                "motif": corps.motif,
                "cree_le": maintenant,
                "cree_par": principal.identifiant,
            },
        )
        await demander_evaluation(conn, NOM, TOUT)
        document = presenter(ligne)
        return json(document, 201, ETag=etiquette(document), Location=f"/v1/declarations/{ligne.id}")

    return await une_fois(request, service, cle, principal, action)


def _verifier(corps: NouvelleDeclaration) -> None:
    if (corps.genre == "situation") != (corps.situation is not None):
        raise champ_invalide("situation", "normale, degradee ou rupture, pour une déclaration de genre situation.")
    if (corps.genre == "site_ferme") != (corps.site is not None):
        raise champ_invalide("site", "nommez le site fermé, pour une déclaration de genre site_ferme.")


@routes.get("/v1/declarations", summary="Les déclarations")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    toutes: Annotated[bool, Query(description="Celles qui ne courent pas aussi")] = False,
) -> dict[str, Any]:
    """Les plus récentes d'abord."""
    condition = None if toutes else registres.en_cours(declarations, service.clock.now())
    if caisse is not None:
        celle = declarations.c.caisse == caisse_demandee(caisse)
        condition = celle if condition is None else condition & celle
    async with service.moteur.connect() as conn:
        lues = await registres.lister(conn, declarations, depart(page), page.limite + 1, condition)
    montrees, suivant = page_de_lignes(request, response, page, lues)
    return {"declarations": [presenter(li) for li in montrees], "suivant": suivant}


@routes.get("/v1/declarations/{numero}", summary="Une déclaration")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que sa fin demande."""
    async with service.moteur.connect() as conn:
        document = presenter(trouvee(await registres.lire(conn, declarations, numero), "La déclaration", numero))
    return json(document, ETag=etiquette(document))


@routes.delete("/v1/declarations/{numero}", summary="Mettre fin à une déclaration")
async def finir(
    request: Request,
    service: Service,
    numero: Numero,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """L'alerte qu'elle portait prend fin avec elle ; demande If-Match."""
    return await terminer(request, service, cle, principal, declarations, presenter, numero, motif)


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """A declaration as people and programs read it."""
    return dict(ligne._mapping)


ACCES: Acces = {
    "POST /v1/declarations": ouvert_a("reseau", "caisse", caisse=du_corps()),
    "GET /v1/declarations": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/declarations/{numero}": ouvert_a(*LECTEURS, caisse=caisse_de_la_ligne(declarations)),
    "DELETE /v1/declarations/{numero}": ouvert_a("reseau", "caisse", caisse=caisse_de_la_ligne(declarations)),
}
