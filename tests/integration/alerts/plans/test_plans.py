"""A plan d'actions from the letter that asks for it to its closing, through the API."""

import asyncio
from typing import Any

import pytest

from tests.integration.alerts.conftest import Document, Reseau
from tests.integration.alerts.suivis.atelier import (
    DECROCHE,
    IJ_MOYEN,
    appels,
    constat,
    etiquette,
    faire_un_tour,
    lettre,
    notifications,
)

ACTIONS = [
    {"intitule": "Renforcer la plage de midi", "responsable": "Responsable PFS", "echeance": "2026-03-20"},
    {"intitule": "Former quatre agents", "responsable": "DRH", "echeance": "2026-04-10"},
    {"intitule": "Revoir le serveur vocal", "responsable": "DSI", "echeance": "2026-05-29"},
    {"intitule": "Prévenir les employeurs", "responsable": "Direction", "echeance": "2026-03-31"},
]


def plan(reference: str, *valeurs: str, **autres: Any) -> Document:
    points = [{"mois": f"2026-{m:02d}", "attendu": v} for m, v in enumerate(valeurs or ("70", "80", "90"), 2)]
    return {
        "lettre": reference, "caisse": "Paris", "actions": ACTIONS, "auteur": "Direction de la caisse",
        "trajectoires": [{"indicateur": DECROCHE, "points": points}],
    } | autres  # fmt: skip


async def changer(reseau: Reseau, numero: int, rang: int, **change: Any) -> Document:
    chemin = f"/v1/plans/{numero}/actions/{rang}"
    reponse = await reseau.envoyer("PATCH", chemin, change, if_match=await etiquette(reseau, chemin))
    assert reponse.status_code == 200, reponse.text
    document: Document = reponse.json()
    return document


async def test_un_plan_repond_a_une_lettre_se_suit_et_se_clot(alertes: Reseau) -> None:
    reference = await lettre(alertes)
    (attendu,) = (await alertes.lire("/v1/plans/attendus"))["demandes"]
    assert (attendu["lettre"], attendu["echeance"], attendu["jours_de_retard"]) == (reference, "2026-03-13", 0)

    depose = await alertes.poster("/v1/plans", plan(reference))
    assert (depose["caisse"], depose["etat"], depose["depose_par"]) == ("cpam-75", "ouvert", "local")
    assert depose["comptes"] == {
        "prevues": 4, "faites": 0, "partielles": 0, "non": 4, "obsoletes": 0, "taux_completion": 0.0,
    }  # fmt: skip
    assert (await alertes.lire("/v1/plans/attendus", caisse="cpam-75"))["demandes"] == []
    ((qui, objet, _),) = await notifications(alertes, "plan_depose")
    assert (qui, "Plan d’actions déposé" in objet) == ("comite", True)

    numero = depose["id"]
    await changer(alertes, numero, 1, etat="faite")
    await changer(alertes, numero, 2, etat="partielle")
    await changer(alertes, numero, 4, etat="obsolete", motif="Fait par le réseau")
    suivi = await alertes.lire(f"/v1/plans/{numero}")
    assert suivi["comptes"]["taux_completion"] == pytest.approx(50.0), "(1 + 0,5) / (4 - 1)"
    assert [li["action"] for li in suivi["historique"]] == ["depot", "action", "action", "action"]
    assert suivi["historique"][-1]["donnees"] == {"action": 4, "etat": {"avant": "a_faire", "apres": "obsolete"}}
    assert suivi["historique"][-1]["motif"] == "Fait par le réseau"

    chemin = f"/v1/plans/{numero}"
    assert (await alertes.envoyer("POST", f"{chemin}/cloture", {"motif": "Tenu"})).status_code == 428
    clos = await alertes.poster(
        f"{chemin}/cloture", {"motif": "Objectif atteint"}, if_match=await etiquette(alertes, chemin)
    )
    assert (clos["etat"], clos["clos_le"] is not None) == ("clos", True)
    fige = await alertes.envoyer(
        "PATCH", f"{chemin}/actions/2", {"etat": "faite"}, if_match=await etiquette(alertes, f"{chemin}/actions/2")
    )
    assert fige.status_code == 409
    assert [p["id"] for p in (await alertes.lire("/v1/plans", etat="clos", caisse="Paris"))["plans"]] == [numero]


