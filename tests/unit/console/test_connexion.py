"""Logging in to the console: a provider over real HTTP with real keys, a browser without a script."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from services.console.acces import menu, peut
from services.console.app import creer
from services.console.assemblage import ServiceConsole
from services.console.connexion.fournisseur import Jetons
from services.console.connexion.identite import connexion_de
from services.console.connexion.route import chemin_d_ici
from services.console.connexion.sessions import Sessions
from services.console.reglages import ReglagesConsole
from shared.clock import SimulatedClock, SystemClock
from shared.service.identite import Principal
from shared.service.reglages import ReglagesInvalides
from tests.support.emetteur import AUDIENCE, CLIENT, SECRET, emetteur_en_marche
from tests.support.guichet import Guichet

CONSOLE = "http://127.0.0.1:8105"
PERSONNE = 9
"""A port where nobody answers: the pages stand without the services."""


@pytest.fixture
def guichet() -> Iterator[Guichet]:
    with emetteur_en_marche(Guichet) as guichet:
        yield guichet


def reglages(guichet: Guichet, **autres: Any) -> ReglagesConsole:
    nulle_part = {f"{s}_url": f"http://127.0.0.1:{PERSONNE}" for s in ("contacts", "claims", "alerts", "entraide")}
    return ReglagesConsole(
        mode="production", oidc_emetteur=guichet.url, oidc_audience=AUDIENCE, oidc_client=CLIENT,
        oidc_secret=SecretStr(SECRET), **(nulle_part | {"console_url": CONSOLE} | autres),
    )  # fmt: skip


@pytest.fixture
async def navigateur(guichet: Guichet) -> AsyncIterator[httpx.AsyncClient]:
    """Follows redirections from the console to the provider and back, keeping the cookies of each."""
    app = creer(reglages(guichet), SystemClock())
    async with LifespanManager(app) as vie:
        console = httpx.ASGITransport(app=vie.app)
        async with httpx.AsyncClient(mounts={CONSOLE: console}, base_url=CONSOLE, follow_redirects=True) as client:
            client.app = app  # type: ignore[attr-defined]
            yield client


def sessions(navigateur: httpx.AsyncClient) -> Sessions:
    service = navigateur.app.pieces[ServiceConsole]  # type: ignore[attr-defined]
    return service.connexion.sessions  # type: ignore[no-any-return]


def nom_des_rubriques(page: str) -> list[str]:
    nav = page[page.index('<nav aria-label="Rubriques">') : page.index("</nav>")]
    return re.findall(r">([^<>\n]+)</a>", nav)


async def test_sans_ce_qui_identifie_la_console_refuse_de_demarrer_et_nomme_tout_ce_qui_manque() -> None:
    with pytest.raises(ReglagesInvalides) as refus:
        creer(ReglagesConsole(mode="production"), SystemClock())
    for nom in ("OIDC_EMETTEUR", "OIDC_AUDIENCE", "OIDC_CLIENT", "OIDC_SECRET", "CONSOLE_URL"):
        assert f"VIGIE_{nom}" in str(refus.value)
    with pytest.raises(ReglagesInvalides, match="https"):
        ReglagesConsole(mode="production", console_url="http://vigie.exemple.fr")


@pytest.mark.parametrize("adresse", ["contacts", "contacts:8101", "ftp://contacts", "http://"])
def test_l_adresse_d_un_service_qui_n_en_est_pas_une_est_dite_au_demarrage(adresse: str) -> None:
    with pytest.raises(ReglagesInvalides, match="VIGIE_CONTACTS_URL doit être une adresse"):
        ReglagesConsole(contacts_url=adresse)


def test_en_https_les_cookies_ne_sont_que_de_cet_hote_et_ne_voyagent_qu_ainsi(guichet: Guichet) -> None:
    connexion = connexion_de(reglages(guichet, console_url="https://vigie.exemple.fr/"), SystemClock())
    assert connexion is not None
    assert (connexion.sure, connexion.cookie) == (True, "__Host-vigie_session")
    assert connexion.adresse == "https://vigie.exemple.fr"


async def test_qui_n_est_pas_connecte_passe_par_le_fournisseur_et_revient_ou_il_allait(
    navigateur: httpx.AsyncClient,
) -> None:
    page = await navigateur.get("/alertes?etat=ouverte")
    assert page.status_code == 200
    assert str(page.url) == f"{CONSOLE}/alertes?etat=ouverte"
    depart, autorisation, retour, _ = [r.headers["location"] for r in page.history]
    assert depart == "/connexion?vers=%2Falertes%3Fetat%3Douverte"
    demande = parse_qs(urlsplit(autorisation).query)
    assert demande["code_challenge_method"] == ["S256"]
    assert demande["redirect_uri"] == [f"{CONSOLE}/connexion/retour"]
    assert len(demande["state"][0]) >= 32 <= len(demande["nonce"][0])
    assert urlsplit(retour).path == "/connexion/retour"
    assert "Camille Diop" in page.text
    pose = next(c for r in page.history for c in r.headers.get_list("set-cookie") if c.startswith("vigie_session="))
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(pose.split("; "))
    assert [c.name for c in navigateur.cookies.jar] == ["vigie_session", "vigie_jeton"]


@pytest.mark.parametrize(
    "defaut", [{"nonce": "un autre"}, {"aud": "autre"}, {"iss": "http://ailleurs"}, {"exp": 1}, {"azp": "autre"},
               {"sub": "une autre personne"}],
)  # fmt: skip
async def test_un_jeton_d_identite_qui_n_est_pas_de_ce_depart_ne_fait_entrer_personne(
    navigateur: httpx.AsyncClient, guichet: Guichet, defaut: dict[str, Any]
) -> None:
    guichet.defaut = defaut
    page = await navigateur.get("/alertes")
    assert page.status_code == 403
    assert "ne vous a pas fait entrer" in page.text
    assert len(sessions(navigateur)) == 0


async def test_un_retour_qui_n_est_parti_d_ici_ou_qui_sert_deux_fois_est_refuse(
    navigateur: httpx.AsyncClient, guichet: Guichet
) -> None:
    assert (await navigateur.get("/connexion/retour?code=x&state=un-etat-invente")).status_code == 400
    page = await navigateur.get("/alertes")
    retour = page.history[2].headers["location"]
    navigateur.cookies.clear()
    assert (await navigateur.get(retour)).status_code == 400
    depart = await navigateur.get("/connexion", follow_redirects=False)
    etat = parse_qs(urlsplit(depart.headers["location"]).query)["state"][0]
    assert (await navigateur.get(f"/connexion/retour?error=access_denied&state={etat}")).status_code == 403
    guichet.panne = True
    assert (await navigateur.get("/connexion", follow_redirects=False)).status_code in (303, 503)


async def test_le_jeton_est_renouvele_avant_sa_fin_et_ses_roles_sont_ceux_de_maintenant(
    navigateur: httpx.AsyncClient, guichet: Guichet
) -> None:
    guichet.duree_s = 20
    await navigateur.get("/alertes")
    guichet.personne = {**guichet.personne, "realm_access": {"roles": ["caisse:cpam-75"]}}
    page = await navigateur.get("/ma-caisse")
    assert guichet.renouveles >= 1
    assert str(page.url) == f"{CONSOLE}/ma-caisse/cpam-75"
    assert nom_des_rubriques(page.text) == ["Réseau", "Alertes", "Entraide", "Ma caisse", "Sources"]
    guichet.renouvellements.clear()
    depart = await navigateur.get("/alertes", follow_redirects=False)
    assert depart.headers["location"].startswith("/connexion?vers=")
    assert len(sessions(navigateur)) == 0


async def test_une_page_d_un_autre_role_dit_a_quoi_on_n_a_pas_acces_et_sous_quels_roles(
    navigateur: httpx.AsyncClient, guichet: Guichet
) -> None:
    guichet.personne = {**guichet.personne, "realm_access": {"roles": ["caisse:cpam-75"]}}
    for chemin, dit in (
        ("/comites", "Vous n’avez pas accès au comité"),
        ("/ma-caisse/cpam-31", "Vous n’avez pas accès à l’espace de CPAM de la Haute-Garonne"),
        ("/rejets", "Vous n’avez pas accès aux rejets"),
    ):
        page = await navigateur.get(chemin)
        assert page.status_code == 403
        assert f"<h1>{dit}</h1>" in page.text
        assert "caisse de CPAM de Paris" in page.text
    guichet.personne = {**guichet.personne, "realm_access": {"roles": []}}
    navigateur.cookies.clear()
    page = await navigateur.get("/alertes")
    assert page.status_code == 403
    assert "sans aucun rôle dans Vigie" in page.text


async def test_se_deconnecter_finit_la_session_ici_et_chez_le_fournisseur(
    navigateur: httpx.AsyncClient, guichet: Guichet
) -> None:
    page = await navigateur.get("/alertes")
    assert (await navigateur.post("/deconnexion", data={"jeton": "x" * 30})).status_code == 403
    (jeton,) = re.findall(r'action="/deconnexion"><input type="hidden" name="jeton" value="([^"]+)"', page.text)
    sortie = await navigateur.post("/deconnexion", data={"jeton": jeton})
    assert str(sortie.url) == f"{CONSOLE}/au-revoir"
    assert "Vous êtes déconnecté" in sortie.text
    (finie,) = guichet.finies
    assert finie["client_id"] == CLIENT
    assert finie["id_token_hint"]
    assert len(sessions(navigateur)) == 0
    assert urlsplit(guichet.url).netloc in page.headers["content-security-policy"]


async def test_un_formulaire_envoye_apres_la_fin_de_la_session_n_est_pas_perdu(
    navigateur: httpx.AsyncClient, guichet: Guichet
) -> None:
    guichet.personne = {**guichet.personne, "realm_access": {"roles": ["caisse:cpam-75"]}}
    page = await navigateur.get("/ma-caisse/cpam-75/declaration")
    champs = dict(re.findall(r'name="(jeton|cle)" value="([^"]+)"', page.text))
    del navigateur.cookies["vigie_session"]
    refus = await navigateur.post("/ma-caisse/cpam-75/declaration", data={**champs, "genre": "pca", "motif": "Eau"})
    assert refus.status_code == 401
    assert "rechargez cette page" in refus.text
    await navigateur.get("/alertes")
    envoi = await navigateur.post("/ma-caisse/cpam-75/declaration", data={**champs, "genre": "pca", "motif": "Eau"})
    assert "Service alertes injoignable" in envoi.text


async def test_un_script_qui_demande_une_partie_sans_session_apprend_qu_elle_est_finie(
    navigateur: httpx.AsyncClient,
) -> None:
    entetes = {"sec-fetch-mode": "cors", "x-fragment": "1"}
    assert (await navigateur.get("/caisses/cpam-75/surveillance", headers=entetes)).status_code == 401


def test_une_session_finit_par_inactivite_par_duree_et_par_sa_fermeture() -> None:
    clock = SimulatedClock(datetime(2026, 11, 2, 9, tzinfo=UTC))
    tenues = Sessions(clock, timedelta(hours=1), timedelta(hours=10))
    cle = tenues.ouvrir(Jetons("a", clock.now(), None, None), Principal("f1d2", "Camille", frozenset()))
    for _ in range(11):
        clock.advance_to(clock.now() + timedelta(minutes=50))
        session = tenues.trouver(cle)
        assert session is not None
        session.vue_le = clock.now()
    clock.advance_to(clock.now() + timedelta(minutes=51))
    assert tenues.trouver(cle) is None
    autre = tenues.ouvrir(Jetons("b", clock.now(), None, None), Principal("f1d2", "Camille", frozenset()))
    assert len(tenues) == 1
    clock.advance_to(clock.now() + timedelta(minutes=61))
    assert tenues.trouver(autre) is None
    tenues.fermer(autre)
    assert tenues.trouver("") is None


@pytest.mark.parametrize(
    ("vers", "attendu"),
    [("/alertes?etat=ouverte", "/alertes?etat=ouverte"), ("//ailleurs.fr", "/"), ("/\\ailleurs.fr", "/"),
     ("https://ailleurs.fr", "/"), ("/a\r\nb", "/"), ("/connexion", "/"), ("/" + "a" * 2_000, "/"), ("", "/")],
)  # fmt: skip
def test_apres_la_connexion_on_ne_va_que_sur_une_page_d_ici(vers: str, attendu: str) -> None:
    assert chemin_d_ici(vers) == attendu


def test_le_menu_et_les_actes_sont_ceux_des_roles() -> None:
    membre = Principal("a", "A", frozenset({"comite"}))
    caisse = Principal("b", "B", frozenset({"caisse:cpam-75", "coordinateur:cpam-75"}))
    assert [nom for nom, *_ in menu(membre)] == ["reseau", "alertes", "comite", "entraide", "ma-caisse", "sources"]
    assert ("alertes", "Alertes", "/alertes?caisse=cpam-75") in menu(caisse)
    assert menu(Principal("c", "C", frozenset({"source"}))) == menu(None) == []
    assert peut(membre, "comite", "president")
    assert not peut(membre, "president")
    assert peut(caisse, "reseau", "caisse", caisse="cpam-75")
    assert not peut(caisse, "reseau", "caisse", caisse="cpam-31")
