"""What the routes and the rounds of the follow-up read first: the missions, their pôles, the day."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.besoins.aides import Montees
from services.entraide.poles.description import en_pole
from services.entraide.poles.store import lister as lister_poles
from services.entraide.propositions import store as propositions
from services.entraide.propositions.lignes import MISSIONS, Lue
from shared.network.heure_locale import fuseau


async def missions(conn: AsyncConnection) -> tuple[Lue, ...]:
    """Every mission, the oldest first."""
    return tuple(reversed(await propositions.lister(conn, etats=MISSIONS)))


async def montees(conn: AsyncConnection) -> Montees:
    """Ramp-up of every pôle, of those withdrawn too."""
    return {lu.description.cle: en_pole(lu.description).acculturation for lu in await lister_poles(conn, retires=True)}


def jour_du_reseau(instant: datetime) -> int:
    """The day it is in Paris, where months are judged."""
    return fuseau("Europe/Paris").jour(int(instant.timestamp()))
