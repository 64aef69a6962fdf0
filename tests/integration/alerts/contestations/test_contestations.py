"""Contestations of a figure and évocations of a target, through the API."""

import asyncio
from typing import Any

import pytest

from tests.integration.alerts.conftest import Document, Reseau
from tests.integration.alerts.suivis.atelier import DECROCHE, appels, etiquette, notifications

FIGURE = {
    "caisse": "Paris", "indicateur": DECROCHE, "du": "2026-02-01", "au": "2026-02-28",
    "motif": "Les appels du 10 ont été comptés deux fois.",
    "pieces": [{"intitule": "Relevé de l'autocommutateur", "reference": "ticket 4521"}],
}  # fmt: skip
EVOCATION = FIGURE | {
    "du": "2026-03-01", "au": "2026-08-31", "objectif": "82", "socle": "75",
    "motif": "Inondation du site : la moitié des postes est perdue jusqu'en août.",
}  # fmt: skip


async def repondre(reseau: Reseau, chemin: str, statut: int = 200, **corps: Any) -> Document:
    reponse = await reseau.envoyer(
        "POST", f"{chemin}/reponse", corps, if_match=await etiquette(reseau, chemin)
    )  # fmt: skip
    assert reponse.status_code == statut, reponse.text
    document: Document = reponse.json()
    return document


async def test_un_chiffre_conteste_est_garde_tel_qu_il_etait_et_ne_change_que_par_les_evenements(
    reseau: Reseau,
) -> None:
    await appels(reseau, {("cpam-75", "2026-02-10"): 500})
    deposee = await reseau.poster("/v1/contestations", FIGURE | {"vu": {"valeur": 50.0, "version": 1}})
    chiffre = deposee["chiffre"]
    assert (deposee["caisse"], deposee["etat"], deposee["vue"]) == ("cpam-75", "deposee", "responsable")
    assert (chiffre["valeur"], chiffre["n"], chiffre["manque"]) == (50.0, 1_000, None)
    assert chiffre["explication"].startswith(f"/v1/indicateurs/{DECROCHE}/explication?caisse=cpam-75&du=2026-02-01")
    assert chiffre["vu_par_la_caisse"]["valeur"] == 50.0
    assert chiffre["version"] is not None
    assert any("50" in phrase for phrase in chiffre["phrases"])
    ((qui, _, texte),) = await notifications(reseau, "contestation_deposee")
    assert (qui, "comptés deux fois" in texte) == ("comite", True)

    chemin = f"/v1/contestations/{deposee['id']}"
    acceptee = await repondre(reseau, chemin, issue="acceptee", texte="Doublon reconnu.", comite="2026-02")
    assert (acceptee["etat"], acceptee["comite"], acceptee["repondu_par"]) == ("acceptee", "2026-02", "local")
    assert acceptee["chiffre"] == chiffre, "accepter n'est pas corriger"
    assert (await reseau.lire(f"{chemin}/chiffre"))["change"] is False
    ((qui, objet, _),) = await notifications(reseau, "reponse_contestation")
    assert (qui, "acceptee" in objet) == ("cpam-75", True)

    await appels(reseau, {("cpam-75", "2026-02-10"): 900})
    apres = await reseau.lire(f"{chemin}/chiffre")
    assert (apres["change"], apres["alors"]["valeur"], apres["maintenant"]["valeur"]) == (True, 50.0, 70.0)
    assert [li["action"] for li in (await reseau.lire(chemin))["historique"]] == ["depot", "reponse"]


async def test_une_contestation_se_depose_meme_si_le_service_ne_repond_pas(alertes: Reseau) -> None:
    deposee = await alertes.poster("/v1/contestations", FIGURE)
    assert "contacts" in deposee["chiffre"]["manque"]
    assert (await alertes.lire(f"/v1/contestations/{deposee['id']}/chiffre"))["change"] is None


async def test_une_reponse_demande_un_texte_la_version_vue_et_ne_se_reprend_pas(alertes: Reseau) -> None:
    numero = (await alertes.poster("/v1/contestations", FIGURE))["id"]
    chemin = f"/v1/contestations/{numero}"
    corps = {"issue": "refusee", "texte": "Les relevés concordent."}
    assert (await alertes.envoyer("POST", f"{chemin}/reponse", corps)).status_code == 428
    assert (await alertes.envoyer("POST", f"{chemin}/reponse", corps | {"texte": ""}, if_match="*")).status_code == 422
    await repondre(alertes, chemin, **corps)
    await repondre(alertes, chemin, 409, issue="acceptee", texte="Finalement")
    retrait = await alertes.envoyer(
        "POST", f"{chemin}/retrait", {"motif": "Erreur"}, if_match=await etiquette(alertes, chemin)
    )
    assert retrait.status_code == 409
    encore = await alertes.poster("/v1/contestations", FIGURE)
    assert encore["id"] != numero, "répondue, elle peut être portée de nouveau"


async def test_une_meme_contestation_n_attend_pas_deux_reponses(alertes: Reseau) -> None:
    reponses = await asyncio.gather(*(alertes.envoyer("POST", "/v1/contestations", FIGURE) for _ in range(3)))
    assert sorted(r.status_code for r in reponses) == [201, 409, 409]
    numero = next(r.json()["id"] for r in reponses if r.status_code == 201)
    chemin = f"/v1/contestations/{numero}"
    retiree = await alertes.poster(
        f"{chemin}/retrait", {"motif": "Vérifié : rien à dire"}, if_match=await etiquette(alertes, chemin)
    )
    assert retiree["etat"] == "retiree"
    assert await notifications(alertes, "reponse_contestation") == [], "on ne répond pas à qui se retire"
    assert len((await alertes.lire("/v1/contestations", etat="retiree", caisse="Paris"))["contestations"]) == 1


