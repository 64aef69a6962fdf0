"""The layer that writes what a call's own transaction did not: reads, refusals, failures."""

from datetime import datetime

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database.connexion import est_passagere
from shared.service.audit.ligne import DANS_L_APPEL
from shared.service.audit.registre import Registre
from shared.service.audit.trace import Trace
from shared.service.audit.tracees import Genre
from shared.service.erreurs import Probleme

_log = structlog.get_logger(__name__)

_CLIENT_PARTI = 499


class Tracage:
    """Inside the Rempart, around all that may fail. ``muettes``: ``"POST /v1/events"``, let through untouched."""

    def __init__(self, app: ASGIApp, muettes: frozenset[str]) -> None:
        self.app = app
        self.muettes = muettes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or f"{scope['method']} {scope['path']}" in self.muettes:
            await self.app(scope, receive, send)
            return
        trace = scope[DANS_L_APPEL] = Trace(scope.get("vigie.requete"))

        async def recevoir() -> Message:
            message = await receive()
            trace.lire(message)
            return message

        async def envoyer(message: Message) -> None:
            if message["type"] == "http.response.start" and not trace.inscrite and trace.se_garde(message["status"]):
                await _inscrire(scope, trace, message)
            await send(message)

        try:
            await self.app(scope, recevoir, envoyer)
        except Exception as erreur:
            # Even if it is inscribed already: what a transaction wrote before it failed is gone with it.
            if trace.se_garde(statut := statut_de(erreur)):
                await _inscrire_le_refus(scope, trace, statut)
            raise


async def _inscrire(scope: Scope, trace: Trace, debut: Message) -> None:
    """Raises when the register cannot be written: then nothing is answered."""
    statut = debut["status"]
    lieu = next((valeur.decode("latin-1") for nom, valeur in debut.get("headers", ()) if nom == b"location"), None)
    acte = trace.acte(_maintenant(scope), statut, lieu=lieu)
    if trace.genre is Genre.CHANGEMENT and acte.issue == "fait":
        _log.error("changement inscrit hors de sa transaction", route=acte.route)
    await _registre(scope).inscrire(acte)
    trace.inscrite = True


async def _inscrire_le_refus(scope: Scope, trace: Trace, statut: int) -> None:
    """A refusal stands even if it cannot be written: the journal has it."""
    acte = trace.acte(_maintenant(scope), statut)
    try:
        await _registre(scope).inscrire(acte)
    except Exception as erreur:
        _log.error("refus hors du registre", route=acte.route, sujet=acte.sujet, statut=statut, erreur=repr(erreur))


def statut_de(erreur: Exception) -> int:
    """The status that the Rempart will answer."""
    match erreur:
        case Probleme():
            return erreur.status
        case HTTPException():
            return erreur.status_code
        case ClientDisconnect():
            return _CLIENT_PARTI
        case _:
            return 503 if est_passagere(erreur) else 500


def _registre(scope: Scope) -> Registre:
    registre: Registre = scope["app"].pieces[Registre]
    return registre


def _maintenant(scope: Scope) -> datetime:
    return _registre(scope).clock.now()
