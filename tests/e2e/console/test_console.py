"""The console in a real browser: everyone's paths, without a script too, accessible on every page, wide and narrow."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.console.conftest import AIDEE, Site

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]

REGLES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}

PAGES = {
    "reseau": "/?region=93",
    "caisse": "/caisses/cpam-06",
    "indicateur": "/caisses/cpam-06/indicateurs/delai_fsp_assures_moyen",
    "telephone": "/caisses/cpam-75/indicateurs/taux_decroche",
    "explication": "/caisses/cpam-06/indicateurs/delai_fsp_assures_moyen/explication?du=2026-10-01&au=2026-10-31",
    "alertes": "/alertes",
    "comites": "/comites",
    "comite": "/comites/2026-10",
    "entraide": "/entraide",
    "et_si": "/entraide/simulation",
    "ma_caisse": "/ma-caisse/cpam-06",
    "contester": "/ma-caisse/cpam-06/contester",
    "declarer": "/ma-caisse/cpam-06/declaration",
    "aide": "/ma-caisse/cpam-06/aide",
    "plan": "/ma-caisse/cpam-06/plan",
    "sources": "/sources",
    "rejets": "/rejets",
}

AXE_ETROIT = ("reseau", "caisse", "comite", "entraide", "ma_caisse")
"""Pages examined when narrow too: those whose form changes; nothing but the width does on the others."""

POIDS_MAX = 200_000
DELAI_MAX_S = 0.2

PREMIER_LUNDI = "2026-11-23T09:00:00+01:00"


def examiner(page: Page, site: Site, nom: str, *, etroite: bool = True) -> None:
    """Pictures of the page wide and narrow; every part is there; axe finds nothing, wide and (``etroite``) narrow;
    nothing overflows."""
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert page.locator(".avis-panne").all_inner_texts() == []
    for largeur in (1280, 390):
        page.set_viewport_size({"width": largeur, "height": 900})
        page.screenshot(path=site.images / f"{nom}_{largeur}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= largeur, "rien ne dépasse de la page"
        if largeur == 1280 or etroite:
            assert Axe().run(page, options=REGLES).response["violations"] == []
    page.set_viewport_size({"width": 1280, "height": 900})


def attendre(page: Page, adresse: str, texte: str) -> None:
    """Until ``texte`` is on the page of this address."""
    fin = time.monotonic() + 60
    while texte not in page.request.get(adresse).text():
        assert time.monotonic() < fin, f"« {texte} » n'est pas venu sur {adresse}"
        page.wait_for_timeout(200)


def agir(page: Page, acte: str, pour: str, **champs: str) -> None:
    """One of the acts of a proposition, for a caisse."""
    bloc = page.locator("details").filter(has=page.get_by_role("button", name=acte, exact=True, include_hidden=True))
    if bloc.get_attribute("open") is None:
        bloc.locator("summary").click()
    par = bloc.locator("[name=par]")
    if par.get_attribute("type") == "hidden":
        expect(par).to_have_value(pour)
    else:
        par.select_option(pour)
    for nom, valeur in champs.items():
        bloc.locator(f"[name={nom}]").fill(valeur)
    bloc.get_by_role("button", name=acte, exact=True).click()


def test_le_comite_decide_au_clavier_et_la_caisse_accuse_la_lettre_et_depose_son_plan(page: Page, site: Site) -> None:
    attendre(page, "/comites", ">préparé</td>")
    page.goto("/comites")
    page.fill("#mois", "2026-10")
    page.get_by_role("button", name="Préparer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Comité d’octobre 2026")
    page.fill("#membres", "local : Mme Martin\nmembre-2 : M. Petit\nmembre-3 : Mme Roy")
    page.get_by_role("button", name="Ouvrir").click()
    expect(page.get_by_role("status")).to_contain_text("Séance ouverte.")
    page.get_by_role("link", name="Lire les dossiers, un par un").click()
    premiere = page.get_by_role("heading", level=1).inner_text()
    page.keyboard.press("j")
    expect(page.get_by_text("Dossier 2 sur")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text(premiere)
    page.get_by_text("Ajouter une mesure").click()
    page.select_option("#aj-mesure", "courrier_plan_actions")
    page.locator("fieldset").last.get_by_role("checkbox").first.check()
    page.fill("#aj-motif", "Le stock a doublé.")
    page.get_by_role("button", name="Ajouter").click()
    expect(page.get_by_role("status")).to_contain_text("Décision enregistrée.")
    examiner(page, site, "comite_dossier", etroite=False)
    caisse = page.url.split("/")[-1].split("?")[0]
    page.goto("/comites/2026-10")
    if page.get_by_role("button", name="Accepter tout ce qui reste").count():
        page.get_by_role("button", name="Accepter tout ce qui reste").click()
    page.get_by_role("button", name="Clore la séance").click()
    expect(page.get_by_role("status")).to_contain_text("Séance close")
    lien = page.get_by_role("link", name="Procès-verbal").get_attribute("href")
    assert page.request.get(str(lien)).body().startswith(b"%PDF")
    accuser_et_deposer(page, site, f"/ma-caisse/{caisse}")


def accuser_et_deposer(page: Page, site: Site, espace: str) -> None:
    """The letter is in the inbox of the caisse: received, then answered by the plan it asks for."""
    attendre(page, espace, "Déposer le plan d’actions demandé")
    attendre(page, espace, "Accuser réception")
    page.goto(espace)
    examiner(page, site, "boite_de_la_caisse", etroite=False)
    lettre = page.request.get(str(page.get_by_role("link", name="Lire le courrier").first.get_attribute("href")))
    assert lettre.headers["content-type"] == "application/pdf"
    page.get_by_role("button", name=re.compile("^Accuser réception")).first.click()
    expect(page.get_by_role("status")).to_contain_text("Accusé de réception envoyé.")
    page.get_by_role("link", name="Déposer le plan d’actions demandé").first.click()
    page.fill("#intitule-0", "Traiter le stock le plus ancien d’abord")
    page.fill("#responsable-0", "Responsable des prestations")
    page.fill("#echeance-0", "2026-12-31")
    expect(page.locator("#intitule-1")).to_have_count(0)
    page.get_by_role("button", name="Ajouter une action").click()
    expect(page.locator("#intitule-1")).to_be_focused()
    expect(page.locator("#intitule-0")).to_have_value("Traiter le stock le plus ancien d’abord")
    page.locator("[name^=attendu-]").nth(1).fill("18")
    examiner(page, site, "plan_depot", etroite=False)
    page.get_by_role("button", name="Déposer le plan").click()
    expect(page.get_by_role("status")).to_contain_text("Plan d’actions déposé.")
    page.select_option("#etat-1", "partielle")
    page.get_by_role("button", name="Enregistrer").first.click()
    expect(page.get_by_role("status")).to_contain_text("Action mise à jour.")
    expect(page.get_by_text("partielle").first).to_be_visible()
    examiner(page, site, "plan_suivi", etroite=False)


def test_une_demande_d_aide_devient_des_propositions_acceptee_amendee_declinee(page: Page, site: Site) -> None:
    page.goto(f"/ma-caisse/{AIDEE}")
    page.get_by_role("link", name="Demander de l’aide").click()
    page.select_option("#process", "appel")
    page.get_by_role("button", name="Demander").click()
    expect(page.get_by_role("status")).to_contain_text("Demande d’aide déposée.")
    attendre(page, "/entraide", "/entraide/propositions/3")
    page.goto("/entraide")
    examiner(page, site, "entraide_propositions")
    page.get_by_role("link", name="CPAM de Loir-et-Cher").first.click()
    page.get_by_role("link", name="CPAM de Loir-et-Cher aiderait CPAM des Alpes-Maritimes").click()
    examiner(page, site, "proposition")
    agir(page, "Accepter", "cpam-41")
    expect(page.get_by_role("status")).to_contain_text("Proposition acceptée.")
    expect(page.get_by_text("réponse attendue de CPAM des Alpes-Maritimes avant")).to_be_visible()
    agir(page, "Accepter", AIDEE)
    expect(page.get_by_text("engagée des deux côtés")).to_be_visible()
    agir(page, "Donner l’ordre de mission", "cpam-41")
    expect(page.get_by_role("status")).to_contain_text("Ordre de mission donné.")
    page.goto("/entraide/propositions?pour=cpam-21")
    page.get_by_role("link", name="CPAM de la Côte-d'Or aiderait CPAM des Alpes-Maritimes").click()
    agir(page, "Amender", "cpam-21", etp="3 3 3 3,5")
    expect(page.get_by_role("status")).to_contain_text("Amendement envoyé à l’autre coordinateur.")
    expect(page.get_by_text("3 ; 3 ; 3 ; 3,5")).to_be_visible()
    page.goto("/entraide/propositions?pour=cpam-56")
    page.get_by_role("link", name="CPAM du Morbihan aiderait CPAM des Alpes-Maritimes").first.click()
    agir(page, "Décliner", "cpam-56", motif="Deux départs ce mois-ci.")
    expect(page.get_by_role("status")).to_contain_text("Proposition déclinée.")
    expect(page.get_by_text("déclinée par CPAM du Morbihan")).to_be_visible()


def test_et_si_un_pole_pretait_autrement(page: Page, site: Site) -> None:
    page.goto(f"/ma-caisse/{AIDEE}/aide")
    page.select_option("#process", "ij")
    page.fill("#volume", "4 000")
    page.get_by_role("button", name="Demander").click()
    attendre(page, "/entraide", "4\u202f000 demandes à absorber")
    page.goto("/entraide")
    page.get_by_role("link", name="Et si…").click()
    page.locator("[name=etp-cpam-41-ij]").fill("12.5")
    expect(page.get_by_text("12,5 ETP")).to_be_visible()
    page.get_by_role("button", name="Calculer").click()
    expect(page.get_by_role("heading", name="CPAM des Alpes-Maritimes, Indemnités journalières")).to_be_visible()
    expect(page.locator("[name=etp-cpam-41-ij]")).to_have_value("12.5")
    examiner(page, site, "et_si_resultat", etroite=False)


@pytest.mark.parametrize("nom", PAGES)
def test_chaque_page_est_accessible_large_et_etroite(page: Page, site: Site, nom: str) -> None:
    page.goto(PAGES[nom], wait_until="load")
    examiner(page, site, nom, etroite=nom in AXE_ETROIT)


def test_du_reseau_a_la_caisse_a_l_indicateur_et_au_dossier(page: Page) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill("nice")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("CPAM des Alpes-Maritimes")
    page.get_by_role("link", name="Délai moyen : remboursement des FSP aux assurés", exact=True).click()
    expect(page.get_by_role("heading", name="Combien sont clos, semaine après semaine")).to_be_visible()
    page.get_by_role("link", name="Voir les dossiers derrière ce chiffre").click()
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dossier ")


def test_une_caisse_declare_conteste_et_accuse_reception(page: Page) -> None:
    page.goto("/ma-caisse/cpam-06")
    page.get_by_role("link", name="Déclarer une difficulté").click()
    page.fill("#motif", "Deux agents absents jusqu'à la fin du mois.")
    page.get_by_role("button", name="Déclarer").click()
    expect(page.get_by_role("status")).to_contain_text("Situation déclarée.")
    page.get_by_role("link", name="Contester un chiffre").click()
    page.fill("#motif", "Les feuilles du 12 ont été scannées deux fois.")
    page.get_by_role("button", name="Déposer la contestation").click()
    expect(page.get_by_role("status")).to_contain_text("Contestation déposée")
    expect(page.get_by_text("scannées deux fois")).to_be_visible()


def test_sans_script_on_filtre_on_trie_et_on_declare(navigateur: Browser, site: Site) -> None:
    contexte = navigateur.new_context(base_url=site.url, java_script_enabled=False)
    page = contexte.new_page()
    page.goto("/")
    page.select_option("#f-region", label="Bretagne")
    page.get_by_role("button", name="Filtrer").click()
    assert "4 caisses" in page.inner_text(".chapeau")
    page.get_by_role("link", name="Appels décrochés").click()
    assert "tri=taux_decroche" in page.url and "region=53" in page.url
    page.goto("/caisses/cpam-06/indicateurs/delai_fsp_assures_moyen")
    page.get_by_role("link", name="Calculer la projection").click()
    assert "Fin de mois projetée" in page.inner_text("main")
    contexte.close()


def test_le_reseau_entier_tient_en_200_ko_et_200_ms(page: Page, site: Site) -> None:
    page.goto("/")
    page.screenshot(path=site.images / "reseau_entier.png")
    durees = []
    for _ in range(5):
        debut = time.perf_counter()
        reponse = page.request.get(site.url)
        octets = len(reponse.body())
        durees.append(time.perf_counter() - debut)
    assert octets < POIDS_MAX
    assert re.search(r"107 caisses", reponse.text())
    assert min(durees) < DELAI_MAX_S, durees


def test_une_mission_commence_son_lundi_se_suit_et_se_lit_chez_l_aidee(page: Page, site: Site) -> None:
    for horloge in site.horloges:
        assert page.request.put(f"{horloge}/v1/horloge", data={"instant": PREMIER_LUNDI}).ok
    attendre(page, "/entraide", "10/01/2027 : en cours")
    page.goto("/entraide")
    page.get_by_role("link", name="CPAM de Loir-et-Cher aide CPAM des Alpes-Maritimes").click()
    expect(page.get_by_role("heading", name="Livré contre convenu")).to_be_visible()
    expect(page.get_by_text("CPAM de Loir-et-Cher a livré")).to_be_visible()
    examiner(page, site, "mission")
    page.goto(f"/caisses/{AIDEE}")
    recue = page.get_by_role("region", name="Entraide").locator("h3:text-is('Aide reçue') + ul > li").first
    expect(recue).to_contain_text("(en cours)")
    expect(recue).to_contain_text("Ce qui reste à mesurer, et ce qui était prévu sans cette mission")
    examiner(page, site, "caisse_aidee", etroite=False)
