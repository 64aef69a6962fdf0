"""A target adapted for a time is what alerts, snapshot and letters judge by; a contested figure says so."""

import json
from typing import Any

from services.alerts.comite.instantane import lire
from services.alerts.lettres.contenu import Courrier
from services.alerts.lettres.contenu import lire as lire_courrier
from tests.integration.alerts.comite.conftest import DECROCHE, IJ, MOIS, Comite
from tests.integration.alerts.conftest import Reseau
from tests.integration.alerts.test_vie_d_une_alerte import appels


async def accorder(reseau: Reseau, caisse: str, code: str, du: str, au: str, **bornes: str) -> int:
    depot = {"caisse": caisse, "indicateur": code, "du": du, "au": au, "motif": "Inondation du site."} | bornes
    evocation = await reseau.poster("/v1/evocations", depot)
    chemin = f"/v1/evocations/{evocation['id']}"
    vu = (await reseau.client.get(chemin)).headers["etag"]
    await reseau.poster(f"{chemin}/reponse", {"issue": "accordee", "texte": "Le sinistre est établi."}, if_match=vu)
    return int(evocation["id"])


async def test_une_alerte_s_ouvre_au_dela_de_ce_qui_a_ete_accorde_et_le_dit(reseau: Reseau) -> None:
    await appels(reseau, "2026-03-02", decroches=720, abandons=280)
    await reseau.evaluer()
    ((ordinaire),) = await reseau.alertes(objet=DECROCHE)
    assert (ordinaire["seuil"], ordinaire["details"].get("cible_adaptee")) == (80.0, None)

    evocation = await accorder(reseau, ordinaire["caisse"], DECROCHE, "2026-03-01", "2026-06-30", socle="75")
    await reseau.evaluer()
    (adaptee,) = await reseau.alertes(objet=DECROCHE)
    assert (adaptee["id"], adaptee["seuil"], adaptee["valeur"]) == (ordinaire["id"], 75.0, 72.0)
    phrase = f"Cible adaptée jusqu'au 30/06/2026, décision du 02/03/2026 (évocation n° {evocation})."
    assert phrase in adaptee["constat"]
    assert adaptee["details"]["cible_adaptee"]["phrase"] == phrase

    await accorder(reseau, ordinaire["caisse"], DECROCHE, "2026-03-01", "2026-06-30", socle="65")
    await reseau.evaluer()
    assert await reseau.alertes(objet=DECROCHE) == [], "72 % est mieux que les 65 % accordés"


async def test_une_alerte_dont_le_chiffre_est_conteste_le_montre(reseau: Reseau) -> None:
    await appels(reseau, "2026-03-02", decroches=720, abandons=280)
    await reseau.evaluer()
    (alerte,) = await reseau.alertes(objet=DECROCHE)
    assert alerte["contestee"] is None
    contestation = {"caisse": alerte["caisse"], "indicateur": DECROCHE, "du": "2026-03-01", "au": "2026-03-02"}
    numero = (await reseau.poster("/v1/contestations", contestation | {"motif": "Appels comptés deux fois."}))["id"]
    (alerte,) = await reseau.alertes(objet=DECROCHE)
    assert (alerte["contestee"]["contestations"], alerte["contestee"]["depuis"]) == ([numero], "2026-03-02")
    assert (await reseau.lire(f"/v1/alertes/{alerte['id']}"))["contestee"] == alerte["contestee"]


async def instantane(comite: Comite) -> dict[str, Any]:
    reponse = await comite.reseau.client.get(f"/v1/comites/{MOIS}/instantane")
    return {ligne.caisse: ligne for ligne in lire(reponse.content).lignes if ligne.indicateur == IJ}


async def test_le_comite_juge_par_la_cible_adaptee_et_la_lettre_le_dit(comite: Comite) -> None:
    """37.5 days in Toulouse: beyond 35, within the 40 granted; 55 days in Paris: beyond the 50 granted."""
    await accorder(comite.reseau, "cpam-31", IJ, "2026-10-01", "2026-12-31", objectif="36", socle="40")
    paris = await accorder(comite.reseau, "cpam-75", IJ, "2026-10-01", "2026-12-31", objectif="45", socle="50")
    depot = {"caisse": "cpam-75", "indicateur": IJ, "du": "2026-10-15", "au": "2026-11-15", "motif": "Doublons."}
    numero = (await comite.reseau.poster("/v1/contestations", depot))["id"]

    assert await comite.preparateur.preparer(MOIS) is True
    lignes = await instantane(comite)
    toulouse = lignes["cpam-31"]
    assert (toulouse.verdict, toulouse.franchi, toulouse.cible["socle"]) == ("socle_atteint", False, 40.0)
    assert (lignes["cpam-75"].verdict, lignes["cpam-75"].franchi) == ("seuil_alerte_franchi", True)
    assert lignes["cpam-75"].cible["seuil_alerte"] == 50.0
    assert lignes["cpam-33"].cible is None, "les autres caisses gardent leur cible"
    lu = await comite.reseau.lire(f"/v1/comites/{MOIS}")
    assert {m["caisse"] for m in lu["mesures"]} == {"cpam-75"}

    dossier = await comite.reseau.lire(f"/v1/comites/{MOIS}/dossiers/cpam-75")
    (constat,) = dossier["constats"]
    assert (constat["seuil"], constat["cible"]["adaptee"]["evocation"]) == (50.0, paris)
    assert constat["faits"]["ecart"] == 10.0, "10 % au-delà de 50 jours"
    assert constat["contestee"]["contestations"] == [numero]

    await comite.ouvrir()
    await comite.tout_accepter()
    await comite.acte("cloture")
    donnees = await comite.reseau.service.pool.fetchval(
        "SELECT donnees FROM alerts.documents WHERE destinataire = 'cpam-75'"
    )
    courrier = lire_courrier("courrier_entraide", json.loads(donnees))
    assert isinstance(courrier, Courrier)
    (ecrit,) = courrier.indicateurs
    assert ecrit.cible is not None
    assert ecrit.cible.adaptee is not None
    assert (str(ecrit.cible.adaptee.au), ecrit.cible.adaptee.evocation) == ("2026-12-31", paris)
    assert ecrit.contestee == f"Contesté par la caisse le 06/11/2026 (contestation n° {numero}, sans réponse)."
