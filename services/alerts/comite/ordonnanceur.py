"""The scheduler of the comité: each month prepared once, on its day, whoever else tries."""

import asyncio

import httpx
import structlog

from services.alerts.assemblage import ServiceAlertes
from services.alerts.comite.calendrier import Mois, dernier_a_preparer
from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.preparation import Preparateur, PreparationImpossible
from services.alerts.comite.regles import charger_regles
from services.alerts.domain.performance import surveilles_le
from shared.service.periodique import repeter

PERIODE_S = 10.0
"""Between two looks at the clock, in seconds of the system's: a simulated one may have jumped."""

_log = structlog.get_logger(__name__)


async def ordonner(service: ServiceAlertes, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Prepare the last month whose day has come, and try again what could not be, until ``arret``.

    Raises what stops it. A month older than the last is prepared by hand.
    """
    preparateur = Preparateur(
        service.moteur, Lecteur(client, service.reglages.amonts), service.journal, service.clock,
        charger_regles(service.reglages.comite_regles),
    )  # fmt: skip
    fait: Mois | None = None

    async def tour() -> None:
        nonlocal fait
        du = dernier_a_preparer(service.clock.now(), preparateur.regles.preparation.jour_ouvre)
        if du != fait and surveilles_le(du.au):
            fait = await _tenter(preparateur, du) or fait

    await repeter("preparation du comite", tour, arret, PERIODE_S)


async def _tenter(preparateur: Preparateur, mois: Mois) -> Mois | None:
    try:
        return mois if await preparateur.preparer(mois) is not None else None
    except PreparationImpossible as exc:
        _log.warning("préparation remise", mois=str(mois), raison=str(exc))
        return None
