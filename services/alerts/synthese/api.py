"""``/v1/syntheses``: what the network did and became over a month or a year, as JSON, CSV or PDF."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from services.alerts.api.commun import Service
from services.alerts.comite.calendrier import FUSEAU, MoisInvalide
from services.alerts.synthese.document import en_pdf
from services.alerts.synthese.lecture import synthese
from services.alerts.synthese.periode import lire_periode
from services.alerts.synthese.tableur import en_csv
from shared.service.acces import LECTEURS_DU_RESEAU, Acces, ouvert_a
from shared.service.erreurs import Introuvable
from shared.service.etag import reponse_conditionnelle

routes = APIRouter(tags=["synthèses"])

Forme = Literal["json", "csv", "pdf"]

MEDIAS: dict[Forme, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "pdf": "application/pdf",
}

_CONTENUS: dict[int | str, dict[str, Any]] = {200: {"content": {m.partition(";")[0]: {} for m in MEDIAS.values()}}}


@routes.get(
    "/v1/syntheses/{periode}", summary="Le bilan d'un mois ou d'une année", response_class=Response, responses=_CONTENUS
)
async def lire(
    request: Request,
    service: Service,
    periode: Annotated[str, Path(max_length=20, description="AAAA ou AAAA-MM : les mois examinés par les comités")],
    format: Annotated[Forme | None, Query(description="Sans lui, selon Accept")] = None,
) -> Response:
    """Courriers et caisses concernées, caisses sous le socle et sous l'objectif contre un an avant et l'objectif de
    réduction, audits et accompagnements, entraide donnée et besoins non couverts par processus."""
    try:
        voulue = lire_periode(periode)
    except MoisInvalide as exc:
        raise Introuvable(str(exc)) from None
    async with service.moteur.connect() as conn:
        document = await synthese(conn, voulue, service.reglages.objectif_reduction)
    forme = format or _acceptee(request.headers.get("accept", ""))
    if forme == "pdf":
        octets = await asyncio.to_thread(en_pdf, document, service.clock.now().astimezone(FUSEAU).date())
    else:
        octets = en_csv(document) if forme == "csv" else msgspec.json.encode(document)
    reponse = reponse_conditionnelle(request, octets, type_media=MEDIAS[forme])
    reponse.headers["Vary"] = "Accept"
    if forme != "json":
        reponse.headers["Content-Disposition"] = f'inline; filename="synthese-{voulue}.{forme}"'
    return reponse


def _acceptee(accept: str) -> Forme:
    return next((forme for forme in ("pdf", "csv") if MEDIAS[forme].partition(";")[0] in accept), "json")


ACCES: Acces = {"GET /v1/syntheses/{periode}": ouvert_a(*LECTEURS_DU_RESEAU)}
