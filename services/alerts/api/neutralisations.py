"""``/v1/neutralisations``: days whose figures are judged by nobody, visibly. Values are never changed."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import Row, literal
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import (
    Auteur,
    Corps,
    Motif,
    Numero,
    Service,
    caisse_connue,
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
from services.alerts.domain.portee import RESEAU, caisses_servies
from services.alerts.store import registres
from services.alerts.store.base import TOUT, demander_evaluation
from services.alerts.store.tables import neutralisations
from shared.catalogue.indicateurs import IndicateurInconnu, indicateur
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, page_demandee
from shared.service.reponses import Jour

routes = APIRouter(tags=["neutralisations"])


class NouvelleNeutralisation(Corps):
    """For the network (``caisse`` « reseau » or none), one caisse, or the caisses of one platform."""

    du: date
    au: Annotated[date | None, Field(description="Dernier jour compris ; sans lui, jusqu'à ce qu'on y mette fin")] = (
        None
    )
    indicateurs: Annotated[list[str], Field(min_length=1, max_length=200)]
    caisse: Annotated[str | None, Field(description="Slug ou nom d'une caisse, « reseau », ou rien : le réseau")] = None
    plateforme: Annotated[str | None, Field(description="Code d'une plateforme téléphonique")] = None
    motif: Motif
    auteur: Auteur = None


@routes.post("/v1/neutralisations", status_code=201, summary="Neutraliser")
async def creer(
    request: Request, service: Service, corps: NouvelleNeutralisation, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Un chiffre dont un jour est neutralisé n'ouvre pas d'alerte, et éteint celle qui vivait."""

    async def action(conn: AsyncConnection) -> Response:
        caisse = None if corps.caisse in (None, RESEAU) else caisse_connue(str(corps.caisse))
        _verifier(corps, caisse)
        ligne = await registres.inscrire(
            conn,
            neutralisations,
            {
                "du": corps.du,
                "au": corps.au,
                "indicateurs": sorted(set(corps.indicateurs)),
                "caisse": caisse,
                "plateforme": corps.plateforme,
                "auteur": corps.auteur or principal.nom,
                "motif": corps.motif,
                "cree_le": service.clock.now(),
                "cree_par": principal.identifiant,
            },
        )
        await demander_evaluation(conn, NOM, TOUT)
        document = presenter(ligne)
        return json(document, 201, ETag=etiquette(document), Location=f"/v1/neutralisations/{ligne.id}")

    return await une_fois(request, service, cle, principal, action)


def _verifier(corps: NouvelleNeutralisation, caisse: str | None) -> None:
    if corps.au is not None and corps.au < corps.du:
        raise champ_invalide("au", f"la période finit le {corps.au:%d/%m/%Y}, avant son début.")
    for code in corps.indicateurs:
        try:
            indicateur(code)
        except IndicateurInconnu as exc:
            raise champ_invalide("indicateurs", str(exc)) from None
    if corps.plateforme is None:
        return
    if caisse is not None:
        raise champ_invalide("plateforme", "donnez une caisse ou une plateforme, pas les deux.")
    if not caisses_servies(corps.plateforme, corps.du):
        raise champ_invalide("plateforme", f"« {corps.plateforme} » ne sert aucune caisse le {corps.du:%d/%m/%Y}.")


@routes.get("/v1/neutralisations", summary="Les neutralisations")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    indicateur_voulu: Annotated[str | None, Query(alias="indicateur")] = None,
    caisse: Annotated[str | None, Query(description="Une caisse : celles du réseau la concernent aussi")] = None,
    jour: Annotated[Jour | None, Query(description="Celles qui couvrent ce jour")] = None,
) -> dict[str, Any]:
    """Les plus récentes d'abord ; celles qui ont pris fin restent visibles."""
    c = neutralisations.c
    conditions = [] if jour is None else [registres.jour_neutralise(jour)]
    if indicateur_voulu is not None:
        conditions.append(literal(indicateur_voulu) == c.indicateurs.any_())
    if caisse is not None:
        slug = caisse_demandee(caisse)
        conditions.append(c.caisse.is_(None) | (c.caisse == slug))
    condition = None
    for autre in conditions:
        condition = autre if condition is None else condition & autre
    async with service.moteur.connect() as conn:
        lues = await registres.lister(conn, neutralisations, depart(page), page.limite + 1, condition)
    montrees, suivant = page_de_lignes(request, response, page, lues)
    return {"neutralisations": [presenter(li) for li in montrees], "suivant": suivant}


@routes.get("/v1/neutralisations/{numero}", summary="Une neutralisation")
async def lire(service: Service, numero: Numero) -> Response:
    """Avec l'ETag que sa fin demande."""
    async with service.moteur.connect() as conn:
        ligne = trouvee(await registres.lire(conn, neutralisations, numero), "La neutralisation", numero)
    document = presenter(ligne)
    return json(document, ETag=etiquette(document))


@routes.delete("/v1/neutralisations/{numero}", summary="Mettre fin à une neutralisation")
async def finir(
    request: Request,
    service: Service,
    numero: Numero,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[str | None, Query(max_length=2_000)] = None,
    retirer: Annotated[bool, Query(description="Posée par erreur : elle ne vaut plus pour aucun jour")] = False,
) -> Response:
    """Elle vaut encore pour les jours passés, celui-ci compris, sauf à la retirer ; demande If-Match."""
    return await terminer(request, service, cle, principal, neutralisations, presenter, numero, motif, retiree=retirer)


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """A neutralisation as people and programs read it; ``jusqu_au``: the last day it covers, None: without end."""
    document = dict(ligne._mapping)
    return document | {
        "caisse": ligne.caisse or (RESEAU if ligne.plateforme is None else None),
        "jusqu_au": registres.dernier_jour(ligne.au, ligne.termine_le),
    }


ACCES: Acces = {
    "POST /v1/neutralisations": ouvert_a("reseau"),
    "GET /v1/neutralisations": ouvert_a(*LECTEURS),
    "GET /v1/neutralisations/{numero}": ouvert_a(*LECTEURS),
    "DELETE /v1/neutralisations/{numero}": ouvert_a("reseau"),
}
