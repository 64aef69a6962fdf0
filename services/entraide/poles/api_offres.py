"""``/v1/offres``: what a pôle puts forward without being asked."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.appels import Service, caisse_de, numero_du_chemin, une_fois
from services.entraide.domain.activites import activites
from services.entraide.domain.poles import Offre
from services.entraide.poles import store
from services.entraide.poles.description import ETP_MAX
from services.entraide.poles.presentation import presenter_offre
from services.entraide.poles.tables import offres, poles
from shared.network.jours import jour_de
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.erreurs import Conflit, Introuvable
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import PrincipalCourant
from shared.service.pagination import Page, lier_suivante, page_demandee, paginer
from shared.service.reponses import Corps, Numero, champ_invalide, etiquette, json

routes = APIRouter(tags=["pôles"])


class NouvelleOffre(Corps):
    pole: Annotated[str, Field(max_length=100, description="Clé du pôle qui offre")]
    process: Annotated[str, Field(max_length=100)]
    etp: Annotated[float, Field(gt=0, le=ETP_MAX, description="ETP offerts en plus de l'ordinaire")]
    du: date
    au: date
    commentaire: Annotated[str | None, Field(max_length=2_000)] = None


@routes.post("/v1/offres", status_code=201, summary="Offrir de l'aide sans qu'on la demande")
async def offrir(
    request: Request, service: Service, corps: NouvelleOffre, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Une semaine compte quand elle est offerte du lundi au vendredi."""

    async def action(conn: AsyncConnection) -> Response:
        pole = await store.lire(conn, corps.pole)
        if pole is None or pole.retire_le is not None:
            raise champ_invalide("pole", f"aucun pôle « {corps.pole} » au registre.")
        if corps.process not in {a.process for a in activites()}:
            raise champ_invalide("process", f"PHARE ne couvre pas « {corps.process} ».")
        if corps.au < corps.du:
            raise champ_invalide("au", "le dernier jour précède le premier.")
        offre = Offre(corps.pole, corps.process, corps.etp, jour_de(corps.du), jour_de(corps.au))
        ligne = await store.offrir(
            conn, offre, corps.du, corps.au, corps.commentaire, service.clock.now(), principal.identifiant
        )
        return _repondre(ligne, 201, Location=f"/v1/offres/{ligne.id}")

    return await une_fois(request, service, cle, principal, action)


@routes.get("/v1/offres", summary="Les offres")
async def lister(
    request: Request,
    response: Response,
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    pole: Annotated[str | None, Query(description="Clé d'un pôle")] = None,
    retirees: Annotated[bool, Query(description="Les offres retirées aussi")] = False,
) -> dict[str, Any]:
    """Les plus récentes d'abord."""
    apres = page.apres(tuple[int])
    async with service.moteur.connect() as conn:
        lues = await store.lister_offres(
            conn, pole=pole, avant=apres[0] if apres else None, limite=page.limite + 1, retirees=retirees
        )
    montrees, suivant = paginer(lues, page, lambda ligne: (ligne.id,))
    lier_suivante(request, response, suivant)
    return {"offres": [presenter_offre(ligne) for ligne in montrees], "suivant": suivant}


@routes.get("/v1/offres/{numero}", summary="Une offre")
async def lire(service: Service, numero: Numero) -> Response:
    """L'ETag sert à la retirer."""
    async with service.moteur.connect() as conn:
        return _repondre(_trouvee(await store.lire_offre(conn, numero), numero))


@routes.delete("/v1/offres/{numero}", summary="Retirer une offre")
async def retirer(
    request: Request,
    service: Service,
    numero: Numero,
    cle: CleIdempotence,
    principal: PrincipalCourant,
    motif: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Ce qui est déjà proposé ou en cours n'y change pas."""

    async def action(conn: AsyncConnection) -> Response:
        avant = _trouvee(await store.lire_offre(conn, numero, verrouiller=True), numero)
        exiger_if_match(request, etiquette(presenter_offre(avant)))
        if avant.retiree_le is not None:
            raise Conflit(f"L'offre {numero} est déjà retirée.")
        return _repondre(await store.retirer_offre(conn, numero, service.clock.now(), principal.identifiant, motif))

    return await une_fois(request, service, cle, principal, action)


def _trouvee(ligne: Row[Any] | None, numero: int) -> Row[Any]:
    if ligne is None:
        raise Introuvable(f"L'offre {numero} n'existe pas.")
    return ligne


def _repondre(ligne: Row[Any], statut: int = 200, **entetes: str) -> Response:
    document = presenter_offre(ligne)
    return json(document, statut, ETag=etiquette(document), **entetes)


async def _pole_du_corps(request: Request) -> str | None:
    corps = await request.json()
    pole = corps.get("pole") if isinstance(corps, dict) else None
    return pole if isinstance(pole, str) else None


def _du_pole_de_l_offre(numero: int) -> Select[tuple[str]]:
    return select(poles.c.caisse).join(offres, offres.c.pole == poles.c.cle).where(offres.c.id == numero)


ACCES: Acces = {
    "POST /v1/offres": ouvert_a(
        "reseau",
        "coordination-phare",
        "coordinateur",
        caisse=caisse_de(lambda cle: select(poles.c.caisse).where(poles.c.cle == cle), _pole_du_corps),
    ),
    "GET /v1/offres": ouvert_a(*LECTEURS),
    "GET /v1/offres/{numero}": ouvert_a(*LECTEURS),
    "DELETE /v1/offres/{numero}": ouvert_a(
        "reseau", "coordination-phare", "coordinateur", caisse=caisse_de(_du_pole_de_l_offre, numero_du_chemin)
    ),
}
