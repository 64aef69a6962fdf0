"""``GET /v1/rejets`` and the replay of one: what was refused, why, and how to put it right."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from shared.database.connexion import acquerir
from shared.dossiers.assemblage import ServiceDossiers
from shared.events.contrat import RAISONS
from shared.log import rejets as depot
from shared.log.rejets import Etat, Rejet
from shared.log.types import JournalIndisponible
from shared.service.application import piece
from shared.service.erreurs import Conflit, DonneesInvalides, Indisponible, Introuvable
from shared.service.pagination import Page, ecrire_curseur, page_demandee

routes = APIRouter(tags=["rejets"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]


@routes.get("/v1/rejets", summary="Les événements refusés")
async def lister(
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    etat: Annotated[Etat | None, Query(description="Sans filtre : tous")] = None,
    raison: Annotated[str | None, Query(description="Code de raison, par exemple caisse_inconnue")] = None,
) -> dict[str, Any]:
    """Les plus anciens d'abord ; « suivant » est le curseur de la page d'après."""
    apres = page.apres(tuple[int])
    async with acquerir(service.pool) as conn:
        lus = await depot.lister(conn, service.definition.nom, apres[0] if apres else 0, page.limite + 1, etat, raison)
    montres = lus[: page.limite]
    suivant = ecrire_curseur((montres[-1].id,)) if len(lus) > page.limite else None
    return {"rejets": [_resume(r) for r in montres], "suivant": suivant}


@routes.get("/v1/rejets/{identifiant}", summary="Un événement refusé, avec son contenu")
async def lire(service: Service, identifiant: int) -> dict[str, Any]:
    """Le contenu n'est jamais gardé quand il ressemble à une donnée personnelle."""
    rejet = await _trouver(service, identifiant)
    contenu = None if rejet.contenu is None else rejet.contenu.decode("utf-8", "replace")
    return _resume(rejet) | {"contenu": contenu, "explication": RAISONS.get(rejet.raison)}


@routes.post("/v1/rejets/{identifiant}/rejeu", status_code=202, summary="Rejouer un événement refusé")
async def rejouer(request: Request, service: Service, identifiant: int) -> Response:
    """Renvoie l'événement au journal, tel quel ou corrigé : un corps JSON remplace son contenu.

    S'il est encore refusé, la raison est donnée et le rejet reste ouvert.
    """
    rejet = await _trouver(service, identifiant)
    corrige = await request.body()
    contenu = corrige or rejet.contenu
    if rejet.etat != "ouvert":
        raise Conflit(f"Le rejet {identifiant} n'est plus ouvert ({rejet.etat}).")
    if contenu is None or (rejet.tronque and not corrige):
        raise Conflit("Le contenu n'a pas été gardé en entier : envoyez l'événement corrigé dans le corps.")
    try:
        refus = await service.ingestion.rejouer(contenu)
    except JournalIndisponible as exc:
        raise Indisponible("Le journal ne répond pas : réessayez plus tard.") from exc
    if refus is not None:
        raise DonneesInvalides(refus.message, raison=refus.raison, champ=refus.champ)
    async with acquerir(service.pool) as conn, conn.transaction():
        await conn.execute(
            f"UPDATE {service.definition.nom}.rejets SET etat = 'rejoue', rejoue_le = $2 WHERE id = $1",
            identifiant,
            service.clock.now(),
        )
    return Response(
        msgspec.json.encode({"id": identifiant, "etat": "rejoue"}), status_code=202, media_type="application/json"
    )


async def _trouver(service: ServiceDossiers, identifiant: int) -> Rejet:
    async with acquerir(service.pool) as conn:
        rejet = await depot.lire(conn, service.definition.nom, identifiant)
    if rejet is None:
        raise Introuvable(f"Aucun rejet {identifiant}.")
    return rejet


def _resume(rejet: Rejet) -> dict[str, Any]:
    return {
        "id": rejet.id,
        "recu_le": rejet.recu_le,
        "origine": rejet.origine,
        "source": rejet.source,
        "evenement": rejet.evenement_id,
        "raison": rejet.raison,
        "champ": rejet.champ,
        "message": rejet.message,
        "position": None if rejet.offset is None else f"{rejet.topic}/{rejet.partition}/{rejet.offset}",
        "etat": rejet.etat,
        "tronque": rejet.tronque,
    }
