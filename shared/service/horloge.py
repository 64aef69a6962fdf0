"""The service's clock: which one the settings name, and the two ways to move a simulated one."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from shared.clock import Clock, SimulatedClock, SystemClock
from shared.service.acces import Acces, ouvert_a
from shared.service.erreurs import RequeteMalformee
from shared.service.reglages import Reglages

# A simulated clock never goes back, so it starts before any event: the first instant told to it is the
# present.
_AVANT_TOUT = datetime(2000, 1, 1, tzinfo=UTC)


class Horloge(BaseModel):
    """The present of this service."""

    instant: AwareDatetime


def creer_horloge(reglages: Reglages) -> Clock:
    """The clock of ``VIGIE_HORLOGE``; a simulated one stands at 2000-01-01 until it is told the time."""
    return SimulatedClock(_AVANT_TOUT, reglee=False) if reglages.horloge == "simulee" else SystemClock()


def lire_instant(texte: str) -> datetime:
    """An ISO 8601 instant with its offset. Raises ``RequeteMalformee``."""
    try:
        instant = datetime.fromisoformat(texte)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise RequeteMalformee(
            "L'en-tête Vigie-Horloge doit être un instant ISO 8601 avec son fuseau, "
            "par exemple 2026-03-02T09:00:00+01:00."
        )
    return instant


def routes_horloge(clock: SimulatedClock) -> APIRouter:
    """``PUT /v1/horloge``: exists only where the clock is simulated. An earlier instant changes nothing."""
    routes = APIRouter(tags=["horloge"])

    @routes.put("/v1/horloge", summary="Avancer l'horloge simulée")
    async def avancer(horloge: Horloge) -> Horloge:
        clock.advance_to(horloge.instant)
        return Horloge(instant=clock.now())

    return routes


ACCES: Acces = {"PUT /v1/horloge": ouvert_a("reseau")}

MUETTES: Mapping[str, str] = {"PUT /v1/horloge": "n'existe que là où le temps est simulé"}
"""It leaves no trace in the register (``shared.service.audit.tracees``)."""
