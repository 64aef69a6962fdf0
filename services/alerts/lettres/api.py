"""``/v1/documents``: letters and minutes as PDF."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.alerts.api.commun import Service
from services.alerts.lettres.store import DocumentInconnu, imprimer
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.erreurs import Introuvable
from shared.service.etag import reponse_conditionnelle

routes = APIRouter(tags=["documents"])


@routes.get(
    "/v1/documents/{reference:path}",
    summary="Un courrier ou un procès-verbal, en PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def lire(
    request: Request, service: Service, reference: Annotated[str, Path(min_length=1, max_length=300)]
) -> Response:
    """Toujours les mêmes octets ; l'ETag permet de ne pas les relire."""
    try:
        octets = await imprimer(service.moteur, reference)
    except DocumentInconnu as exc:
        raise Introuvable(str(exc)) from None
    reponse = reponse_conditionnelle(request, octets, type_media="application/pdf")
    reponse.headers["Content-Disposition"] = f'inline; filename="{nom_de_fichier(reference)}"'
    return reponse


def nom_de_fichier(reference: str) -> str:
    """A plain name for the file of a document."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in reference) + ".pdf"


async def _destinataire(request: Request) -> str | None:
    """The caisse a document is addressed to: its reference names it (``2026-10/0/cpam-31/courrier_entraide``)."""
    parties = str(request.path_params["reference"]).split("/")
    return parties[2] if len(parties) == 4 else None


ACCES: Acces = {"GET /v1/documents/{reference}": ouvert_a(*LECTEURS, caisse=_destinataire)}
