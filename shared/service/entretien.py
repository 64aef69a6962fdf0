"""What a service that hears announcements forgets as it goes: old bells and announcements all read, old rejects,
answered calls past their day, and the rows of its register where they have a retention."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from shared.database.connexion import acquerir
from shared.log.entretien import elaguer_lus, elaguer_rejets
from shared.log.types import ErreurJournal
from shared.service.assemblage import ServiceOuvert
from shared.service.audit.elagage import elaguer_les_anciennes
from shared.service.idempotence import purger
from shared.service.periodique import repeter

_log = structlog.get_logger(__name__)

PERIODE_S = 3_600.0

GARDE: Mapping[str, timedelta] = {
    # Who missed a bell reads the values again anyway.
    "vigie.indicateurs.v1": timedelta(days=30),
    "vigie.alertes.v1": timedelta(days=400),
    "vigie.entraide.v1": timedelta(days=400),
}
"""How long records are kept once read, on both engines; the same as ``deploy/kafka/topics.yaml`` gives the broker."""


async def entretenir_sans_fin(service: ServiceOuvert[Any], arret: asyncio.Event) -> None:
    """Forget, every hour until ``arret``. A log that is away is for another time."""
    await repeter("entretien", partial(entretenir, service), arret, PERIODE_S)


async def entretenir(service: ServiceOuvert[Any]) -> None:
    """Once."""
    reglages, maintenant = service.reglages, service.clock.now()
    async with acquerir(service.pool) as conn:
        await purger(conn, service.nom, maintenant)
    if reglages.retention_audit_jours is not None:
        await elaguer_les_anciennes(service.pool, service.nom, reglages.retention_audit_jours, maintenant)
    # Records are dated by the machine: a simulated present says nothing of their age.
    avants = {t: maintenant - garde for t, garde in GARDE.items()} if reglages.horloge == "systeme" else {}
    try:
        debuts = await elaguer_lus(service.pool, service.nom, service.journal, avants)
    except ErreurJournal as exc:
        _log.warning("entretien remis", service=service.nom, erreur=repr(exc))
        return
    avant = maintenant - timedelta(days=reglages.retention_rejets_jours)
    await elaguer_rejets(service.pool, service.nom, avant, debuts)
