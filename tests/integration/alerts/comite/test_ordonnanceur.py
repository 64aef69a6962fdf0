"""What runs by itself: the month prepared on its day, entraide heard."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from services.alerts.comite import ordonnanceur
from services.alerts.comite.ordonnanceur import ordonner
from services.alerts.comite.plans_provisoires import TOPIC_ENTRAIDE, TYPE_PLAN, ecouter_plans
from tests.integration.alerts.comite.conftest import MOIS, Comite
from tests.support.attente import attendre


@asynccontextmanager
async def pendant(travail: Coroutine[Any, Any, None], arret: asyncio.Event) -> AsyncIterator[None]:
    tache = asyncio.create_task(travail)
    try:
        yield
    finally:
        arret.set()
        await asyncio.wait_for(tache, 20)


async def test_le_mois_se_prepare_a_son_jour_et_les_pannes_sont_retentees(
    comite: Comite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordonnanceur, "PERIODE_S", 0.05)
    comite.proprietaires.en_panne = {"claims", "contacts"}
    arret = asyncio.Event()
    transport = httpx.MockTransport(comite.proprietaires.repondre)
    async with (
        httpx.AsyncClient(transport=transport) as client,
        pendant(ordonner(comite.reseau.service, client, arret), arret),
    ):
        await attendre(lambda: len(comite.proprietaires.appels) > 20, 20, "rien n'est tenté")
        assert await comite.compter("comites") == 0
        comite.proprietaires.en_panne = set()

        async def prepare(mois: str) -> bool:
            return (await comite.reseau.client.get(f"/v1/comites/{mois}")).json().get("etat") == "preparee"

        await attendre(lambda: prepare(str(MOIS)), 30, "octobre n'est pas préparé")
        comite.il_est("2026-12-06 09:00")
        await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(_tours(comite))), 10)
        assert await comite.compter("comites") == 1, "novembre attend le cinquième jour ouvré de décembre"
        comite.il_est("2026-12-07 00:01")
        await attendre(lambda: prepare("2026-11"), 30, "novembre n'est pas préparé")


async def _tours(comite: Comite) -> None:
    """A few looks of the scheduler at its clock: nothing to see but time passing on the database."""
    for _ in range(3):
        await comite.reseau.service.pool.fetchval("SELECT pg_sleep(0.1)")


async def test_le_plan_d_entraide_se_joint_au_dossier_meme_venu_avant_lui(comite: Comite) -> None:
    service, arret = comite.reseau.service, asyncio.Event()

    def plan(identifiant: str, etp: float) -> tuple[bytes, bytes]:
        data = {"mois": str(MOIS), "plans": [{"caisse": "cpam-75", "process": "ij", "etp": etp}]}
        return b"plan", json.dumps({"id": identifiant, "type": TYPE_PLAN, "data": data}).encode()

    autre = (b"autre", json.dumps({"id": "x", "type": "vigie.entraide.offre.v1", "data": {"plans": 3}}).encode())
    async with pendant(ecouter_plans(service, arret), arret):
        await attendre(lambda: _pret(comite), 20, "le topic n'existe pas")
        for evenement in (plan("p-1", 2.0), plan("p-1", 2.0), autre):
            async with service.pool.acquire() as conn, conn.transaction():
                await service.journal.ajouter_dans(conn, TOPIC_ENTRAIDE, [evenement])

        async def recu() -> bool:
            return await comite.compter("comite_pieces") == 1

        await attendre(recu, 20, "le plan n'est pas reçu")
    await comite.preparateur.preparer(MOIS)
    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
    assert dossier["plan_provisoire"]["plans"][0]["etp"] == 2.0


async def _pret(comite: Comite) -> bool:
    lus = await comite.reseau.service.pool.fetchval(
        "SELECT count(*) FROM journal.partition WHERE topic = $1", TOPIC_ENTRAIDE
    )
    return bool(lus)
