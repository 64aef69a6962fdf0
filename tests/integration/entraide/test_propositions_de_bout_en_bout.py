"""From the need the comité decided to ordered missions, as the demonstration does it; and what a refusal leads to."""

import asyncio

from services.entraide.besoins.consumers import TYPE_DECIDES
from tests.integration.alerts.conftest import servir
from tests.integration.entraide import atelier_plans
from tests.integration.entraide.atelier_plans import Proprietaires, crise_ij, demande
from tests.integration.entraide.atelier_propositions import ouvrir_entraide
from vigie.demo_entraide import aider, phrase

CLE = "2026-10|cpam-75|ij"
COMITE = {"mois": "2026-10", "mesures": {"courrier_entraide": 1}}


async def test_le_besoin_du_comite_finit_en_missions_ordonnees(postgres_url: str) -> None:
    async with (
        atelier_plans.ouvrir_entraide(postgres_url, Proprietaires(crise_ij())) as plans,
        ouvrir_entraide(postgres_url, atelier_plans.DEPART) as entraide,
        servir(entraide.app) as url,
    ):
        await plans.entendre(TYPE_DECIDES, "2026-10", demande(CLE))
        demonstration = asyncio.create_task(asyncio.to_thread(aider, url, COMITE))
        while not demonstration.done():
            await plans.dimensionner()
            await plans.allouer()
            await asyncio.sleep(0.05)
        dit = await demonstration
        missions = (await entraide.client.get("/v1/missions")).json()["missions"]
    assert (dit["besoins"], dit["propositions"], dit["missions"]) == (1, len(missions), len(missions))
    assert len(missions) > 0
    semaines = dit["effet"]["ij"]["semaines_sous_objectif"]
    assert semaines["avec"] < semaines["sans"]
    assert phrase(dit).startswith("Entraide : 1 besoin, ")


async def test_ce_qu_une_aidante_refuse_est_propose_a_une_autre(postgres_url: str) -> None:
    async with (
        atelier_plans.ouvrir_entraide(postgres_url, Proprietaires(crise_ij())) as plans,
        ouvrir_entraide(postgres_url, atelier_plans.DEPART) as entraide,
    ):
        await plans.entendre(TYPE_DECIDES, "2026-10", demande(CLE))
        await plans.dimensionner()
        await plans.allouer()
        lues = (await entraide.client.get("/v1/propositions")).json()["propositions"]
        refusee = lues[0]
        await entraide.faire(refusee["id"], "refus", pour=refusee["aidante"], motif="Épidémie chez nous")
        assert (await plans.allouer())["plans"] == 1
        suite = (await entraide.client.get("/v1/propositions")).json()["propositions"]
        assert (await plans.allouer())["plans"] == 0, "le reste n'est repris qu'une fois"
    nouvelles = [p for p in suite if p["id"] > max(li["id"] for li in lues)]
    assert all(p["aidante"] != refusee["aidante"] for p in nouvelles)
