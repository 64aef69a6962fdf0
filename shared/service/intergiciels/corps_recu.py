"""What comes in: bodies bounded while they stream, and opened when they are compressed."""

import asyncio
from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.service.decompression import CODAGES, Decompresseur
from shared.service.erreurs import CorpsTropVolumineux, RequeteMalformee, TypeNonPrisEnCharge
from shared.service.validation import verifier_adresse

_ENTETES_DU_CODAGE = frozenset({b"content-encoding", b"content-length"})
_SYNONYMES = {"x-gzip": "gzip"}


class CorpsRecu:
    """Limits and decoding of request bodies.

    ``max_octets`` bounds the bytes as sent (announced or counted), ``max_decompresse`` what they open to: 413
    beyond. An unknown ``Content-Encoding``, or several, is a 415. The route sees a plain body and no
    ``Content-Encoding``. The rest of a refused body is read and thrown away by the server, so that the client
    can finish and read why.
    """

    def __init__(self, app: ASGIApp, max_octets: int, max_decompresse: int) -> None:
        self.app = app
        self.max_octets = max_octets
        self.max_decompresse = max_decompresse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        verifier_adresse(scope)
        codage, annonce = _annonces(scope)
        if annonce > self.max_octets:
            raise self._trop()
        recevoir = self._borner(receive)
        if codage is not None:
            recevoir = _decoder(recevoir, Decompresseur(codage, self.max_decompresse))
            scope["headers"] = [e for e in scope["headers"] if e[0] not in _ENTETES_DU_CODAGE]
        await self.app(scope, recevoir, send)

    def _borner(self, receive: Receive) -> Receive:
        recus = 0

        async def recevoir() -> Message:
            nonlocal recus
            message = await receive()
            if message["type"] == "http.request":
                recus += len(message.get("body", b""))
                if recus > self.max_octets:
                    raise self._trop()
            return message

        return recevoir

    def _trop(self) -> CorpsTropVolumineux:
        return CorpsTropVolumineux(
            f"Le corps dépasse {self.max_octets} octets. Envoyez-le en plusieurs fois ou compressé.",
            limite_octets=self.max_octets,
        )


def _annonces(scope: Scope) -> tuple[str | None, int]:
    """The content coding (None: plain) and the announced length (0: not announced) of a request."""
    codage: str | None = None
    longueur = 0
    for nom, valeur in scope["headers"]:
        if nom == b"content-length":
            if not valeur.isdigit():
                raise RequeteMalformee("L'en-tête Content-Length n'est pas un nombre.")
            longueur = int(valeur)
        elif nom == b"content-encoding":
            annonce = valeur.decode("latin-1").strip().lower()
            annonce = _SYNONYMES.get(annonce, annonce)
            if annonce == "identity":
                continue
            if annonce not in CODAGES or codage is not None:
                pris = ", ".join(CODAGES)
                raise TypeNonPrisEnCharge(
                    f"Ce Content-Encoding n'est pas pris en charge. Envoyez le corps en clair, ou en {pris}.",
                    entetes={"Accept-Encoding": pris},
                )
            codage = annonce
    return codage, longueur


def _decoder(receive: Receive, decompresseur: Decompresseur) -> Receive:
    """A ``receive`` that hands over the opened body piece by piece; between two, the loop has its turn."""
    pieces: Iterator[bytes] = iter(())
    fini = rendu = False

    async def recevoir() -> Message:
        nonlocal pieces, fini, rendu
        while True:
            piece = next(pieces, None)
            if piece is not None:
                await asyncio.sleep(0)
                return {"type": "http.request", "body": piece, "more_body": True}
            if rendu:
                return await receive()
            if fini:
                decompresseur.terminer()
                rendu = True
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await receive()
            if message["type"] != "http.request":
                return message
            fini = not message.get("more_body", False)
            pieces = decompresseur.morceaux(message.get("body", b""))

    return recevoir