@pytest.mark.parametrize(
    ("autres", "champ"),
    [
        ({"lettre": "2026-02/0/cpam-75/audit"}, "lettre"),
        ({"caisse": "Atlantide"}, "caisse"),
        ({"caisse": "cpam-31"}, "caisse"),
        ({"trajectoires": [{"indicateur": IJ_MOYEN, "points": [{"mois": "2026-02", "attendu": 8}]}]}, "trajectoires"),
        ({"trajectoires": [{"indicateur": DECROCHE, "points": [{"mois": "2026-02", "attendu": 180}]}]}, "trajectoires"),
        ({"actions": [{**ACTIONS[0], "echeance": "2026-03-01"}]}, "actions.0.echeance"),
    ],
)  # fmt: skip
async def test_un_plan_mal_fait_est_refuse_en_nommant_le_champ(alertes: Reseau, autres: Document, champ: str) -> None:
    reference = await lettre(alertes)
    await lettre(alertes, "audit")
    reponse = await alertes.envoyer("POST", "/v1/plans", plan(reference) | autres)
    assert reponse.status_code == 422, reponse.text
    assert reponse.json()["erreurs"][0]["emplacement"] == f"corps.{champ}"


async def test_deux_depots_a_la_fois_ne_font_qu_un_plan(alertes: Reseau) -> None:
    reference = await lettre(alertes)
    reponses = await asyncio.gather(*(alertes.envoyer("POST", "/v1/plans", plan(reference)) for _ in range(4)))
    assert sorted(r.status_code for r in reponses) == [201, 409, 409, 409]
    assert len((await alertes.lire("/v1/plans", lettre=reference))["plans"]) == 1


async def test_une_trajectoire_est_due_pour_chaque_indicateur_de_la_lettre(alertes: Reseau) -> None:
    reference = await lettre(alertes, indicateurs=(constat(DECROCHE), constat(IJ_MOYEN)))
    assert (await alertes.envoyer("POST", "/v1/plans", plan(reference))).status_code == 422
    corps = plan(reference)
    corps["trajectoires"].append({"indicateur": IJ_MOYEN, "points": [{"mois": "2026-03", "attendu": "30.5"}]})
    assert (await alertes.poster("/v1/plans", corps))["trajectoires"][0]["points"] == [
        {"mois": "2026-03", "attendu": 30.5}
    ]


async def test_une_action_ne_change_que_pour_qui_l_a_vue_et_se_motive(alertes: Reseau) -> None:
    numero = (await alertes.poster("/v1/plans", plan(await lettre(alertes))))["id"]
    chemin = f"/v1/plans/{numero}/actions/2"
    vue = await etiquette(alertes, chemin)
    assert (await alertes.envoyer("PATCH", chemin, {"etat": "faite"})).status_code == 428
    sans_motif = await alertes.envoyer("PATCH", chemin, {"echeance": "2026-06-30"}, if_match=vue)
    assert sans_motif.json()["erreurs"][0]["emplacement"] == "corps.motif"
    await changer(alertes, numero, 2, echeance="2026-06-30", motif="Formation reportée")
    assert (await alertes.envoyer("PATCH", chemin, {"etat": "faite"}, if_match=vue)).status_code == 412
    await changer(alertes, numero, 2, etat="faite")
    retour = await alertes.envoyer(
        "PATCH", chemin, {"etat": "obsolete", "motif": "Gênante"}, if_match=await etiquette(alertes, chemin)
    )
    assert retour.status_code == 409
    inchangee = await changer(alertes, numero, 2, etat="faite")
    histoire = (await alertes.lire(f"/v1/plans/{numero}"))["historique"]
    assert [li["action"] for li in histoire] == ["depot", "action", "action"], "le même état n'est pas un changement"
    assert histoire[1]["donnees"]["echeance"] == {"avant": "2026-04-10", "apres": "2026-06-30"}
    assert inchangee["version"] == 3


async def test_des_actions_s_ajoutent_a_la_suite(alertes: Reseau) -> None:
    numero = (await alertes.poster("/v1/plans", plan(await lettre(alertes))))["id"]
    chemin = f"/v1/plans/{numero}"
    ajout = {"actions": [{**ACTIONS[0], "intitule": "Recruter"}], "motif": "Demandé par le comité"}
    vue = await etiquette(alertes, chemin)
    complete = await alertes.poster(f"{chemin}/actions", ajout, if_match=vue)
    assert [a["numero"] for a in complete["actions"]] == [1, 2, 3, 4, 5]
    assert (await alertes.envoyer("POST", f"{chemin}/actions", ajout, if_match=vue)).status_code == 412


