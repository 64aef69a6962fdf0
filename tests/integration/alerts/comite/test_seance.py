"""A séance through the API: acts, closing in one transaction, addenda, replay."""

import asyncio
from typing import Any

import pytest

from services.alerts.comite import cloture as module
from services.alerts.comite import store
from services.alerts.comite.seance import rejouer
from services.alerts.notifications import publication
from tests.integration.alerts.comite.conftest import IJ, MOIS, Comite
from tests.integration.alerts.comite.test_preparation import evenements

CHEMIN = f"/v1/comites/{MOIS}"


async def lettres(comite: Comite) -> list[str]:
    return [le["cle"] for le in (await comite.reseau.lire(f"{CHEMIN}/lettres"))["lettres"]]


async def test_rien_ne_part_avant_la_cloture_puis_tout_part_a_la_fois(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    assert await lettres(comite) == []
    assert await comite.compter("notifications") == 0
    clos = await comite.acte("cloture")
    assert clos["etat"] == "close"
    assert clos["resume"]["courriers"] == 2
    assert await lettres(comite) == [
        "2026-10/0/cpam-31/courrier_plan_actions",
        "2026-10/0/cpam-75/courrier_entraide",
        "2026-10/0/comite/proces_verbal",
    ]
    assert await comite.compter("notifications") == 3
    types = [e["type"] for e in await evenements(comite)]
    assert types.count("vigie.comite.lettre.v1") == 3
    (besoins,) = [e for e in await evenements(comite) if e["type"] == "vigie.comite.besoins.v1"]
    assert [(b["caisse"], b["process"]) for b in besoins["data"]["besoins"]] == [("cpam-75", "ij")]


async def test_les_pieces_d_un_comite_s_impriment_en_pdf(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    await comite.acte("cloture")
    for le in (await comite.reseau.lire(f"{CHEMIN}/lettres"))["lettres"]:
        reponse = await comite.reseau.client.get(le["document"])
        assert reponse.status_code == 200, reponse.text
        assert reponse.content.startswith(b"%PDF-")


async def test_le_meme_acte_envoye_deux_fois_est_applique_une_fois(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    vu = (await comite.reseau.client.get(CHEMIN)).headers["etag"]
    reponses = [
        await comite.reseau.envoyer("POST", f"{CHEMIN}/cloture", None, if_match=vu, idempotency_key="c-1")
        for _ in range(2)
    ]
    assert [r.status_code for r in reponses] == [200, 200]
    assert reponses[0].content == reponses[1].content
    assert len(await lettres(comite)) == 3


async def test_qui_n_a_pas_vu_la_derniere_decision_ne_clot_pas(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    vu = (await comite.reseau.client.get(CHEMIN)).headers["etag"]
    await comite.ouvrir()
    await comite.acte("cloture", None, 412, if_match=vu)
    sans = await comite.reseau.envoyer("POST", f"{CHEMIN}/cloture")
    assert sans.status_code == 428


async def test_une_mesure_sans_decision_empeche_de_clore(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    refus = await comite.acte("cloture", None, 409)
    assert "2 mesures proposées attendent" in refus["detail"]


async def test_une_liste_de_decisions_est_prise_en_entier_ou_pas_du_tout(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    bonne = {"caisse": "cpam-75", "mesure": "courrier_entraide", "issue": "acceptee"}
    fautive = {"caisse": "cpam-31", "mesure": "courrier_plan_actions", "issue": "ecartee"}
    refus = await comite.acte("decisions", [bonne, fautive], 422)
    assert "Dites pourquoi" in refus["detail"]
    assert (await comite.reseau.lire(CHEMIN))["a_decider"] == 2


async def test_amender_ecarter_ajouter_et_le_dissentiment_sont_au_proces_verbal(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.acte(
        "decisions",
        [
            {
                "caisse": "Paris", "mesure": "courrier_entraide", "issue": "amendee",
                "retenue": "courrier_plan_actions", "motif": "La caisse préfère agir seule",
                "consigne": "Sous huit jours.",
                "dissentiments": [{"membre": "b", "motif": "L'entraide était prête"}],
            },
            {"caisse": "cpam-31", "mesure": "courrier_plan_actions", "issue": "ecartee", "motif": "Plan déjà reçu"},
            {
                "caisse": "cpam-31", "mesure": "audit", "issue": "ajoutee", "indicateurs": [IJ],
                "motif": "Demandé par la caisse",
            },
        ],
    )  # fmt: skip
    await comite.acte("cloture")
    assert await lettres(comite) == [
        "2026-10/0/cpam-31/audit", "2026-10/0/cpam-75/courrier_plan_actions", "2026-10/0/comite/proces_verbal",
    ]  # fmt: skip
    pv = await comite.reseau.service.pool.fetchval(
        "SELECT donnees::text FROM alerts.documents WHERE modele = 'proces_verbal'"
    )
    for attendu in ("L'entraide était prête", "Plan déjà reçu", "M. B."):
        assert attendu in pv


ETAPES: list[tuple[Any, str]] = [
    (store, "ajouter"), (module, "lettres"), (module, "proces_verbal"), (store, "trancher"), (store, "poster"),
    (publication, "deposer"), (publication, "livrer"), (module, "annoncer"), (store, "resumer"),
]  # fmt: skip


@pytest.mark.parametrize(("ou", "etape"), ETAPES)
async def test_une_mort_pendant_la_cloture_ne_laisse_rien_et_la_suivante_fait_tout(
    comite: Comite, monkeypatch: pytest.MonkeyPatch, ou: Any, etape: str
) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    avant = await evenements(comite)
    vrai = getattr(ou, etape)

    def mourir(*args: Any, **options: Any) -> Any:
        if not asyncio.iscoroutinefunction(vrai):
            raise ConnectionResetError("le processus meurt")

        async def apres() -> None:
            await vrai(*args, **options)
            raise ConnectionResetError("le processus meurt")

        return apres()

    with monkeypatch.context() as patch:
        patch.setattr(ou, etape, mourir)
        await comite.acte("cloture", None, 503)
    assert (await comite.reseau.lire(CHEMIN))["etat"] == "en_seance"
    assert [await comite.compter(t) for t in ("comite_lettres", "documents", "notifications", "comite_decisions")] == [
        0, 0, 0, 0,
    ]  # fmt: skip
    assert await evenements(comite) == avant
    await comite.acte("cloture")
    assert len(await lettres(comite)) == 3
    assert await comite.compter("notifications") == 3


async def test_de_deux_clotures_a_la_fois_une_seule_a_lieu(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    vu = (await comite.reseau.client.get(CHEMIN)).headers["etag"]
    reponses = await asyncio.gather(
        *(comite.reseau.envoyer("POST", f"{CHEMIN}/cloture", None, if_match=vu) for _ in range(3))
    )
    assert sorted(r.status_code for r in reponses) == [200, 412, 412]
    assert len(await lettres(comite)) == 3


async def test_un_comite_clos_ne_se_rouvre_pas_un_addendum_corrige(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    await comite.acte("cloture")
    refus = await comite.acte("ouverture", {"president": "a", "membres": [{"identifiant": "a", "nom": "A"}] * 3}, 409)
    assert "ne se rouvre pas" in refus["detail"]
    await comite.acte("decisions", {"caisse": "cpam-31", "mesure": "audit", "issue": "acceptee"}, 409)
    correction = {
        "texte": "Le chiffre de Paris était faux.",
        "decisions": [
            {
                "caisse": "cpam-75", "mesure": "courrier_entraide", "issue": "amendee", "retenue": "preconisation",
                "motif": "Chiffre corrigé",
            }
        ],
    }  # fmt: skip
    corrige = await comite.acte("addenda", correction, 201)
    assert (corrige["etat"], corrige["addenda"], corrige["resume"]["courriers"]) == ("close", 1, 1)
    assert (await lettres(comite))[3:] == ["2026-10/1/cpam-75/preconisation", "2026-10/1/comite/proces_verbal"]
    (addendum,) = (await comite.reseau.lire(f"{CHEMIN}/addenda"))["addenda"]
    assert addendum["texte"].startswith("Le chiffre")


async def test_la_seance_se_rejoue_du_journal_comme_elle_est(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    await comite.acte("cloture")
    actes = [e["data"] for e in await evenements(comite) if e["type"] == "vigie.comite.seance.v1"]
    gardes = (await comite.reseau.lire(f"{CHEMIN}/evenements"))["evenements"]
    assert [(a["rang"], a["acte"], a["donnees"]) for a in actes] == [
        (g["rang"], g["type"], g["donnees"]) for g in gardes
    ]
    async with comite.moteur.connect() as conn:
        seance, _ = await store.lire_seance(conn, MOIS)
        assert seance == rejouer(await store.lire_evenements(conn, MOIS))
    assert seance.etat == "close"


async def test_la_synthese_compte_l_annee_en_json_en_csv_et_en_pdf(comite: Comite) -> None:
    await comite.preparateur.preparer(MOIS)
    await comite.ouvrir()
    await comite.tout_accepter()
    await comite.acte("cloture")
    bilan = await comite.reseau.lire("/v1/syntheses/2026")
    assert (bilan["total"]["courriers"], bilan["total"]["caisses_concernees"]) == (2, 2)
    assert bilan["total"]["comites_clos"] == 1
    assert bilan["reduction"]["evolution"] == {"sous_le_socle": None, "sous_l_objectif": None}
    assert (bilan["entraide"]["disponible"], "Non disponible" in bilan["entraide"]["phrase"]) == (False, True)
    mois = await comite.reseau.lire("/v1/syntheses/2026-10")
    assert (mois["libelle"], mois["comites"]) == ("octobre 2026", bilan["comites"])
    csv = await comite.reseau.client.get("/v1/syntheses/2026", params={"format": "csv"})
    entete, ligne, *_ = csv.text.split("\r\n")
    assert (entete, ligne) == (
        "periode,partie,mois,objet,mesure,valeur,unite", "2026,comite,2026-10,close,caisses_examinees,2,"
    )  # fmt: skip
    pdf = await comite.reseau.client.get("/v1/syntheses/2026-10", headers={"accept": "application/pdf"})
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await comite.reseau.lire("/v1/syntheses/2025"))["comites"] == []
    assert (await comite.reseau.client.get("/v1/syntheses/2026-13")).status_code == 404


async def test_un_mois_inconnu_ou_mal_ecrit_est_introuvable_en_francais(comite: Comite) -> None:
    for mois in ("2026-09", "2026-13", "x"):
        reponse = await comite.reseau.client.get(f"/v1/comites/{mois}")
        assert reponse.status_code == 404
        assert reponse.headers["content-type"] == "application/problem+json"
    ouvrir = await comite.reseau.envoyer("POST", "/v1/comites/2026-09/ouverture", {"president": "a", "membres": []})
    assert ouvrir.status_code == 422
