"""A real Keycloak, a real browser, the console and a service as in production: in, what one's roles allow, out."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from shared.database import embarque
from tests.support.attente import attendre
from tests.support.keycloak import (
    AUDIENCE,
    CONSOLE,
    MOT_DE_PASSE,
    SECRET_CONSOLE,
    Keycloak,
    arreter,
    lancer,
    royaume,
)
from tests.support.serveurs import manque

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(420)]

expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Site:
    """Where the console is, and the provider that lets people in."""

    url: str
    keycloak: Keycloak


def _libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    dossier = Path(tempfile.mkdtemp(prefix="vigie-connexion-"))
    ports = {"claims": _libre(), "console": _libre()}
    url = f"http://127.0.0.1:{ports['console']}"
    keycloak, processus = lancer(dossier / "keycloak", json.dumps(royaume(url)))
    embarque.demarrer(dossier / "postgres")
    serveur = embarque.serveur_embarque(dossier / "postgres")
    embarque.creer_base(serveur, "essai")
    environnement = os.environ | {
        "VIGIE_MODE": "production", "VIGIE_DATABASE_URL": serveur.url("essai"), "VIGIE_CONSOLE_URL": url,
        "VIGIE_OIDC_EMETTEUR": keycloak.emetteur, "VIGIE_OIDC_AUDIENCE": AUDIENCE, "VIGIE_OIDC_CLIENT": CONSOLE,
        "VIGIE_OIDC_SECRET": SECRET_CONSOLE, "VIGIE_CLAIMS_URL": f"http://127.0.0.1:{ports['claims']}",
        "VIGIE_CLE_PSEUDONYME": "une clé d'essai assez longue pour un pseudonyme", "VIGIE_HOME": str(dossier),
        **{f"VIGIE_{nom}_URL": "http://127.0.0.1:9" for nom in ("CONTACTS", "ALERTS", "ENTRAIDE")},
    }  # fmt: skip
    enfants = [
        subprocess.Popen(
            [sys.executable, "-m", "vigie", "serve", nom, "--role", "api", "--port", str(port)], env=environnement
        )
        for nom, port in ports.items()
    ]
    try:
        for port in ports.values():
            asyncio.run(attendre(partial(_pret, port), 120, "le service est prêt"))
        yield Site(url, keycloak)
    finally:
        for enfant in enfants:
            enfant.terminate()
        for enfant in enfants:
            enfant.wait(30)
        arreter(processus)
        embarque.arreter(dossier / "postgres")
        shutil.rmtree(dossier, ignore_errors=True)


def _pret(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    chemin = shutil.which("chromium")
    if chemin is None:
        manque("Chromium n'est pas sur cette machine (paquet chromium).")
    with sync_playwright() as playwright:
        ouvert = playwright.chromium.launch(executable_path=chemin, args=["--no-sandbox"])
        page = ouvert.new_context(base_url=site.url, locale="fr-FR").new_page()
        page.set_default_timeout(20_000)
        yield page
        ouvert.close()


def entrer(page: Page, compte: str) -> None:
    """On Keycloak's own page."""
    page.locator("#username").fill(compte)
    page.locator("#password").fill(MOT_DE_PASSE)
    page.locator("#kc-login").click()


def test_on_entre_par_keycloak_on_voit_ce_que_ses_roles_permettent_et_on_en_sort(page: Page, site: Site) -> None:
    page.goto("/rejets?etat=ouvert")
    assert page.url.startswith(site.keycloak.emetteur)
    entrer(page, "reseau")
    expect(page.get_by_role("heading", level=1)).to_have_text("Événements refusés")
    assert page.url == f"{site.url}/rejets?etat=ouvert"
    expect(page.get_by_role("banner")).to_contain_text("Compte reseau")
    (session,) = [c for c in page.context.cookies() if c["name"] == "vigie_session"]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous êtes déconnecté")

    page.get_by_role("main").get_by_role("link", name="Se connecter").click()
    entrer(page, "caisse")
    expect(page.get_by_role("heading", level=1)).to_have_text("Réseau")
    rubriques = page.get_by_role("navigation", name="Rubriques").get_by_role("link")
    assert rubriques.all_inner_texts() == ["Réseau", "Alertes", "Entraide", "Ma caisse", "Sources"]
    page.get_by_role("link", name="Ma caisse").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CPAM de Paris")
    page.goto("/comites")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous n’avez pas accès au comité")
    explication = "/caisses/{}/indicateurs/delai_fsp_assures_moyen/explication"
    page.goto(explication.format("cpam-75"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Les dossiers derrière le chiffre")
    page.goto(explication.format("cpam-31"))
    expect(page.get_by_role("main")).to_contain_text("Vous agissez pour cpam-75")


def test_la_session_se_renouvelle_seule_et_finit_quand_keycloak_y_met_fin(page: Page, site: Site) -> None:
    page.goto("/sources")
    entrer(page, "auditeur")
    for _ in range(3):  # each page renews the token: it lasts less than what must be left of it
        page.goto("/rejets")
        expect(page.get_by_role("heading", level=1)).to_have_text("Événements refusés")
        expect(page.get_by_text("Service dossiers injoignable")).to_have_count(0)
    site.keycloak.finir_les_sessions()
    page.goto("/rejets")
    assert page.url.startswith(site.keycloak.emetteur)
