"""``POST /v1/events``: one CloudEvent, a batch, or a stream of lines; each item answered for itself."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import Counter

from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.ingestion import Resultat
from shared.events.contrat import MEDIA_LOT, MEDIA_NDJSON, MEDIA_UN
from shared.events.illisible import Illisible
from shared.log.types import JournalIndisponible
from shared.service.acces import Acces, ouvert_a
from shared.service.application import Application, piece
from shared.service.corps import Ligne, lots_de_lignes
from shared.service.erreurs import CorpsTropVolumineux, Indisponible, RequeteMalformee, TypeNonPrisEnCharge
from shared.service.identite import PorteeDeSource, PrincipalCourant

routes = APIRouter(tags=["événements"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]

LOT_NDJSON = 2_000
"""Lines of a stream appended at once."""

REFUS_MAX = 1_000
"""Refusals listed in the answer to a stream; the others are counted, and kept with the rejects."""

acceptes = Counter("vigie_evenements_acceptes", "Événements acceptés", ["service", "process"])
refuses = Counter("vigie_evenements_refuses", "Événements refusés à l'entrée", ["service", "raison"])

_CORPS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_UN: {"schema": {"type": "object", "description": "Un CloudEvent 1.0 structuré"}},
            MEDIA_LOT: {"schema": {"type": "array", "items": {"type": "object"}}},
            MEDIA_NDJSON: {"schema": {"type": "string", "description": "Un CloudEvent par ligne"}},
        },
    }
}


@routes.post("/v1/events", status_code=202, summary="Envoyer des événements", openapi_extra=_CORPS)
async def recevoir(request: Request, service: Service, principal: PrincipalCourant) -> Response:
    """Accepte ce qui peut l'être et dit, élément par élément, ce qui est refusé et pourquoi.

    Un événement envoyé deux fois (même source, même id) ne compte qu'une fois : en cas de doute, renvoyez.
    Un événement ou un lot reçoit un résultat par élément ; un flux, ses 1 000 premiers refus et les totaux. Ce qui
    est refusé est gardé avec les rejets, sauf les données personnelles. Sous une clé de source, un événement d'une
    autre source, d'un autre processus ou d'une autre caisse que les siens est refusé (`hors_portee`).
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media == MEDIA_NDJSON:
            return await _flux(request, service, principal.portee)
        if media == MEDIA_LOT:
            return await _lot(request, service, principal.portee)
        if media in (MEDIA_UN, "application/json"):
            return await _un(request, service, principal.portee)
    except JournalIndisponible as exc:
        raise Indisponible(
            "Le journal ne répond pas. Renvoyez les mêmes événements plus tard : rien ne sera compté deux fois."
        ) from exc
    raise TypeNonPrisEnCharge(f"Type de contenu inattendu. Attendus : {MEDIA_UN}, {MEDIA_LOT}, {MEDIA_NDJSON}.")


async def _un(request: Request, service: ServiceDossiers, portee: PorteeDeSource | None) -> Response:
    return await _tout(service, [(1, await request.body())], portee)


async def _lot(request: Request, service: ServiceDossiers, portee: PorteeDeSource | None) -> Response:
    corps = await request.body()
    try:
        bruts = msgspec.json.decode(corps, type=list[msgspec.Raw])
    except Illisible:
        raise RequeteMalformee(
            f"Le lot n'est pas un tableau JSON lisible. Vérifiez-le, ou envoyez un flux {MEDIA_NDJSON} : une ligne "
            "fautive n'y empêche pas les autres d'entrer."
        ) from None
    app: Application = request.app
    if len(bruts) > app.reglages.max_lot_evenements:
        raise CorpsTropVolumineux(
            f"Lot de {len(bruts)} événements : {app.reglages.max_lot_evenements} au plus. Coupez-le, ou envoyez "
            f"un flux {MEDIA_NDJSON}."
        )
    return await _tout(service, [(i, bytes(brut)) for i, brut in enumerate(bruts, 1)], portee)


async def _tout(service: ServiceDossiers, lignes: Sequence[Ligne], portee: PorteeDeSource | None) -> Response:
    resultats = await service.ingestion.accepter(lignes, "http", portee)
    _compter(service, resultats)
    refus = sum(1 for r in resultats if r.refus is not None)
    return _document(len(resultats) - refus, refus, resultats)


async def _flux(request: Request, service: ServiceDossiers, portee: PorteeDeSource | None) -> Response:
    montres: list[Resultat] = []
    total = refuses_ = 0
    async for lot in _lots(request):
        resultats = await service.ingestion.accepter(lot, "http", portee)
        _compter(service, resultats)
        refus = [r for r in resultats if r.refus is not None]
        total, refuses_ = total + len(resultats), refuses_ + len(refus)
        montres += refus[: REFUS_MAX - len(montres)]
    return _document(total - refuses_, refuses_, montres)


async def _lots(request: Request) -> AsyncIterator[list[Ligne]]:
    app: Application = request.app
    attente: list[Ligne] = []
    async for lignes in lots_de_lignes(request.stream(), app.reglages.max_ligne_octets):
        attente += lignes
        while len(attente) >= LOT_NDJSON:
            yield attente[:LOT_NDJSON]
            attente = attente[LOT_NDJSON:]
    if attente:
        yield attente


def _compter(service: ServiceDossiers, resultats: list[Resultat]) -> None:
    nom = service.definition.nom
    for resultat in resultats:
        if resultat.refus is None:
            acceptes.labels(nom, resultat.process).inc()
        else:
            refuses.labels(nom, resultat.refus.raison).inc()


def _document(acceptes_: int, refuses_: int, resultats: list[Resultat]) -> Response:
    document = {"acceptes": acceptes_, "refuses": refuses_, "resultats": [_ligne(r) for r in resultats]}
    return Response(msgspec.json.encode(document), status_code=202, media_type="application/json")


def _ligne(resultat: Resultat) -> dict[str, object]:
    if resultat.refus is None:
        return {"position": resultat.position, "id": resultat.id, "statut": "accepte"}
    return {
        "position": resultat.position,
        "id": resultat.id,
        "statut": "refuse",
        "raison": resultat.refus.raison,
        "champ": resultat.refus.champ,
        "message": resultat.refus.message,
    }


ACCES: Acces = {"POST /v1/events": ouvert_a("source", "reseau")}
