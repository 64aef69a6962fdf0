"""A facteur alone in a process, to be killed: ``python -m tests.support.facteur_seul URL INSTANT``."""

import asyncio
import sys
from datetime import datetime
from ipaddress import ip_network

from services.alerts.notifications.facteur import facteur_de
from services.alerts.notifications.reglages import ReglagesNotifications
from shared.clock import SimulatedClock
from shared.database.connexion import creer_moteur


async def principal(url: str, instant: str) -> None:
    reglages = ReglagesNotifications(webhooks_autorises=(ip_network("127.0.0.0/8"),), envoi_delai_s=40)
    moteur = creer_moteur(url, "facteur-seul")
    await facteur_de(moteur, SimulatedClock(datetime.fromisoformat(instant)), reglages).tour()
    await moteur.dispose()


if __name__ == "__main__":
    asyncio.run(principal(*sys.argv[1:]))