@pytest.mark.parametrize(
    ("quoi", "autres", "champ"),
    [
        ("contestations", {"indicateur": "taux_decrocher"}, "indicateur"),
        ("contestations", {"caisse": "Atlantide"}, "caisse"),
        ("contestations", {"au": "2026-01-01"}, "au"),
        ("evocations", {}, "objectif"),
        ("evocations", {"objectif": "80", "socle": "90"}, "objectif"),
    ],
)
async def test_un_depot_mal_fait_est_refuse_en_nommant_le_champ(
    alertes: Reseau, quoi: str, autres: Document, champ: str
) -> None:
    reponse = await alertes.envoyer("POST", f"/v1/{quoi}", FIGURE | autres)
    assert reponse.status_code == 422, reponse.text
    assert reponse.json()["erreurs"][0]["emplacement"] == f"corps.{champ}"


async def cibles(reseau: Reseau, **options: str) -> list[tuple[Any, ...]]:
    lues = (await reseau.lire("/v1/cibles-adaptees", caisse="cpam-75", indicateur=DECROCHE, **options))["cibles"]
    return sorted((c["du"], c["au"], c["objectif"], c["socle"]) for c in lues)


async def test_une_evocation_accordee_adapte_la_cible_pour_un_temps_et_se_lit_telle_qu_on_la_savait(
    alertes: Reseau,
) -> None:
    premiere = (await alertes.poster("/v1/evocations", EVOCATION))["id"]
    assert await cibles(alertes) == [], "rien n'est adapté avant la réponse"
    accordee = await repondre(alertes, f"/v1/evocations/{premiere}", issue="accordee", texte="Le sinistre est établi.")
    assert accordee["historique"][-1]["donnees"]["adaptation"] == {
        "du": "2026-03-01", "au": "2026-08-31", "objectif": 82.0, "socle": 75.0,
    }  # fmt: skip
    assert await cibles(alertes) == [("2026-03-01", "2026-08-31", 82.0, 75.0)]
    assert await cibles(alertes, jour="2026-09-01") == []

    alertes.il_est("2026-04-01 09:00")
    seconde = (await alertes.poster("/v1/evocations", EVOCATION | {"du": "2026-05-01", "au": "2026-06-30"}))["id"]
    sans_adaptation = await repondre(
        alertes, f"/v1/evocations/{seconde}", 422, issue="partielle", texte="En partie"
    )  # fmt: skip
    assert sans_adaptation["erreurs"][0]["emplacement"] == "corps.adaptation"
    adaptation = {"du": "2026-05-01", "au": "2026-05-31", "objectif": "78"}
    await repondre(
        alertes, f"/v1/evocations/{seconde}", issue="partielle", texte="Mai seulement", adaptation=adaptation
    )
    assert await cibles(alertes) == [
        ("2026-03-01", "2026-04-30", 82.0, 75.0), ("2026-05-01", "2026-05-31", 78.0, None),
        ("2026-06-01", "2026-08-31", 82.0, 75.0),
    ]  # fmt: skip
    assert await cibles(alertes, jour="2026-05-15") == [("2026-05-01", "2026-05-31", 78.0, None)]
    assert await cibles(alertes, a_date="2026-03-15T12:00:00+01:00") == [("2026-03-01", "2026-08-31", 82.0, 75.0)]
    ((qui, *_), _) = await notifications(alertes, "reponse_evocation")
    assert qui == "cpam-75"


async def test_une_evocation_refusee_n_adapte_rien(alertes: Reseau) -> None:
    numero = (await alertes.poster("/v1/evocations", EVOCATION))["id"]
    chemin = f"/v1/evocations/{numero}"
    await repondre(
        alertes, chemin, 422, issue="refusee", texte="Non",
        adaptation={"du": "2026-03-01", "au": "2026-03-31", "socle": "70"},
    )  # fmt: skip
    assert (await repondre(alertes, chemin, issue="refusee", texte="Le site a rouvert."))["etat"] == "refusee"
    assert await cibles(alertes) == []


async def test_une_adaptation_finit_avant_son_terme_et_ce_qu_elle_valait_reste(alertes: Reseau) -> None:
    evocation = (await alertes.poster("/v1/evocations", EVOCATION))["id"]
    await repondre(alertes, f"/v1/evocations/{evocation}", issue="accordee", texte="Accordé")
    (adaptee,) = (await alertes.lire("/v1/cibles-adaptees"))["cibles"]
    chemin = f"/v1/cibles-adaptees/{adaptee['id']}"
    alertes.il_est("2026-05-04 09:00")
    tard = await alertes.envoyer(
        "DELETE", f"{chemin}?motif=Essai&jour=2026-12-01", if_match=await etiquette(alertes, chemin)
    )
    assert tard.status_code == 409
    assert (await alertes.envoyer("DELETE", f"{chemin}?motif=Essai&jour=2026-05-04")).status_code == 428
    finie = await alertes.finir(chemin, motif="Site rouvert", jour="2026-05-04")
    assert (finie["remplacee_par"], finie["remplacee_motif"]) == ("local", "Site rouvert")
    assert await cibles(alertes) == [("2026-03-01", "2026-05-03", 82.0, 75.0)]
    assert await cibles(alertes, a_date="2026-04-15T12:00:00+02:00") == [("2026-03-01", "2026-08-31", 82.0, 75.0)]
    histoire = (await alertes.lire(f"/v1/evocations/{evocation}"))["historique"]
    assert [li["action"] for li in histoire] == ["depot", "reponse", "fin"]
