"""A proposition from the plan that makes it to the end of its mission, through the API and on the service's clock."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.entraide.domain.montage import Engagement
from services.entraide.domain.semaines import Horizon
from services.entraide.propositions import store
from shared.network.jours import jour_de
from tests.integration.entraide.atelier_propositions import LUNDI, Entraide, ouvrir_entraide

BESOIN = "2026-02|cpam-75|ij"


@pytest.fixture
async def entraide(postgres_url: str) -> AsyncIterator[Entraide]:
    async with ouvrir_entraide(postgres_url, "2026-03-02 09:00") as ouverte:
        yield ouverte


async def test_de_la_proposition_a_la_fin_de_la_mission(entraide: Entraide) -> None:
    numero = await entraide.proposer()
    vue, etag = await entraide.lire(numero)
    assert (vue["etat"], vue["attendues"], vue["echeance"]) == ("proposee", ["cpam-31", "cpam-75"], "2026-03-09")
    assert (vue["debut"], vue["fin"], vue["etp"], vue["volume"]) == (LUNDI, "2026-03-29", [1.0, 1.0], 200)
    assert etag == f'"{numero}-0"'
    qui_peut = {action["commande"]: action["par"] for action in vue["actions"]}
    assert qui_peut["acceptation"] == ["cpam-31", "cpam-75", "coordination-phare"]
    assert qui_peut["annulation"] == ["coordination-phare"]
    assert "ordre-de-mission" not in qui_peut

    await entraide.faire(numero, "accuse-reception", pour="Paris")
    await entraide.faire(numero, "acceptation", pour="cpam-75")
    boite = (await entraide.client.get("/v1/propositions", params={"pour": "cpam-75", "a_repondre": True})).json()
    assert boite["propositions"] == [], "elle a répondu"
    engagee = await entraide.faire(numero, "acceptation", pour="cpam-31")
    assert (engagee["etat"], engagee["engagements"]) == ("engagee", ["cpam-31", "cpam-75"])
    ordonnee = await entraide.faire(numero, "ordre-de-mission", pour="cpam-31")
    assert ordonnee["etat"] == "ordonnee"

    entraide.il_est("2026-03-15 23:59")
    assert (await entraide.tour())["commandes"] == 0
    entraide.il_est("2026-03-16 00:01")
    assert (await entraide.tour())["commandes"] == 1
    (active,) = (await entraide.client.get("/v1/missions", params={"etat": "active"})).json()["missions"]
    assert (active["id"], active["demarree_le"]) == (numero, LUNDI)
    # Two in the morning of the 29th does not exist in France: the last day is an hour short, and counts.
    entraide.il_est("2026-03-29 23:59")
    assert (await entraide.tour())["commandes"] == 0
    entraide.il_est("2026-03-30 00:01")
    assert (await entraide.tour())["commandes"] == 1
    finie, _ = await entraide.lire(numero)
    assert (finie["etat"], finie["close_le"], finie["actions"]) == ("terminee", "2026-03-30", [])
    assert [(li["commande"], li["auteur"], li["par"]) for li in finie["historique"]] == [
        ("proposer", "vigie", "vigie"), ("accuser_reception", "cpam-75", "local"), ("accepter", "cpam-75", "local"),
        ("accepter", "cpam-31", "local"), ("ordonner", "cpam-31", "local"), ("demarrer", "vigie", "vigie"),
        ("terminer", "vigie", "vigie"),
    ]  # fmt: skip
    annonces = [a["data"] for a in await entraide.annonces() if a["type"] == "vigie.entraide.proposition.v1"]
    assert [(a["revision"], a["etat"]) for a in annonces] == list(
        enumerate(("proposee", "proposee", "proposee", "engagee", "ordonnee", "active", "terminee"))
    )


async def test_deux_coordinateurs_a_la_fois_un_seul_passe_l_autre_relit(entraide: Entraide) -> None:
    numero = await entraide.proposer()
    _, vu = await entraide.lire(numero)
    reponses = await asyncio.gather(
        *(entraide.envoyer(numero, "acceptation", {"pour": s}, vu=vu, cle=s) for s in ("cpam-31", "cpam-75"))
    )
    assert sorted(r.status_code for r in reponses) == [200, 412]
    (perdante,) = (s for s, r in zip(("cpam-31", "cpam-75"), reponses, strict=True) if r.status_code == 412)
    assert (await entraide.faire(numero, "acceptation", pour=perdante))["etat"] == "engagee"
    rejouee = await entraide.envoyer(
        numero, "acceptation", {"pour": "cpam-75" if perdante == "cpam-31" else "cpam-31"}, vu=vu,
        cle="cpam-75" if perdante == "cpam-31" else "cpam-31",
    )  # fmt: skip
    assert (rejouee.status_code, rejouee.headers["idempotency-replayed"]) == (200, "true")
    sans = await entraide.client.post(
        f"/v1/propositions/{numero}/refus", json={}, headers={"idempotency-key": "sans-etag"}
    )
    assert sans.status_code == 428


async def test_un_refus_se_motive_rend_le_reste_et_n_est_plus_demande_a_l_aidante(entraide: Entraide) -> None:
    numero = await entraide.proposer(plan=7)
    autre = await entraide.proposer(aidante="cpam-13", plan=7)
    sans_motif = await entraide.envoyer(numero, "refus", {"pour": "cpam-31"})
    assert (sans_motif.status_code, sans_motif.json()["erreurs"][0]["emplacement"]) == (422, "corps.motif")
    refusee = await entraide.faire(numero, "refus", pour="cpam-31", motif="Épidémie chez nous")
    assert (refusee["etat"], refusee["historique"][-1]["motif"]) == ("declinee", "Épidémie chez nous")
    async with entraide.service.moteur.begin() as conn:
        assert await store.couverts(conn, [BESOIN]) == {BESOIN: 200.0}, "celle de Marseille reste"
        assert await store.ecartees(conn, [BESOIN]) == {("cpam-31", BESOIN)}
        assert await store.a_reallouer(conn) == (BESOIN,)
        await store.realloues(conn, [BESOIN], 8)
        assert await store.a_reallouer(conn) == ()
    encore = await entraide.envoyer(numero, "acceptation", {"pour": "cpam-75"})
    assert (encore.status_code, encore.json()["code"], encore.json()["etat"]) == (409, "etat", "declinee")
    assert (await entraide.lire(autre))[0]["etat"] == "proposee"


async def test_un_amendement_revient_a_l_autre_caisse_et_ce_qui_manque_est_realloue(entraide: Entraide) -> None:
    numero = await entraide.proposer()
    await entraide.faire(numero, "acceptation", pour="cpam-75")
    entraide.il_est("2026-03-06 10:00")
    amendee = await entraide.faire(numero, "amendement", pour="cpam-31", etp=[0.5, 1.0], motif="Un agent absent")
    assert (amendee["etat"], amendee["engagements"], amendee["attendues"]) == ("proposee", ["cpam-31"], ["cpam-75"])
    assert (amendee["volume"], amendee["echeance"]) == (150, "2026-03-13"), "cinq jours ouvrés depuis l'amendement"
    mardi = await entraide.envoyer(numero, "amendement", {"pour": "cpam-75", "debut": "2026-03-17"})
    assert mardi.status_code == 422
    async with entraide.service.moteur.connect() as conn:
        assert await store.a_reallouer(conn) == (), "rien n'est convenu"
    await entraide.faire(numero, "acceptation", pour="cpam-75")
    async with entraide.service.moteur.connect() as conn:
        assert (await store.a_reallouer(conn), await store.couverts(conn, [BESOIN])) == ((BESOIN,), {BESOIN: 150.0})


async def test_qui_agit_se_voit_et_chacun_n_agit_que_pour_les_siens(entraide: Entraide) -> None:
    entraide.connaitre("dupont", "coordinateur:cpam-31")
    entraide.connaitre("durand", "coordinateur:cpam-13")
    entraide.connaitre("d2om", "coordination-phare")
    entraide.connaitre("deux", "coordinateur:cpam-31", "coordinateur:cpam-75")
    numero = await entraide.proposer()
    assert (await entraide.envoyer(numero, "acceptation", qui="durand")).status_code == 403
    assert (await entraide.envoyer(numero, "acceptation", {"pour": "cpam-75"}, qui="dupont")).status_code == 403
    assert (await entraide.envoyer(numero, "acceptation", qui="deux")).json()["erreurs"][0]["emplacement"] == (
        "corps.pour"
    )
    assert (await entraide.envoyer(numero, "acceptation", qui="d2om")).status_code == 422
    assert (await entraide.envoyer(numero, "acceptation", qui="dupont")).status_code == 200
    assert (await entraide.envoyer(numero, "acceptation", {"pour": "cpam-75"}, qui="d2om")).status_code == 200
    assert (await entraide.envoyer(numero, "annulation", {"motif": "Non"}, qui="dupont")).status_code == 403
    lignes = (await entraide.lire(numero))[0]["historique"]
    assert [(li["par"], li["auteur"], li["au_nom_de"]) for li in lignes[1:]] == [
        ("dupont", "cpam-31", None), ("d2om", "coordination-phare", "cpam-75"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("proposee_le", "aidante", "aidee", "dernier_jour", "encore", "expiree"),
    [
        # Good Friday is a holiday in Alsace-Moselle only; Easter Monday everywhere.
        ("2026-03-30 09:00", "cpam-31", "cpam-75", "2026-04-07", "2026-04-07 23:30", "2026-04-08 00:01"),
        ("2026-03-30 09:00", "cpam-67", "cpam-75", "2026-04-08", "2026-04-08 23:30", "2026-04-09 00:01"),
        # 20 December is a holiday at La Réunion; the last evening is that of Paris, where it ends three hours later.
        ("2027-12-15 09:00", "cgss-974", "cpam-75", "2027-12-23", "2027-12-23 23:30", "2027-12-24 00:01"),
    ],
)
async def test_le_delai_de_reponse_suit_les_feries_des_deux_caisses(
    entraide: Entraide, proposee_le: str, aidante: str, aidee: str, dernier_jour: str, encore: str, expiree: str
) -> None:
    entraide.il_est(proposee_le)
    lundi = "2026-04-27" if proposee_le < "2027" else "2028-01-10"
    numero = await entraide.proposer(aidante=aidante, aidee=aidee, debut=lundi)
    assert (await entraide.lire(numero))[0]["echeance"] == dernier_jour
    entraide.il_est(encore)
    await entraide.tour()
    assert (await entraide.lire(numero))[0]["etat"] == "proposee"
    entraide.il_est(expiree)
    tardive = await entraide.envoyer(numero, "acceptation", {"pour": aidee})
    assert (tardive.status_code, tardive.json()["code"]) == (409, "dans_les_delais")
    await entraide.tour()
    assert (await entraide.lire(numero))[0]["etat"] == "expiree"
    async with entraide.service.moteur.connect() as conn:
        assert await store.couverts(conn, [BESOIN]) == {BESOIN: 0.0}


async def test_un_rappel_de_l_equipe_rend_ce_qui_n_est_pas_travaille(entraide: Entraide) -> None:
    numero = await entraide.proposer(etp=(100, 300), volume=400)
    await entraide.engager(numero)
    horizon = Horizon(jour_de(date(2026, 3, 23)), 2)
    entraide.il_est("2026-03-23 08:00")
    await entraide.tour()
    async with entraide.service.moteur.connect() as conn:
        assert await store.engagements(conn, horizon) == (Engagement("pole-cpam-31", "cpam-75", "ij", (300, 0), 1),)
    await entraide.faire(numero, "prolongation", pour="cpam-75", semaines=1, motif="Le retard demeure")
    meme = await entraide.envoyer(numero, "prolongation/acceptation", {"pour": "cpam-75"})
    assert (meme.status_code, meme.json()["code"]) == (409, "prolongation_de_l_autre")
    longue = await entraide.faire(numero, "prolongation/acceptation", pour="cpam-31")
    assert (longue["fin"], longue["etp"], longue["volume"]) == ("2026-04-05", [1.0, 3.0, 3.0], 700)
    rappelee = await entraide.faire(numero, "rappel", pour="cpam-31", motif="Alerte chez nous")
    assert (rappelee["etat"], rappelee["couvert"], rappelee["reste_rendu"]) == ("interrompue", 100, True)


async def test_qui_tarde_est_rappele_une_fois_la_veille_ouvree_au_matin(entraide: Entraide) -> None:
    numero = await entraide.proposer()
    await entraide.faire(numero, "acceptation", pour="cpam-75")
    for quand, attendus in (("2026-03-06 07:59", 0), ("2026-03-06 08:00", 1), ("2026-03-06 12:00", 0)):
        entraide.il_est(quand)
        assert (await entraide.tour())["rappels"] == attendus, quand
    (rappel,) = [a["data"] for a in await entraide.annonces() if a["type"] == "vigie.entraide.rappel.v1"]
    assert (rappel["caisse"], rappel["quoi"], rappel["terme"]) == ("cpam-31", "reponse", "2026-03-09")


async def test_l_histoire_ne_se_recrit_pas(entraide: Entraide) -> None:
    await entraide.proposer()
    with pytest.raises(Exception, match="written once"):
        await entraide.service.pool.execute("UPDATE entraide.propositions_historique SET par = 'un autre'")
