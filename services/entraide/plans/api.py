"""``/v1/allocations``: plans made, asked for, and read again as they were."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.appels import Service, une_fois
from services.entraide.plans import store
from services.entraide.plans.a_part import PlanTropLong
from services.entraide.plans.allocation import RienAAllouer, preparer, proposer_le_plan
from services.entraide.plans.presentation import presenter, resumer
from services.entraide.propositions.store import lister as lister_propositions
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.amonts import LectureImpossible
from shared.service.erreurs import Conflit, Indisponible, Introuvable
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer
from shared.service.reponses import Numero, json

routes = APIRouter(tags=["allocations"])

REESSAYER_DANS_S = 15


@asynccontextmanager
async def impossibilites() -> AsyncIterator[None]:
    """What keeps a plan from being made, as problems."""
    try:
        yield
    except RienAAllouer as exc:
        raise Conflit(str(exc)) from None
    except (LectureImpossible, PlanTropLong) as exc:
        detail = f"Aucun plan ne se fait à l'aveugle. {exc}"
        raise Indisponible(detail, retry_after_s=REESSAYER_DANS_S) from None


@routes.post("/v1/allocations", status_code=201, summary="Allouer les besoins ouverts")
async def allouer(request: Request, service: Service, cle: CleIdempotence, principal: PrincipalCourant) -> Response:
    """Tous les besoins ouverts ensemble, pour ce que leurs propositions vivantes ne couvrent pas ; chaque mission du
    plan devient une proposition aux deux coordinateurs. Se fait aussi sans qu'on le demande, chaque jour et après un
    refus."""
    async with httpx.AsyncClient() as client, impossibilites():
        pret = await preparer(service, client)

    async def action(conn: AsyncConnection) -> Response:
        plan = await proposer_le_plan(conn, pret, service.clock.now(), principal.identifiant)
        return await _repondre(conn, plan, 201, Location=f"/v1/allocations/{plan}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/allocations", summary="Les plans")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    genre: Annotated[Literal["allocation", "provisoire"] | None, Query()] = None,
) -> dict[str, Any]:
    """Les plus récents d'abord. « ecart » : part du gain idéal que le plan peut manquer, au plus."""
    apres = page.apres(tuple[int])
    async with service.moteur.connect() as conn:
        lus = await store.lister(conn, genre=genre, avant=apres[0] if apres else None, limite=page.limite + 1)
    montres, suivant = paginer(lus, page, lambda ligne: (ligne.id,))
    lier_suivante(request, response, suivant)
    return {"allocations": [resumer(ligne) for ligne in montres], "suivant": suivant}


@routes.get("/v1/allocations/{numero}", summary="Un plan")
async def lire(service: Service, numero: Numero) -> Response:
    """Missions, effet prévu avec et sans, limite de chaque besoin, refus de chaque pôle ; rien n'y change jamais."""
    async with service.moteur.connect() as conn:
        return await _repondre(conn, numero)


@routes.get("/v1/allocations/{numero}/donnees", summary="Ce dont un plan a été fait")
async def lire_les_donnees(service: Service, numero: Numero) -> Response:
    """Pôles, besoins, situations, alertes, engagements et réglages : à données égales, plan égal."""
    async with service.moteur.connect() as conn:
        ligne = await store.lire(conn, numero)
    if ligne is None:
        raise Introuvable(f"Le plan {numero} n'existe pas.")
    return json({"plan": numero, "empreinte": ligne.empreinte, "donnees": ligne.donnees})


async def _repondre(conn: AsyncConnection, numero: int, statut: int = 200, **entetes: str) -> Response:
    ligne = await store.lire(conn, numero)
    if ligne is None:
        raise Introuvable(f"Le plan {numero} n'existe pas.")
    siennes = await lister_propositions(conn, plan=numero)
    return json(presenter(ligne, sorted(lue.id for lue in siennes)), statut, **entetes)


ACCES: Acces = {"POST /v1/allocations": ouvert_a("reseau", "coordination-phare")} | {
    f"GET /v1/allocations{suite}": ouvert_a(*LECTEURS) for suite in ("", "/{numero}", "/{numero}/donnees")
}
