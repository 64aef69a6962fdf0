"""The follow-up without anybody asking: what is expected kept before, what came of it measured, what is no more of use
and weaknesses told."""

import asyncio

import httpx

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.amonts import Amonts
from services.entraide.suivi.commun import jour_du_reseau, missions
from services.entraide.suivi.conseils import conseiller
from services.entraide.suivi.fragilites import signaler
from services.entraide.suivi.mesure import mesurer_les_dus, projeter_les_dues
from shared.service.periodique import repeter


async def suivre(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Make the rounds until ``arret``. Raises what will not pass by itself."""
    amonts = Amonts(client, service.reglages.amonts)
    await repeter("suivi des missions", lambda: tour(service, amonts), arret, service.reglages.repos_s)


async def tour(service: ServiceEntraide, amonts: Amonts) -> dict[str, int]:
    """One round; how many of each. By two at once, or again, everything is done once."""
    instant = service.clock.now()
    jour = jour_du_reseau(instant)
    async with service.moteur.connect() as conn:
        toutes = await missions(conn)
    return {
        "projections": await projeter_les_dues(service.moteur, amonts, toutes, jour, instant),
        "effets": await mesurer_les_dus(service.moteur, amonts, toutes, jour, instant),
        "suites": await conseiller(service, amonts, toutes, jour, instant),
        "fragilites": await signaler(service.moteur, toutes, instant),
    }
