"""Preparing a month: once, whatever dies, whoever else tries, whatever does not answer."""

import asyncio
import json
import time
from typing import Any

import asyncpg
import pytest

from services.alerts.comite import preparation as module
from services.alerts.comite import store
from services.alerts.comite.instantane import empreinte, en_octets, lire
from services.alerts.comite.preparation import PreparationImpossible
from services.alerts.domain import TOPIC_ALERTES
from shared.network.reseau import charger
from tests.integration.alerts.comite.conftest import DECROCHE, IJ, MOIS, Comite, tous_les_surveilles


async def evenements(comite: Comite) -> list[dict[str, Any]]:
    lus = await comite.reseau.service.pool.fetch(
        "SELECT valeur FROM alerts.boite_envoi WHERE topic = $1 ORDER BY id", TOPIC_ALERTES
    )
    return [json.loads(ligne["valeur"]) for ligne in lus]


async def test_la_preparation_fige_le_mois_et_instruit_les_caisses_au_dela(comite: Comite) -> None:
    assert await comite.preparateur.preparer(MOIS) is True
    lu = await comite.reseau.lire(f"/v1/comites/{MOIS}")
    assert lu["etat"] == "preparee"
    assert [(m["caisse"], m["mesure"]) for m in lu["mesures"]] == [
        ("cpam-31", "courrier_plan_actions"),
        ("cpam-75", "courrier_entraide"),
    ]
    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
    (constat,) = dossier["constats"]
    assert (constat["valeur"], constat["gravite"]) == (55.0, "avere")
    assert constat["detenteurs"]["detenteurs"]["caisse"]["part"] == 80.0
    assert constat["questions"]["inhabituel"] is True
    assert dossier["contacts_induits"]["induits"] == 12
    assert dossier["plan_provisoire"] == "plan indisponible"
    assert (dossier["entraide_en_cours"], dossier["fragilites"]) == ([], [])


