"""``GET /v1/rejets`` and the replay of one: what was refused, why, and how to put it right."""

from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from shared.database.connexion import acquerir
from shared.dossiers.api.parametres import parametre_invalide
from shared.dossiers.assemblage import ServiceDossiers
from shared.events.contrat import RAISONS
from shared.log import rejets as depot
from shared.log.rejets import Etat, Origine, Rejet
from shared.log.types import JournalIndisponible
from shared.service.acces import Acces, ouvert_a
from shared.service.application import piece
from shared.service.erreurs import Conflit, DonneesInvalides, Indisponible, Introuvable
from shared.service.pagination import Page, ecrire_curseur, page_demandee

routes = APIRouter(tags=["rejets"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]

Numero = Annotated[int, Path(ge=1, le=2**63 - 1, description="Numéro du rejet")]

Rang = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

_DEJA = {"rejoue": "rejoué", "ecarte": "écarté"}


@routes.get("/v1/rejets", summary="Les événements refusés")
async def lister(
    service: Service,
    page: Annotated[Page, Depends(page_demandee)],
    etat: Annotated[Etat | None, Query(description="Sans filtre : tous")] = None,
    raison: Annotated[str | None, Query(description="Code de raison, par exemple caisse_inconnue")] = None,
) -> dict[str, Any]:
    """Les plus anciens d'abord ; « suivant » est le curseur de la page d'après."""
    if raison is not None and raison not in RAISONS:
        raise parametre_invalide("raison", f"« {raison} » n'est pas une raison. Connues : {', '.join(RAISONS)}.")
    apres = page.apres(tuple[Rang])
    async with acquerir(service.pool) as conn:
        lus = await depot.lister(conn, service.definition.nom, apres[0] if apres else 0, page.limite + 1, etat, raison)
    montres = lus[: page.limite]
    suivant = ecrire_curseur((montres[-1].id,)) if len(lus) > page.limite else None
    return {"rejets": [_resume(r) for r in montres], "suivant": suivant}


@routes.get("/v1/rejets/{identifiant}", summary="Un événement refusé, avec son contenu")
async def lire(service: Service, identifiant: Numero) -> dict[str, Any]:
    """Le contenu n'est jamais gardé quand il ressemble à une donnée personnelle."""
    async with acquerir(service.pool) as conn:
        rejet = await _trouver(conn, service, identifiant)
    contenu = None if rejet.contenu is None else rejet.contenu.decode("utf-8", "replace")
    return _resume(rejet) | {"contenu": contenu, "explication": RAISONS.get(rejet.raison)}


@routes.post("/v1/rejets/{identifiant}/rejeu", status_code=202, summary="Rejouer un événement refusé")
async def rejouer(request: Request, service: Service, identifiant: Numero) -> Response:
    """Renvoie l'événement au journal, tel quel ou corrigé : un corps JSON remplace son contenu.

    S'il est encore refusé, la raison est donnée et le rejet reste ouvert.
    """
    corrige = await request.body()
    # The row stays locked until the event is in the log: of two people who replay, the second is told.
    async with acquerir(service.pool) as conn, conn.transaction():
        await conn.execute(f"SELECT FROM {service.definition.nom}.rejets WHERE id = $1 FOR UPDATE", identifiant)
        rejet = await _trouver(conn, service, identifiant)
        if rejet.etat != "ouvert":
            raise Conflit(f"Le rejet {identifiant} a déjà été {_DEJA[rejet.etat]}.")
        if not corrige and (rejet.contenu is None or rejet.tronque):
            raise Conflit("Le contenu n'a pas été gardé en entier : envoyez l'événement corrigé dans le corps.")
        await _renvoyer(service, corrige or rejet.contenu or b"", "http" if corrige else rejet.origine)
        await conn.execute(
            f"UPDATE {service.definition.nom}.rejets SET etat = 'rejoue', rejoue_le = $2 WHERE id = $1",
            identifiant,
            service.clock.now(),
        )
    return Response(
        msgspec.json.encode({"id": identifiant, "etat": "rejoue"}), status_code=202, media_type="application/json"
    )


async def _renvoyer(service: ServiceDossiers, contenu: bytes, origine: Origine) -> None:
    try:
        refus = await service.ingestion.rejouer(contenu, origine)
    except JournalIndisponible as exc:
        raise Indisponible("Le journal ne répond pas : réessayez plus tard.") from exc
    if refus is not None:
        raise DonneesInvalides(f"Encore refusé : {refus.message}", raison=refus.raison, champ=refus.champ)


async def _trouver(conn: asyncpg.Connection, service: ServiceDossiers, identifiant: Numero) -> Rejet:
    rejet = await depot.lire(conn, service.definition.nom, identifiant)
    if rejet is None:
        raise Introuvable(f"Aucun rejet n'a le numéro {identifiant}. La liste : GET /v1/rejets.")
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


ACCES: Acces = {
    "GET /v1/rejets": ouvert_a("reseau", "auditeur"),
    "GET /v1/rejets/{identifiant}": ouvert_a("reseau", "auditeur"),
    "POST /v1/rejets/{identifiant}/rejeu": ouvert_a("reseau"),
}
