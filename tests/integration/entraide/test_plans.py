"""Plans: never blind, never twice the same ETP, kept as they were, and known to the comité before it decides."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.alerts.comite.plans_provisoires import ecouter_plans
from services.entraide.besoins.consumers import TYPE_DECIDES, ecouter_le_comite
from services.entraide.domain import TOPIC_ENTRAIDE
from services.entraide.plans.provisoire import TYPE_PLAN
from tests.integration.alerts.comite.conftest import MOIS, mois_trouble, ouvrir_comite
from tests.integration.alerts.comite.conftest import Proprietaires as ProprietairesDuComite
from tests.integration.entraide.atelier_plans import (
    Document,
    Entraide,
    Proprietaires,
    crise_ij,
    demande,
    ouvrir_entraide,
    servir_les_figures,
)
from tests.support.attente import attendre


@pytest.fixture
async def entraide(postgres_url: str) -> AsyncIterator[Entraide]:
    async with ouvrir_entraide(postgres_url, Proprietaires(crise_ij())) as ouvert:
        yield ouvert


async def crise(entraide: Entraide) -> None:
    """Paris has a need, sized."""
    await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-75|ij"))
    await entraide.dimensionner()


async def propositions(entraide: Entraide) -> list[Document]:
    lues: list[Document] = (await entraide.lire("/v1/propositions"))["propositions"]
    return lues


async def test_un_besoin_ouvert_est_alloue_sans_qu_on_le_demande_et_le_plan_s_explique(entraide: Entraide) -> None:
    await crise(entraide)
    assert (await entraide.allouer())["plans"] == 1
    assert (await entraide.allouer())["plans"] == 0, "rien n'a changé, rien n'est refait"
    (resume,) = (await entraide.lire("/v1/allocations"))["allocations"]
    lu = await entraide.lire(f"/v1/allocations/{resume['id']}")
    plan = lu["plan"]
    assert lu["propositions"] == sorted(p["id"] for p in await propositions(entraide))
    assert {m["aidante"] for m in plan["missions"]} <= {"cpam-41", "cpam-61"}
    (besoin,) = plan["besoins"]
    avec, sans = (besoin["semaines_sous_objectif"][nom] for nom in ("avec", "sans"))
    assert avec < sans
    assert besoin["stock"]["avec"][-1] < besoin["stock"]["sans"][-1]
    assert besoin["volume_apporte"] == pytest.approx(sum(m["volume"] for m in plan["missions"]), abs=0.01)
    assert besoin["phrase"]
    assert [(r["pole"], r["code"]) for r in plan["refus"]] == [("loir-appel", "process_non_tenu")]


async def test_a_donnees_egales_plan_egal_et_chaque_plan_garde_de_quoi_il_est_fait(entraide: Entraide) -> None:
    await crise(entraide)
    await entraide.allouer()
    gardees = await entraide.lire("/v1/allocations/1/donnees")
    assert gardees["empreinte"] == (await entraide.lire("/v1/allocations/1"))["empreinte"]
    assert [p["cle"] for p in gardees["donnees"]["poles"]] == ["loir-appel", "loir-ij", "orne-ij"]
    with pytest.raises(Exception, match="written once"):
        await entraide.service.pool.execute("UPDATE entraide.plans SET par = 'personne'")


async def test_un_refus_rend_le_reste_a_un_autre_plan_qui_ne_redemande_pas_a_qui_a_dit_non(entraide: Entraide) -> None:
    await crise(entraide)
    await entraide.allouer()
    refusee = next(p for p in await propositions(entraide) if p["aidante"] == "cpam-41")
    chemin = f"/v1/propositions/{refusee['id']}"
    corps = {"motif": "Grippe", "pour": "cpam-41"}
    await entraide.poster(f"{chemin}/refus", corps, 200, if_match=await entraide.etag(chemin))
    assert (await entraide.allouer())["plans"] == 1
    second = (await entraide.lire("/v1/allocations/2"))["plan"]
    assert "cpam-41" not in {m["aidante"] for m in second["missions"]}
    assert {r["pole"]: r["code"] for r in second["refus"]}["loir-ij"] == "deja_ecartee"
    tenus = await entraide.service.pool.fetch(
        """SELECT pole, debut + 7 * (rang - 1)::int AS lundi, sum(centiemes) AS etp
        FROM entraide.propositions, unnest(etp) WITH ORDINALITY AS s(centiemes, rang)
        WHERE etat = 'proposee' GROUP BY pole, lundi"""
    )
    capacite = {"orne-ij": 200, "loir-ij": 400}
    assert tenus
    assert all(t["etp"] <= capacite[t["pole"]] for t in tenus), "jamais deux fois le même ETP"


async def test_une_annulation_nationale_rend_le_reste_a_un_autre_plan(entraide: Entraide) -> None:
    await crise(entraide)
    await entraide.allouer()
    annulee = next(p for p in await propositions(entraide) if p["aidante"] == "cpam-41")
    chemin = f"/v1/propositions/{annulee['id']}"
    corps = {"motif": "Réquisition", "qualite": "coordination-phare"}
    (avant,) = (await entraide.lire("/v1/besoins"))["besoins"]
    await entraide.poster(f"{chemin}/annulation", corps, 200, if_match=await entraide.etag(chemin))
    (apres,) = (await entraide.lire("/v1/besoins"))["besoins"]
    assert apres["couvert"] == pytest.approx(avant["couvert"] - annulee["volume"], abs=0.01)
    assert (await entraide.lire("/v1/coordination"))["besoins_a_reallouer"] == ["2026-10|cpam-75|ij"]
    assert (await entraide.allouer())["plans"] == 1
    assert "cpam-41" not in {m["aidante"] for m in (await entraide.lire("/v1/allocations/2"))["plan"]["missions"]}


async def test_rien_ne_commence_avant_le_terme_des_reponses(entraide: Entraide) -> None:
    await crise(entraide)
    await entraide.allouer()
    # From Friday 6 November 2026, five working days without the 11th: the answers are awaited until Monday 16.
    lues = await propositions(entraide)
    assert {p["echeance"] for p in lues} == {"2026-11-16"}
    assert min(p["debut"] for p in lues) == "2026-11-23"


async def test_une_simulation_rend_le_meme_plan_a_temps_et_ne_propose_rien(postgres_url: str) -> None:
    figures = Proprietaires(crise_ij())
    async with (
        servir_les_figures(figures) as adresses,
        ouvrir_entraide(postgres_url, figures, **adresses) as entraide,
    ):
        await crise(entraide)
        chemin, corps = "/v1/allocations/simulation", {"sans_poles": ["loir-ij"]}
        une, autre = [await entraide.poster(chemin, corps, 200) for _ in range(2)]
        assert une == autre
        assert {m["aidante"] for m in une["plan"]["missions"]} == {"cpam-61"}
        assert une["empreinte"] != (await entraide.poster(chemin, {}, 200))["empreinte"]
        assert await propositions(entraide) == []
        assert (await entraide.lire("/v1/allocations"))["allocations"] == []
        assert [b["couvert"] for b in (await entraide.lire("/v1/besoins"))["besoins"]] == [0]

        reglages = entraide.service.reglages
        entraide.service.reglages = reglages.model_copy(update={"allocation_delai_s": 0.001})
        refus = await entraide.envoyer("POST", chemin, {})
        assert (refus.status_code, "Aucun plan en 0.001 s" in refus.json()["detail"]) == (503, True)
        assert "retry-after" in refus.headers


async def test_aucun_plan_ne_se_fait_a_l_aveugle_et_une_aidante_en_alerte_ne_donne_pas(entraide: Entraide) -> None:
    await crise(entraide)
    entraide.proprietaires.muets.add("alerts")
    assert (await entraide.allouer())["plans"] == 0
    entraide.proprietaires.muets.clear()
    entraide.proprietaires.alertes = [{"caisse": "cpam-41", "objet": "delai_ij_premiere_non_subrogee_moyen"}]
    assert (await entraide.allouer())["plans"] == 1
    plan = (await entraide.lire("/v1/allocations/1"))["plan"]
    assert {m["aidante"] for m in plan["missions"]} == {"cpam-61"}
    codes = {r["pole"]: r["code"] for r in plan["refus"]}
    assert codes["loir-ij"] == "aidante_en_alerte"


async def test_le_comite_trouve_dans_son_dossier_le_plan_que_ses_besoins_provisoires_ont_fait_faire(
    postgres_url: str,
) -> None:
    """The whole circle on one log: preparation, needs, sizing, plan, case file; alerts' own API is asked for alerts."""
    figures = Proprietaires(crise_ij())
    async with (
        ouvrir_comite(postgres_url, ProprietairesDuComite(mois_trouble())) as comite,
        ouvrir_entraide(postgres_url, figures) as entraide,
    ):
        arret = asyncio.Event()
        alertes = comite.reseau.client

        async def repondre(requete: httpx.Request) -> httpx.Response:
            if requete.url.host == "alerts":
                lue = await alertes.get(requete.url.path, params=requete.url.params)
                return httpx.Response(lue.status_code, content=lue.content)
            return figures.repondre(requete)

        async with httpx.AsyncClient(transport=httpx.MockTransport(repondre)) as sortant:
            entraide.sortant = sortant
            taches = [
                asyncio.create_task(c)
                for c in (
                    comite.reseau.service.relais().executer(), entraide.service.relais().executer(),
                    ecouter_le_comite(entraide.service, sortant, arret), ecouter_plans(comite.reseau.service, arret),
                )
            ]  # fmt: skip
            try:
                await comite.preparateur.preparer(MOIS)

                async def au_dossier() -> Any:
                    await entraide.dimensionner()
                    await entraide.allouer()
                    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
                    return dossier["plan_provisoire"] != "plan indisponible"

                await attendre(au_dossier, 60, "le plan provisoire n'est pas au dossier")
            finally:
                arret.set()
                for tache in taches[:2]:
                    tache.cancel()
                await asyncio.gather(*taches, return_exceptions=True)
        dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
        (plan,) = dossier["plan_provisoire"]["plans"]
        assert (plan["caisse"], plan["process"]) == ("cpam-75", "ij")
        assert {p["aidante"] for p in plan["poles"]} <= {"cpam-41", "cpam-61"}
        fin = plan["fin_de_mois"]
        assert fin["au"] == "2026-12-31"
        assert fin["retard_objectif"]["avec"] < fin["retard_objectif"]["sans"]
        assert plan["phrase"]
        assert plan["limite"]
        assert (await entraide.lire("/v1/propositions"))["propositions"] == [], "un plan provisoire ne propose rien"
        assert (TYPE_PLAN, TOPIC_ENTRAIDE) == ("vigie.entraide.plan_provisoire.v1", "vigie.entraide.v1")
