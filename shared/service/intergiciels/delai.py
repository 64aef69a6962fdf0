"""The time limit of a request, up to the start of its response."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.service.erreurs import DelaiDepasse, EnvoiTropLent

_REESSAYER_DANS_S = 5


class Delai:
    """Cancels what has not begun to answer after ``delai_s`` seconds: its transaction rolls back.

    408 when the service was waiting for the client's body, 503 when it was working. A response that has
    started (a download, a stream of server-sent events) is never cut.
    """

    def __init__(self, app: ASGIApp, delai_s: float) -> None:
        self.app = app
        self.delai_s = delai_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        attend_le_client = False
        corps_fini = False

        async def recevoir() -> Message:
            nonlocal attend_le_client, corps_fini
            attend_le_client = not corps_fini
            message = await receive()
            attend_le_client = False
            corps_fini = not message.get("more_body", False)
            return message

        async def envoyer(message: Message) -> None:
            if not minuterie.expired():
                minuterie.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self.delai_s) as minuterie:
                await self.app(scope, recevoir, envoyer)
        except TimeoutError:
            if not minuterie.expired():
                raise
            if attend_le_client:
                raise EnvoiTropLent(
                    f"Le corps n'est pas arrivé en {self.delai_s:g} s. Envoyez-le en plusieurs fois.",
                    entetes={"Connection": "close"},
                ) from None
            raise DelaiDepasse(
                f"L'appel n'a pas abouti en {self.delai_s:g} s. Réessayez : avec la même clé d'idempotence, "
                "il ne sera pas appliqué deux fois.",
                retry_after_s=_REESSAYER_DANS_S,
            ) from None