async def test_l_instantane_est_relu_a_l_octet_pres_sous_son_empreinte(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    lu = await comite.reseau.lire(f"/v1/comites/{MOIS}")
    reponse = await comite.reseau.client.get(f"/v1/comites/{MOIS}/instantane")
    assert empreinte(reponse.content) == lu["empreinte"]
    fige = lire(reponse.content)
    assert en_octets(fige) == reponse.content
    assert len(fige.lignes) == len(tous_les_surveilles()) * len(charger().caisses)


async def test_l_instantane_ne_peut_etre_ni_change_ni_efface(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    for ordre in (
        "UPDATE alerts.comite_instantanes SET contenu = '{}'",
        "DELETE FROM alerts.comite_instantanes",
        "UPDATE alerts.comite_dossiers SET contenu = '{}'",
    ):
        with pytest.raises(asyncpg.RaiseError, match="written once"):
            await comite.reseau.service.pool.execute(ordre)


async def test_preparer_encore_ne_change_rien(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    avant = await comite.reseau.lire(f"/v1/comites/{MOIS}")
    comite.proprietaires.valeurs = {}
    assert await comite.preparateur.preparer(MOIS) is False
    assert await comite.reseau.lire(f"/v1/comites/{MOIS}") == avant
    assert len(await evenements(comite)) == 2


async def test_de_deux_ordonnanceurs_un_seul_prepare(comite: Comite) -> None:
    resultats = await asyncio.gather(*(comite.preparateur.preparer(MOIS) for _ in range(4)))
    assert resultats.count(True) == 1
    assert await comite.compter("comite_instantanes") == 1
    assert await comite.compter("comite_evenements") == 1
    assert len(await evenements(comite)) == 2


@pytest.mark.parametrize(
    ("ou", "etape"),
    [
        (store, "figer"), (module, "instruire"), (store, "classer"), (module, "inscrire"), (store, "ajouter"),
        (store, "resumer"), (module, "annoncer"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("apres", [False, True])
async def test_une_mort_a_chaque_etape_laisse_un_seul_instantane_et_un_seul_jeu_de_dossiers(
    comite: Comite, monkeypatch: pytest.MonkeyPatch, ou: Any, etape: str, apres: bool
) -> None:
    vrai = getattr(ou, etape)

    def mourir(*args: Any, **options: Any) -> Any:
        if not asyncio.iscoroutinefunction(vrai):
            raise ConnectionResetError("le processus meurt")

        async def pendant() -> None:
            if apres:
                await vrai(*args, **options)
            raise ConnectionResetError("le processus meurt")

        return pendant()

    with monkeypatch.context() as patch:
        patch.setattr(ou, etape, mourir)
        with pytest.raises(ConnectionResetError):
            await comite.preparateur.preparer(MOIS)
    fige = await comite.compter("comite_instantanes")
    assert fige == (0 if etape == "figer" else 1)
    assert await comite.compter("comite_dossiers") == 0
    assert await evenements(comite) == []
    garde = await comite.reseau.service.pool.fetchval("SELECT empreinte FROM alerts.comite_instantanes")

    comite.il_est("2026-11-06 12:00")
    assert await comite.preparateur.preparer(MOIS) is True
    assert await comite.compter("comite_instantanes") == 1
    assert await comite.compter("comite_dossiers") == 2
    assert len(await evenements(comite)) == 2
    if fige:
        assert await comite.reseau.service.pool.fetchval("SELECT empreinte FROM alerts.comite_instantanes") == garde


async def test_une_connexion_tuee_rend_le_verrou(comite: Comite, monkeypatch: pytest.MonkeyPatch) -> None:
    async def mourir(*_: object, **__: object) -> None:
        await comite.reseau.service.pool.execute(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted "
            "AND l.pid <> pg_backend_pid()"
        )
        raise ConnectionResetError("le processus meurt")

    with monkeypatch.context() as patch:
        patch.setattr(store, "classer", mourir)
        with pytest.raises(Exception):  # noqa: B017 - whatever the driver says of a dead connection
            await comite.preparateur.preparer(MOIS)
    assert await comite.preparateur.preparer(MOIS) is True


async def test_une_reprise_apres_le_gel_garde_les_chiffres_du_gel(
    comite: Comite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(store, "classer", None)
        with pytest.raises(TypeError):
            await comite.preparateur.preparer(MOIS)
    comite.proprietaires.valeurs[IJ] = {**comite.proprietaires.valeurs[IJ], "cpam-75": [27.0, 20.0]}
    await comite.preparateur.preparer(MOIS)
    (constat,) = (await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75"))["constats"]
    assert constat["valeur"] == 55.0
    assert constat["serie"][-1]["valeur"] == 55.0
    assert constat["faits"]["mois_consecutifs"] == 1


async def test_un_service_en_panne_remet_la_preparation_et_rien_n_est_fige(comite: Comite) -> None:
    comite.proprietaires.en_panne = {"claims"}
    with pytest.raises(PreparationImpossible, match="claims ne répond pas"):
        await comite.preparateur.preparer(MOIS)
    assert await comite.compter("comites") == 0
    comite.proprietaires.en_panne = set()
    assert await comite.preparateur.preparer(MOIS) is True


async def test_fige_sans_attendre_ce_qui_n_a_pas_repondu_est_non_mesure_et_dit(comite: Comite) -> None:
    comite.proprietaires.en_panne = {"claims"}
    comite.proprietaires.valeurs[DECROCHE] = {**comite.proprietaires.valeurs[DECROCHE], "cpam-33": [92.0, 50.0]}
    assert await comite.preparateur.preparer(MOIS, sans_attendre=True) is True
    fige = lire((await comite.reseau.client.get(f"/v1/comites/{MOIS}/instantane")).content)
    ij = [li for li in fige.lignes if li.indicateur == IJ]
    assert {(li.verdict, li.franchi) for li in ij} == {("non_mesure", None)}
    assert any("claims ne répond pas" in manque for manque in fige.manques)
    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-33")
    assert any("claims" in manque for manque in dossier["manques"])


@pytest.mark.parametrize("absent", ["/spc", "/detenteurs", "/projection", "/contacts-induits"])
async def test_une_explication_absente_est_dite_au_dossier_et_n_arrete_rien(comite: Comite, absent: str) -> None:
    comite.proprietaires.absents = {absent}
    assert await comite.preparateur.preparer(MOIS) is True
    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
    assert any("404 à /v1" in m and absent in m for m in dossier["manques"]), dossier["manques"]


async def test_un_mois_sans_donnees_est_non_mesure_sans_dossier_ni_lettre(comite: Comite) -> None:
    comite.proprietaires.valeurs = {}
    await comite.preparateur.preparer(MOIS)
    lu = await comite.reseau.lire(f"/v1/comites/{MOIS}")
    assert (lu["mesures"], lu["franchissements"]) == ([], 0)
    fige = lire((await comite.reseau.client.get(f"/v1/comites/{MOIS}/instantane")).content)
    assert {li.verdict for li in fige.lignes} == {"non_mesure"}
    await comite.ouvrir()
    await comite.acte("cloture")
    lettres = (await comite.reseau.lire(f"/v1/comites/{MOIS}/lettres"))["lettres"]
    assert [le["modele"] for le in lettres] == ["proces_verbal"]


async def test_un_mois_qui_n_est_pas_fini_ne_se_prepare_pas(comite: Comite) -> None:
    with pytest.raises(PreparationImpossible, match="n'est pas fini"):
        await comite.preparateur.preparer(MOIS.plus(1))


async def test_un_chiffre_neutralise_est_fige_mais_n_ouvre_pas_de_dossier(comite: Comite) -> None:
    await comite.reseau.poster(
        "/v1/neutralisations",
        {"du": "2026-10-05", "au": "2026-10-06", "indicateurs": [IJ], "caisse": "cpam-75", "motif": "Panne nationale"},
    )
    await comite.preparateur.preparer(MOIS)
    lu = await comite.reseau.lire(f"/v1/comites/{MOIS}")
    assert {m["caisse"] for m in lu["mesures"]} == {"cpam-31"}
    fige = lire((await comite.reseau.client.get(f"/v1/comites/{MOIS}/instantane")).content)
    ligne = fige.ligne("cpam-75", IJ)
    assert ligne is not None
    assert "Panne nationale" in (ligne.neutralisee_par or "")


async def test_les_besoins_provisoires_sont_annonces_et_le_plan_se_joint_au_dossier(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    (annonce,) = [e for e in await evenements(comite) if e["type"] == "vigie.comite.besoins_provisoires.v1"]
    (besoin,) = annonce["data"]["besoins"]
    assert (besoin["caisse"], besoin["process"], besoin["motif"]) == ("cpam-75", "ij", "preparation_comite")
    async with comite.moteur.begin() as conn:
        for _ in range(2):
            await store.joindre(
                conn, str(MOIS), "cpam-75", "plan_provisoire", "p-1", {"etp": 3.5}, comite.reseau.clock.now()
            )
    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
    assert dossier["plan_provisoire"]["etp"] == 3.5


async def test_le_reseau_entier_est_prepare_en_moins_de_trente_secondes(comite: Comite) -> None:
    """107 caisses × 10 indicators, a third of them beyond; the answers themselves cost the owners' time."""
    troubles = {c.slug: [99.0 if rang % 3 == 0 else 1.0] for rang, c in enumerate(charger().caisses)}
    comite.proprietaires.valeurs = {code: dict(troubles) for code in tous_les_surveilles()}
    debut = time.perf_counter()
    await comite.preparateur.preparer(MOIS)
    assert time.perf_counter() - debut < 30
    par_indicateur = [a for a in comite.proprietaires.appels if a.endswith("/spc")]
    assert len(par_indicateur) == len(set(par_indicateur)), "un appel par indicateur, pour tout le réseau"
