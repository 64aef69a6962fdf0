"""What people read on the pages, made from events by the real services."""

import re

from tests.integration.alerts.test_vie_d_une_alerte import appels
from tests.integration.console.conftest import Console

POIDS_MAX = 200_000


async def degrader(console: Console) -> None:
    """Paris answers one call in ten, Toulouse nineteen in twenty; the alert of Paris is open and proven."""
    reseau = console.reseau
    await appels(reseau, "2026-03-02", decroches=100, abandons=900)
    await appels(reseau, "2026-03-02", decroches=950, abandons=50, caisse="cpam-31")
    await reseau.evaluer()
    reseau.il_est("2026-03-09 10:00")
    await reseau.evaluer()


def ligne(page: str, nom: str) -> str:
    """The row of the matrix of a caisse, its tags taken out."""
    (trouvee,) = re.findall(rf"<tr>\s*<th scope=\"row\"><a[^>]*>{nom}</a>.*?</tr>", page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", trouvee))


async def test_le_reseau_montre_valeur_verdict_forme_effectif_et_la_caisse_a_voir_d_abord(console: Console) -> None:
    await degrader(console)
    page = await console.page("/")
    paris, toulouse = ligne(page, "CPAM de Paris"), ligne(page, "CPAM de la Haute-Garonne")
    assert "▲ 10 " in paris
    assert "alerte, n 1 000" in paris
    assert "1 avérée" in paris
    assert "● 95 " in toulouse
    assert "non mesuré" in ligne(page, "CPAM de l&#39;Ain")
    premieres = page[page.index("À voir d’abord") : page.index('id="t-carte"')]
    assert "CPAM de Paris" in premieres
    assert "Appels décrochés : 10\xa0% (alerte 80\xa0%)" in premieres
    assert len(page.encode()) < POIDS_MAX


async def test_un_service_injoignable_ne_prend_que_ses_parties(console: Console) -> None:
    await degrader(console)
    console.service.amont.adresses["claims"] = "http://127.0.0.1:9"
    page = await console.page("/")
    assert "Service dossiers injoignable depuis 10:00." in page
    assert "▲ 10 " in ligne(page, "CPAM de Paris")
    fiche = await console.page("/caisses/cpam-75")
    assert fiche.count("Service dossiers injoignable depuis 10:00.") >= 2
    assert "Service entraide injoignable" in fiche


async def test_un_chiffre_se_lit_jusqu_aux_dossiers_pseudonymes(console: Console) -> None:
    claims = console.reseau.claims
    assert claims is not None
    await claims.compter(
        claims.dossier("cmuc_acs", {"recue": "2026-01-05 09:00", "decidee_accord": "2026-02-20 09:00"}, subject="D-1")
    )
    page = await console.page("/caisses/cpam-75/indicateurs/delai_cmuc_acs_d9")
    assert "46 jours" in page
    assert "Combien sont clos, semaine après semaine" in page
    suite = await console.page("/caisses/cpam-75/indicateurs/delai_cmuc_acs_d9/explication?du=2026-02-01&au=2026-02-28")
    (lien,) = re.findall(r'href="(/dossiers/claims/cmuc_acs/D-1[^"]*)"', suite)
    dossier = await console.page(lien.replace("&amp;", "&"))
    assert "Compte comme ouvert le 05/01/2026 et clos le 20/02/2026" in dossier


async def test_une_explication_sans_jours_est_celle_de_la_fenetre_affichee(console: Console) -> None:
    await degrader(console)
    page = await console.page("/caisses/cpam-75/indicateurs/taux_decroche/explication")
    assert "10/02/2026" in page
    assert "09/03/2026" in page


PAGES = (
    "/", "/caisses/cpam-75", "/caisses/cpam-75/indicateurs/taux_decroche", "/alertes", "/comites", "/entraide",
    "/caisses/cpam-75/indicateurs/delai_cmuc_acs_d9/explication", "/ma-caisse/cpam-75", "/ma-caisse/cpam-75/contester",
    "/sources", "/rejets",
)  # fmt: skip


async def test_sans_aucune_donnee_chaque_page_dit_ce_qui_manque_et_rien_n_y_est_en_ligne(console: Console) -> None:
    for chemin in PAGES:
        reponse = await console.client.get(chemin)
        assert reponse.status_code == 200, chemin
        assert "default-src 'none'" in reponse.headers["content-security-policy"]
        assert not re.search(r'\sstyle="|\son[a-z]+="|<script>|<style|https?://(?!www\.w3\.org)', reponse.text), chemin
        assert "<h1>" in reponse.text, chemin


async def test_une_page_inconnue_et_une_caisse_inconnue_sont_des_pages(console: Console) -> None:
    assert "Aucune page à l’adresse « /nulle-part »." in await console.page("/nulle-part", 404)
    assert "Vouliez-vous dire" in await console.page("/caisses/rouenn", 404)


async def test_la_matrice_se_trie_et_se_filtre_par_ses_liens(console: Console) -> None:
    await degrader(console)
    page = await console.page("/?tri=taux_decroche&sens=desc")
    assert page.index("CPAM de la Haute-Garonne</a>") < page.index(">CPAM de Paris</a><small>")
    filtree = await console.page("/?region=76&process=appel")
    assert "13 caisses" in filtree
    assert "1re IJ, délai moyen</a>" not in filtree
    assert 'aria-sort="descending"' in page


async def test_le_direct_annonce_ce_qui_change(console: Console) -> None:
    suite = console.service.direct.suivre()
    premiere = await anext(suite)
    await appels(console.reseau, "2026-03-02", decroches=100, abandons=900)
    console.reseau.il_est("2026-03-02 09:05")
    assert await anext(suite) != premiere
    await suite.aclose()
