"""What people do from the pages reaches the services, once, and only from a page of the console."""

from tests.integration.console.conftest import Console
from tests.integration.console.test_pages import degrader


async def test_une_situation_declaree_arrive_au_service_et_se_lit_sur_la_page(console: Console) -> None:
    vers = "/ma-caisse/cpam-75/declaration"
    reponse = await console.envoyer(vers, vers, genre="situation", situation="degradee", motif="Panne du chauffage")
    assert reponse.status_code == 303
    (declaree,) = (await console.reseau.lire("/v1/declarations"))["declarations"]
    assert (declaree["caisse"], declaree["situation"]) == ("cpam-75", "degradee")
    page = await console.page(reponse.headers["location"])
    assert "Situation déclarée." in page
    assert "Panne du chauffage" in page


async def test_un_formulaire_envoye_deux_fois_n_agit_qu_une(console: Console) -> None:
    vers = "/ma-caisse/cpam-75/declaration"
    page = {"genre": "pca", "motif": "Inondation", "cle": "la-meme-page"}
    for _ in range(2):
        assert (await console.envoyer(vers, vers, **page)).status_code == 303
    assert len((await console.reseau.lire("/v1/declarations"))["declarations"]) == 1


async def test_un_formulaire_qui_ne_vient_pas_d_une_page_ouverte_est_refuse(console: Console) -> None:
    vers = "/ma-caisse/cpam-75/declaration"
    champs = {"genre": "pca", "motif": "Inondation"}
    assert (await console.client.post(vers, data=champs)).status_code == 403
    await console.page(vers)
    assert (await console.client.post(vers, data={**champs, "jeton": "un-autre-jeton-bien-long"})).status_code == 403
    ailleurs = {"sec-fetch-site": "cross-site"}
    jeton = console.client.cookies["vigie_jeton"]
    refus = await console.client.post(vers, data={**champs, "jeton": jeton}, headers=ailleurs)
    assert refus.status_code == 403
    assert (await console.reseau.lire("/v1/declarations"))["declarations"] == []


async def test_un_refus_dit_pourquoi_et_garde_ce_qui_etait_ecrit(console: Console) -> None:
    vers = "/ma-caisse/cpam-75/contester"
    reponse = await console.envoyer(
        vers, vers, indicateur="taux_decroche", du="2026-03-02", au="2026-02-01", motif="Les appels de nuit"
    )
    assert reponse.status_code == 422
    assert "Rien n’a été enregistré." in reponse.text
    assert "Les appels de nuit</textarea>" in reponse.text


async def test_une_alerte_est_prise_en_compte_depuis_sa_page(console: Console) -> None:
    await degrader(console)
    (alerte,) = await console.reseau.alertes(caisse="cpam-75", etat="ouverte")
    page = f"/alertes/{alerte['id']}"
    reponse = await console.envoyer(page, f"{page}/prise-en-compte", motif="Renfort lundi")
    assert reponse.status_code == 303
    lue = await console.reseau.lire(f"/v1/alertes/{alerte['id']}")
    assert lue["etat"] == "prise_en_compte"
    assert "Renfort lundi" in await console.page(page)


async def test_deux_personnes_sur_la_meme_alerte_la_seconde_apprend_qu_elle_a_change(console: Console) -> None:
    await degrader(console)
    (alerte,) = await console.reseau.alertes(caisse="cpam-75", etat="ouverte")
    page = f"/alertes/{alerte['id']}"
    vu = (await console.reseau.client.get(f"/v1/alertes/{alerte['id']}")).headers["etag"]
    await console.envoyer(page, f"{page}/prise-en-compte", motif="Première")
    jeton = console.client.cookies["vigie_jeton"]
    seconde = await console.client.post(
        f"{page}/prise-en-compte", data={"jeton": jeton, "cle": "autre", "vu": vu, "motif": "Seconde"}
    )
    assert seconde.status_code in {409, 412}
    assert "Rien n’a été enregistré." in seconde.text
