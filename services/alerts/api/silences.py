"""``/v1/silences``: alerts nobody is told of for a while, by whom, why and until when."""

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
from services.alerts.domain.etats import Genre
from services.alerts.store import registres
from services.alerts.store.base import TOUT, demander_evaluation
from services.alerts.store.tables import silences
from shared.service.acces import LECTEURS, LECTEURS_DU_RESEAU, Acces, ouvert_a
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee

routes = APIRouter(tags=["silences"])


class NouveauSilence(Corps):
    """At least one of ``caisse``, ``objet`` and ``genre``; those that are given must all match."""

    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse")] = None
    objet: Annotated[str | None, Field(min_length=1, max_length=500, description="Indicateur ou source")] = None
    genre: Annotated[Genre | None, Field(description="Nature des alertes")] = None
    debut: Annotated[AwareDatetime | None, Field(description="Sans lui : maintenant")] = None
    fin: AwareDatetime
    motif: Motif
    auteur: Auteur = None


@routes.post("/v1/silences", status_code=201, summary="Faire silence")
async def creer(
    request: Request, service: Service, corps: NouveauSilence, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Les alertes continuent de vivre ; ni avis, ni rappel, ni escalade jusqu'à la fin du silence."""

    async def action(conn: AsyncConnection) -> Response:
        maintenant = service.clock.now()
        debut = corps.debut or maintenant
        if corps.caisse is None and corps.objet is None and corps.genre is None:
            raise champ_invalide("caisse", "dites ce qui se tait : une caisse, un objet ou un genre au moins.")
        if corps.fin <= max(debut, maintenant):
            raise champ_invalide("fin", "le silence finirait avant d'avoir commencé.")
        ligne = await registres.inscrire(
            conn,
            silences,
            {
                "caisse": None if corps.caisse is None else caisse_connue(corps.caisse),
                "objet": corps.objet,
                "genre": corps.genre,
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
        return json(document, 201, ETag=etiquette(document), Location=f"/v1/silences/{ligne.id}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/silences", summary="Les silences")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    tous: Annotated[bool, Query(description="Ceux qui sont finis ou à venir aussi")] = False,
) -> dict[str, Any]:
    """Les plus récents d'abord."""
    condition = None if tous else registres.en_cours(silences, service.clock.now())
    async with service.moteur.connect() as conn:
        lues = await registres.lister(conn, silences, depart(page), page.limite + 1, condition)
    montres, suivant = page_de_lignes(request, response, page, lues)
    return {"silences": [presenter(li) for li in montres], "suivant": suivant}


@routes.get("/v1/silences/{numero}", summary="Un silence")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que sa fin demande."""
    async with service.moteur.connect() as conn:
        document = presenter(trouvee(await registres.lire(conn, silences, numero), "Le silence", numero))
    return json(document, ETag=etiquette(document))


@routes.delete("/v1/silences/{numero}", summary="Mettre fin à un silence")
async def finir(
    request: Request,
    service: Service,
    numero: Numero,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Il reste lisible, avec qui l'a fini et quand ; demande If-Match."""
    return await terminer(request, service, cle, principal, silences, presenter, numero, motif)


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """A silence as people and programs read it."""
    return dict(ligne._mapping)


ACCES: Acces = {
    "POST /v1/silences": ouvert_a("reseau"),
    "GET /v1/silences": ouvert_a(*LECTEURS_DU_RESEAU),
    "GET /v1/silences/{numero}": ouvert_a(*LECTEURS, caisse=caisse_de_la_ligne(silences)),
    "DELETE /v1/silences/{numero}": ouvert_a("reseau"),
}
