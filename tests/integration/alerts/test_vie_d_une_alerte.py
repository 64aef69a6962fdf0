"""An alert from the events of a caisse to its resolution, through the real APIs."""

from tests.integration.alerts.conftest import Reseau


async def appels(reseau: Reseau, jour: str, decroches: int, abandons: int, caisse: str = "cpam-75") -> None:
    assert reseau.contacts is not None
    dossier = reseau.contacts.dossier
    presente, fin = f"{jour} 08:00", f"{jour} 08:01"
    await reseau.contacts.compter(
        dossier("appel", {"presente": presente, "decroche": fin}, caisse=caisse, nombre=decroches),
        dossier("appel", {"presente": presente, "abandonne": fin}, caisse=caisse, nombre=abandons),
    )


async def test_une_alerte_s_ouvre_est_prise_en_compte_et_se_resout(reseau: Reseau) -> None:
    await appels(reseau, "2026-03-02", decroches=100, abandons=900)
    await appels(reseau, "2026-03-02", decroches=950, abandons=50, caisse="cpam-31")
    await reseau.evaluer()
    (alerte,) = await reseau.alertes()
    assert (alerte["caisse"], alerte["objet"], alerte["etat"]) == ("cpam-75", "taux_decroche", "en_observation")
    assert alerte["valeur"] == 10.0
    assert "10 %" in alerte["constat"]

    reseau.il_est("2026-03-09 10:00")
    await reseau.evaluer()
    (alerte,) = await reseau.alertes(caisse="cpam-75", etat="ouverte")
    assert alerte["gravite"] == "avere"
    controle = (await reseau.lire("/v1/alertes"))["controle"]
    assert controle["averes"] == 1
    assert controle["essais"] == 2

    lue = await reseau.client.get(f"/v1/alertes/{alerte['id']}")
    chemin = f"/v1/alertes/{alerte['id']}/prise-en-compte"
    prise = await reseau.poster(chemin, {"motif": "Panne de l'autocommutateur."}, if_match=lue.headers["etag"])
    assert prise["etat"] == "prise_en_compte"
    assert prise["prise_en_compte_expire"].startswith("2026-03-16"), "cinq jours ouvrés"

    await appels(reseau, "2026-03-09", decroches=50_000, abandons=500)
    reseau.il_est("2026-03-09 11:00")
    await reseau.evaluer()
    (alerte,) = await reseau.alertes()
    assert alerte["etat"] == "prise_en_compte", "revenue, mais pas encore depuis assez longtemps"
    reseau.il_est("2026-03-16 09:00")
    await reseau.evaluer()
    assert [a["etat"] for a in await reseau.alertes()] == ["prise_en_compte"]
    reseau.il_est("2026-03-16 11:30")
    await reseau.evaluer()
    assert await reseau.alertes() == []
    (finie,) = await reseau.alertes(toutes="true")
    assert finie["etat"] == "resolue"
    assert await reseau.histoire(finie["id"]) == ["observation", "ouverture", "prise_en_compte", "resolution"]
