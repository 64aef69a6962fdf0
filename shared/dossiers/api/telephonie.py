"""``GET /v1/telephonie/direct``: the calls waiting now and the people there to answer, platform by platform."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from shared.database.connexion import acquerir
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.direct import Attente, Effectif, attentes, effectifs
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.application import piece
from shared.service.etag import reponse_conditionnelle

routes = APIRouter(tags=["téléphonie"])

Service = Annotated[ServiceDossiers, Depends(piece(ServiceDossiers))]

APPELS, EFFECTIFS = "appel", "effectif"
"""The processes it is made of; a service that has both has this route."""

_PARIS = ZoneInfo("Europe/Paris")


@routes.get("/v1/telephonie/direct", summary="Le téléphone en ce moment")
async def direct(request: Request, service: Service) -> Response:
    """Par plateforme : appels en attente, plus longue attente, téléconseillers connectés et disponibles.

    « plateforme » est nulle pour les appels dont la source ne la dit pas. Un nombre est nul quand aucun relevé de la
    dernière demi-heure ne le donne. Un appel sans issue depuis plus d'une heure n'attend plus : sa source en a perdu
    la fin, il est compté dans « sans_nouvelles ». Les caisses envoient leurs événements en différé de quelques
    secondes : « a » est l'heure de Vigie, non celle du dernier événement.
    """
    maintenant = service.clock.now()
    secondes = int(maintenant.timestamp())
    processus = {p.code: p for p in service.definition.processus}
    schema, noms = service.definition.nom, service.dictionnaire
    async with service.moteur.connect() as lecture:
        await noms.actualiser(lecture)
    async with acquerir(service.pool) as conn:
        en_attente, sans_nouvelles = await attentes(conn, schema, noms, processus[APPELS], secondes)
        presents = await effectifs(conn, schema, noms, processus[EFFECTIFS], secondes)
    document = {
        "a": maintenant.astimezone(_PARIS),
        "plateformes": _lignes(en_attente, presents, secondes),
        "sans_nouvelles": sans_nouvelles,
    }
    return reponse_conditionnelle(request, msgspec.json.encode(document))


def _lignes(en_attente: Sequence[Attente], presents: Sequence[Effectif], maintenant: int) -> list[dict[str, Any]]:
    appels, equipes = {a.plateforme: a for a in en_attente}, {e.plateforme: e for e in presents}
    return [_ligne(nom, appels.get(nom), equipes.get(nom), maintenant) for nom in sorted(appels.keys() | equipes)]


def _ligne(plateforme: str, appels: Attente | None, equipe: Effectif | None, maintenant: int) -> dict[str, Any]:
    return {
        "plateforme": plateforme or None,
        "appels_en_attente": appels.appels if appels else 0,
        "plus_longue_attente_secondes": maintenant - appels.depuis if appels else None,
        "connectes": equipe.connectes if equipe else None,
        "disponibles": equipe.disponibles if equipe else None,
        "releve_le": datetime.fromtimestamp(equipe.releve, _PARIS) if equipe else None,
    }


ACCES: Acces = {"GET /v1/telephonie/direct": ouvert_a(*LECTEURS)}
