"""What is followed without anybody asking: reminders, follow-ups that letters open, effects that can be measured."""

import asyncio
from datetime import datetime

import httpx

from services.alerts.assemblage import ServiceAlertes
from services.alerts.comite.lecture import Lecteur
from services.alerts.effets.mesure import mesurer_les_dus
from services.alerts.plans.rappels import rappeler
from services.alerts.suivis.ouverture import ouvrir_depuis_lettres
from shared.service.periodique import repeter

PERIODE_S = 20.0
"""Between two rounds, in seconds of the system's clock: a simulated one may have jumped."""


async def suivre(service: ServiceAlertes, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Make the rounds until ``arret``; a database that is away is waited for. Raises what will not pass by itself."""
    lecteur = Lecteur(client, service.reglages.amonts)
    await repeter("suivi", lambda: tour(service, lecteur, service.clock.now()), arret, PERIODE_S)


async def tour(service: ServiceAlertes, lecteur: Lecteur, maintenant: datetime) -> dict[str, int]:
    """One round; how many of each. By two at once, or again, everything is done once."""
    return {
        "suivis": await ouvrir_depuis_lettres(service.moteur, maintenant),
        "rappels": await rappeler(service.moteur, maintenant),
        "effets": await mesurer_les_dus(service.moteur, lecteur, maintenant),
    }
