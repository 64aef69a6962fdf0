"""Allocating without anybody asking: provisional needs as they come, open needs every day and after a refusal."""

import asyncio
from functools import partial

import httpx
import structlog

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins import store as depot_besoins
from services.entraide.besoins.store import SYSTEME
from services.entraide.plans import store
from services.entraide.plans.a_part import CalculEnEchec, PlanTropLong
from services.entraide.plans.allocation import RienAAllouer, preparer, proposer_le_plan
from services.entraide.plans.provisoire import repondre
from services.entraide.propositions.store import a_reallouer
from shared.database.transactions import transaction
from shared.service.amonts import LectureImpossible
from shared.service.erreurs import Conflit
from shared.service.periodique import repeter

_log = structlog.get_logger(__name__)


async def allouer_sans_fin(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Make the rounds until ``arret``; raises what will not pass by itself."""
    await repeter("allocation", partial(tour, service, client), arret, service.reglages.repos_s)


async def tour(service: ServiceEntraide, client: httpx.AsyncClient) -> dict[str, int]:
    """One round: preparations answered, plans made. What cannot be done now is tried again at the next."""
    fait = {"provisoires": 0, "plans": 0}
    try:
        async with service.moteur.connect() as conn:
            en_attente = await depot_besoins.preparations_en_attente(conn)
        for preparation in en_attente:
            fait["provisoires"] += await repondre(service, client, preparation)
        if await _due(service):
            fait["plans"] += await _allouer(service, client)
    except (LectureImpossible, PlanTropLong, Conflit) as exc:
        _log.warning("allocation remise", raison=str(exc))
    except CalculEnEchec as exc:
        # A fault of ours on these data: what else the service does goes on, and new data may be planned.
        _log.error("plan en echec", raison=str(exc))
    return fait


async def _due(service: ServiceEntraide) -> bool:
    """Whether a need is new or amended, some of one was given back, or a day went by with something left."""
    async with service.moteur.connect() as conn:
        lignes = await depot_besoins.ouverts(conn, provisoires=False)
        if not lignes:
            return False
        rendus = set(await a_reallouer(conn))
        if any(li.alloue_par is None or li.cle in rendus for li in lignes):
            return True
        dernier = await store.dernier(conn)
    return dernier is None or service.clock.now() - dernier >= service.reglages.allocation


async def _allouer(service: ServiceEntraide, client: httpx.AsyncClient) -> int:
    maintenant = service.clock.now()
    try:
        pret = await preparer(service, client)
    except RienAAllouer:
        return 0
    async with transaction(service.moteur) as conn:
        plan = await proposer_le_plan(conn, pret, maintenant, SYSTEME)
    _log.info("plan propose", plan=plan, missions=len(pret.contenu["missions"]))
    return 1
