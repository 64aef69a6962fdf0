"""What every response bears (request id, security headers) and every log line of a request joins on."""

import os
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

ENTETE_REQUETE = b"x-request-id"
ENTETE_CORRELATION = b"x-correlation-id"
# What we accept to write in a log and a header: no control character, no quote, bounded.
_IDENTIFIANT = re.compile(rb"[\w.:-]{1,64}", re.ASCII)

# A route that needs another policy (the console's pages) sets its own header; these stand only where none was
# set.
ENTETES_SECURITE: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
HTTPS_SEULEMENT = (b"strict-transport-security", b"max-age=31536000")
"""A year (RFC 6797), said only when a proxy says that the caller came by HTTPS: elsewhere it must not be sent. Whoever
writes that header by hand says it to itself alone."""
_VENU_PAR = (b"x-forwarded-proto", b"https")


class Contexte:
    """Outermost. ``X-Request-Id`` is the caller's when it is well formed, else new; ``X-Correlation-Id``
    defaults to it.

    Both are bound in structlog's context variables for the time of the request, as ``requete`` and
    ``correlation``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        recue = correlation = None
        for nom, valeur in scope["headers"]:
            if nom == ENTETE_REQUETE and _IDENTIFIANT.fullmatch(valeur):
                recue = valeur
            elif nom == ENTETE_CORRELATION and _IDENTIFIANT.fullmatch(valeur):
                correlation = valeur
        requete = recue or os.urandom(16).hex().encode()
        scope["vigie.requete"] = requete.decode()

        async def envoyer(message: Message) -> None:
            if message["type"] == "http.response.start":
                entetes = list(message.get("headers", ()))
                presents = {nom.lower() for nom, _ in entetes}
                entetes += [e for e in ENTETES_SECURITE if e[0] not in presents]
                if _VENU_PAR in scope["headers"]:
                    entetes.append(HTTPS_SEULEMENT)
                entetes.append((ENTETE_REQUETE, requete))
                message = {**message, "headers": entetes}
            await send(message)

        jetons = bind_contextvars(requete=scope["vigie.requete"], correlation=(correlation or requete).decode())
        try:
            await self.app(scope, receive, envoyer)
        finally:
            reset_contextvars(**jetons)