async def test_les_rappels_partent_avant_puis_apres_l_echeance_une_seule_fois(alertes: Reseau) -> None:
    numero = (await alertes.poster("/v1/plans", plan(await lettre(alertes))))["id"]
    textes = lambda: notifications(alertes, "rappel_plan")  # noqa: E731
    alertes.il_est("2026-03-18 07:30")
    assert (await faire_un_tour(alertes))["rappels"] == 0, "avant 8 h, on n'écrit à personne"
    alertes.il_est("2026-03-18 08:30")
    premiers = await asyncio.gather(*(faire_un_tour(alertes) for _ in range(3)))
    assert sum(p["rappels"] for p in premiers) == 2, "l'action 1 à deux jours ouvrés ; l'action 4 à dix"
    ((caisse, objet, texte), _) = await textes()
    assert (caisse, "échéance proche" in objet) == ("cpam-75", True)
    assert "Renforcer la plage de midi" in texte
    assert "20\u00a0mars\u00a02026" in texte

    alertes.il_est("2026-03-22 10:00")
    assert (await faire_un_tour(alertes))["rappels"] == 0, "un dimanche"
    vu = await alertes.lire(f"/v1/plans/{numero}")
    assert (vu["actions_en_retard"], vu["actions"][0]["en_retard"]) == (0, False)
    alertes.il_est("2026-03-23 10:00")
    assert (await faire_un_tour(alertes))["rappels"] == 1
    vu = await alertes.lire(f"/v1/plans/{numero}")
    assert (vu["actions_en_retard"], vu["actions"][0]["jours_de_retard"]) == (1, 1)
    assert [li["action"] for li in vu["historique"]] == ["depot", "rappel", "rappel", "retard"]
    assert "dépassée de 1 jour(s) ouvré(s)" in (await textes())[-1][2]

    fait = await changer(alertes, numero, 1, etat="faite")
    assert (fait["en_retard"], fait["jours_de_retard"]) == (False, 1), "faite, mais un jour trop tard"
    alertes.il_est("2026-03-27 10:00")
    assert (await faire_un_tour(alertes))["rappels"] == 2, "les actions 2 et 4 approchent ; la 1 est faite"


async def test_un_plan_qui_ne_vient_pas_est_rappele_a_la_caisse(alertes: Reseau) -> None:
    await lettre(alertes, caisse="cpam-33")
    alertes.il_est("2026-03-16 09:00")
    await faire_un_tour(alertes)
    ((caisse, objet, texte),) = await notifications(alertes, "rappel_plan")
    assert (caisse, "dépassée" in objet, "2026-02/0/cpam-33" in texte) == ("cpam-33", True, True)
    (attendu,) = (await alertes.lire("/v1/plans/attendus", caisse="Gironde"))["demandes"]
    assert attendu["jours_de_retard"] == 1


async def test_la_trajectoire_est_comparee_a_ce_que_mesure_le_service(reseau: Reseau) -> None:
    await appels(
        reseau, {("cpam-75", "2026-02-10"): 750, ("cpam-75", "2026-03-03"): 600, ("cpam-31", "2026-03-03"): 1_000}
    )
    reseau.il_est("2026-03-03 12:00")
    numero = (await reseau.poster("/v1/plans", plan(await lettre(reseau))))["id"]
    (vue,) = (await reseau.lire(f"/v1/plans/{numero}/trajectoire"))["trajectoires"]
    assert [(p["mois"], p["etat"], p["ecart"]) for p in vue["points"]] == [
        ("2026-02", "tenue", 5.0), ("2026-03", "a_venir", None), ("2026-04", "a_venir", None),
    ]  # fmt: skip
    reseau.il_est("2026-05-04 12:00")
    (vue,) = (await reseau.lire(f"/v1/plans/{numero}/trajectoire"))["trajectoires"]
    assert [(p["etat"], p["valeur"]) for p in vue["points"]] == [
        ("tenue", 75.0), ("en_retard", 60.0), ("non_mesure", None),
    ]  # fmt: skip
    assert vue["situation"] == {
        "etat": "en_retard", "mois": "2026-03", "ecart": -20.0, "averee": True, "mois_en_retard": 1,
    }  # fmt: skip


async def test_sans_reponse_du_service_la_comparaison_dit_ce_qui_manque(alertes: Reseau) -> None:
    numero = (await alertes.poster("/v1/plans", plan(await lettre(alertes))))["id"]
    document = await alertes.lire(f"/v1/plans/{numero}/trajectoire")
    (vue,) = document["trajectoires"]
    assert (vue["situation"], vue["points"][0]["etat"]) == (None, None)
    assert "contacts" in document["manques"][0]
    assert (await alertes.client.get("/v1/plans/999/trajectoire")).status_code == 404
