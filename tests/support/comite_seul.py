"""A comité alone in a process, to be killed: ``python -m tests.support.comite_seul URL INSTANT preparer|clore ETAPE``.

It stops for ever once ``ETAPE``, a function of ``services.alerts.comite.store``, has done its work, and says so.
"""

import asyncio
import sys
from datetime import datetime
from typing import Any

import httpx

from services.alerts.comite import store
from services.alerts.comite.cloture import clore
from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.preparation import Preparateur
from services.alerts.comite.regles import charger_regles
from services.alerts.store.base import transaction
from shared.clock import SimulatedClock
from shared.database.connexion import creer_moteur
from shared.log.fabrique import ouvrir_journal
from tests.integration.alerts.comite.conftest import MOIS, Proprietaires, mois_trouble


async def principal(url: str, instant: str, quoi: str, etape: str) -> None:
    vraie = getattr(store, etape)

    async def s_arreter(*arguments: Any, **options: Any) -> None:
        await vraie(*arguments, **options)
        sys.stdout.write(f"{etape}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    setattr(store, etape, s_arreter)
    clock, moteur = SimulatedClock(datetime.fromisoformat(instant)), creer_moteur(url, "comite-seul")
    if quoi == "clore":
        async with transaction(moteur) as conn:
            await clore(conn, MOIS, "local", clock.now(), charger_regles(), administrateur=True)
    else:
        proprietaires = Proprietaires(mois_trouble())
        async with httpx.AsyncClient(transport=httpx.MockTransport(proprietaires.repondre)) as client:
            lecteur = Lecteur(client, {"contacts": "http://contacts", "claims": "http://claims"})
            await Preparateur(moteur, lecteur, await ouvrir_journal(url, None), clock).preparer(MOIS)


if __name__ == "__main__":
    asyncio.run(principal(*sys.argv[1:]))
