"""The one place where an error becomes a response: problems as they are, anything else as a 500 with an
incident id.
"""

import asyncio
import uuid
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database.connexion import est_hors_bornes, est_passagere
from shared.service.erreurs import TYPE_MEDIA, ErreurInterne, Indisponible, Probleme
from shared.service.journalisation import journal
from shared.service.validation import depuis_http, hors_bornes

_log = journal("vigie.service")
_STATUT_CLIENT_PARTI = 499
_REESSAYER_DANS_S = 5
_ARRET = "Le service s'arrête avant d'avoir pu répondre. Réessayez."


class Rempart:
    """Nothing leaks: an unexpected exception is logged whole under an incident id, and only that id is
    answered.

    An exception after the response has started goes on to the server, which cuts the connection: the client
    must not take half a body for a whole one. A request cancelled because the service stops is answered 503.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        commencee = False

        async def envoyer(message: Message) -> None:
            nonlocal commencee
            commencee = True
            await send(message)

        try:
            await self.app(scope, receive, envoyer)
        except ClientDisconnect:
            scope["vigie.statut"] = _STATUT_CLIENT_PARTI
        except asyncio.CancelledError:
            if not commencee:
                await repondre(scope, send, Indisponible(_ARRET, retry_after_s=_REESSAYER_DANS_S))
            raise
        except Exception as erreur:
            if commencee:
                _log.exception("reponse interrompue")
                raise
            await repondre(scope, send, probleme_de(scope, erreur))


def probleme_de(scope: Scope, erreur: Exception) -> Probleme:
    """The problem to answer for any exception; the unexpected ones are logged here."""
    match erreur:
        case Probleme():
            return erreur
        case HTTPException():
            return depuis_http(Request(scope), erreur)
        case _ if est_passagere(erreur):
            _log.warning("base momentanement indisponible", exc_info=erreur)
            return Indisponible(
                "La base de données ne répond pas pour le moment. Réessayez.", retry_after_s=_REESSAYER_DANS_S
            )
        case _ if est_hors_bornes(erreur):
            _log.warning("valeur hors bornes", exc_info=erreur)
            return hors_bornes()
        case _:
            incident = uuid.uuid4().hex
            _log.error("erreur inattendue", incident=incident, exc_info=erreur)
            detail = f"Une erreur inattendue s'est produite. Signalez l'incident {incident} à l'exploitation."
            return ErreurInterne(detail, incident=incident)


async def repondre(scope: Scope, send: Send, probleme: Probleme) -> None:
    """Send ``probleme`` as the whole response."""
    corps = msgspec.json.encode(probleme.document(scope.get("vigie.requete")), enc_hook=str)
    entetes: list[tuple[bytes, bytes]] = [
        (b"content-type", TYPE_MEDIA.encode()),
        (b"content-length", str(len(corps)).encode()),
    ]
    entetes += [(nom.lower().encode(), valeur.encode("latin-1")) for nom, valeur in probleme.entetes_reponse().items()]
    debut: dict[str, Any] = {"type": "http.response.start", "status": probleme.status, "headers": entetes}
    await send(debut)
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else corps})
