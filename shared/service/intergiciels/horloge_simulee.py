"""The header that tells a simulated clock the time, so that each call of a simulation happens at its own
instant.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.clock import SimulatedClock
from shared.service.horloge import lire_instant

ENTETE = b"vigie-horloge"


class HorlogeSimulee:
    """Advances ``clock`` to the instant of ``Vigie-Horloge`` before the route runs. Absent: the clock stands
    still.
    """

    def __init__(self, app: ASGIApp, clock: SimulatedClock) -> None:
        self.app = app
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for nom, valeur in scope["headers"]:
                if nom == ENTETE:
                    self.clock.advance_to(lire_instant(valeur.decode("latin-1")))
        await self.app(scope, receive, send)
