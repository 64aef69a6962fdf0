"""``/v1/contestations``: a caisse says that a figure is wrong, the comité answers, the trail stays."""

from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Corps,
    Numero,
    Service,
    caisse_de_la_ligne,
    caisse_demandee,
    depart,
    page_de_lignes,
    trouvee,
    une_fois,
)
from services.alerts.comite.lecture import Lecteur
from services.alerts.contestations import store
from services.alerts.contestations.chiffre import change, lire_chiffre
from services.alerts.contestations.domain import PASSAGES_CONTESTATION, EtatContestation
from services.alerts.contestations.reponses import (
    Depot,
    Reponse,
    Retrait,
    annoncer_depot,
    conclure,
    reponse,
    valeurs_deposees,
)
from services.alerts.contestations.tables import contestations
from services.alerts.plans.lecture import vue_de
from services.alerts.store import registres
from shared.catalogue.seuils import Vue
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, de_la_requete, du_corps, ouvert_a
from shared.service.erreurs import Conflit
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee

routes = APIRouter(tags=["contestations"])


class ChiffreVu(Corps):
    """What the caisse had under its eyes."""

    valeur: float | None = None
    n: Annotated[int | None, Field(ge=0)] = None
    version: Annotated[int | None, Field(ge=1, description="Version de l'indicateur")] = None


class NouvelleContestation(Depot):
    vue: Annotated[Vue | None, Field(description="Sans elle : celle que juge le comité")] = None
    vu: ChiffreVu | None = None


class ReponseContestation(Reponse):
    issue: Literal["acceptee", "partielle", "refusee"]


@routes.post("/v1/contestations", status_code=201, summary="Contester un chiffre")
async def deposer(
    request: Request, service: Service, corps: NouvelleContestation, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Le chiffre est relu dans son explication et gardé tel quel avec la contestation : il ne change jamais à la main,
    seulement par les événements qui le corrigent."""
    maintenant = service.clock.now()
    valeurs = valeurs_deposees(corps, principal.nom, principal.identifiant, maintenant)
    vue: Vue = corps.vue or vue_de(corps.indicateur)
    async with httpx.AsyncClient() as client:
        chiffre = await lire_chiffre(
            Lecteur(client, service.reglages.amonts), corps.indicateur, valeurs["caisse"], corps.du, corps.au, vue,
            maintenant,
        )  # fmt: skip
    chiffre["vu_par_la_caisse"] = None if corps.vu is None else corps.vu.model_dump()

    async def action(conn: AsyncConnection) -> Response:
        ligne = await store.deposer(conn, contestations, valeurs | {"vue": vue, "chiffre": chiffre})
        if ligne is None:
            raise Conflit("Une contestation de ce chiffre attend déjà sa réponse.")
        await annoncer_depot(conn, "contestation", ligne, maintenant)
        return await reponse(
            conn, "contestation", ligne, presenter(ligne), 201, Location=f"/v1/contestations/{ligne.id}"
        )

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/contestations", summary="Les contestations")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse")] = None,
    indicateur: str | None = None,
    etat: EtatContestation | None = None,
) -> dict[str, Any]:
    """Les plus récentes d'abord."""
    voulus = {
        "caisse": None if caisse is None else caisse_demandee(caisse), "indicateur": indicateur, "etat": etat,
    }  # fmt: skip
    condition: ColumnElement[bool] | None = None
    for nom, valeur in voulus.items():
        if valeur is not None:
            celle = contestations.c[nom] == valeur
            condition = celle if condition is None else condition & celle
    async with service.moteur.connect() as conn:
        lues = await registres.lister(conn, contestations, depart(page), page.limite + 1, condition)
    montrees, suivant = page_de_lignes(request, response, page, lues)
    return {"contestations": [presenter(ligne) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/contestations/{numero}", summary="Une contestation et son histoire")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que sa réponse demande."""
    async with service.moteur.connect() as conn:
        ligne = trouvee(await registres.lire(conn, contestations, numero), "La contestation", numero)
        return await reponse(conn, "contestation", ligne, presenter(ligne))


@routes.get("/v1/contestations/{numero}/chiffre", summary="Le chiffre contesté, alors et maintenant")
async def chiffre(service: Service, numero: Numero) -> dict[str, Any]:
    """« change » dit si des événements l'ont corrigé depuis ; nul quand l'un des deux n'a pu être lu."""
    async with service.moteur.connect() as conn:
        li = trouvee(await registres.lire(conn, contestations, numero), "La contestation", numero)
    async with httpx.AsyncClient() as client:
        lecteur = Lecteur(client, service.reglages.amonts)
        maintenant = await lire_chiffre(lecteur, li.indicateur, li.caisse, li.du, li.au, li.vue, service.clock.now())
    return {"alors": li.chiffre, "maintenant": maintenant, "change": change(li.chiffre, maintenant)}


@routes.post("/v1/contestations/{numero}/reponse", summary="Répondre à une contestation")
async def repondre(
    request: Request, service: Service, numero: Numero, corps: ReponseContestation, cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:  # fmt: skip
    """Acceptée, en partie ou refusée, avec un texte ; le chiffre n'en change pas. Demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        ligne = await conclure(
            conn, request, service, "contestation", contestations, PASSAGES_CONTESTATION, numero, corps.issue,
            corps.texte, principal.identifiant, corps.comite,
        )  # fmt: skip
        return await reponse(conn, "contestation", ligne, presenter(ligne))

    return await une_fois(request, service, cle, principal, action)


@routes.post("/v1/contestations/{numero}/retrait", summary="Retirer une contestation")
async def retirer(
    request: Request, service: Service, numero: Numero, corps: Retrait, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """La caisse y renonce ; demande If-Match."""

    async def action(conn: AsyncConnection) -> Response:
        ligne = await conclure(
            conn, request, service, "contestation", contestations, PASSAGES_CONTESTATION, numero, "retiree",
            corps.motif, principal.identifiant,
        )  # fmt: skip
        return await reponse(conn, "contestation", ligne, presenter(ligne))

    return await une_fois(request, service, cle, principal, action)


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """A contestation as people and programs read it."""
    return {**ligne._mapping, "caisse_nom": charger().par_slug[ligne.caisse].nom}


_LA_SIENNE = caisse_de_la_ligne(contestations)

ACCES: Acces = {
    "POST /v1/contestations": ouvert_a("reseau", "caisse", caisse=du_corps()),
    "GET /v1/contestations": ouvert_a(*LECTEURS, caisse=de_la_requete()),
    "GET /v1/contestations/{numero}": ouvert_a(*LECTEURS, caisse=_LA_SIENNE),
    "GET /v1/contestations/{numero}/chiffre": ouvert_a(*LECTEURS, caisse=_LA_SIENNE),
    "POST /v1/contestations/{numero}/reponse": ouvert_a("comite", "president"),
    "POST /v1/contestations/{numero}/retrait": ouvert_a("caisse", caisse=_LA_SIENNE),
}
