"""``make images``: the pictures of the README, taken in the demonstration's own console.

Starts ``vigie demo`` under a folder of its own and waits until it is live; ``--console URL`` uses one that runs.
"""

import argparse
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.demonstration import demonstration

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"

DEMONSTRATION = ("--mois", "3", "--fraction", "300")

LARGEURS = {"": (1280, 860), "-etroit": (390, 844)}
"""Suffix of the file -> size of the window, in CSS pixels."""

POIDS_MAX = 200_000


@dataclass(frozen=True)
class Image:
    """One picture: ``aller`` finds its page from the first one, as a person does; ``ancre``: what its top shows;
    ``hauteur``: the most of it that is kept, in CSS pixels."""

    nom: str
    aller: Callable[[Page], None]
    ancre: str | None = None
    hauteur: int = 900


def _reseau(page: Page) -> None:
    page.goto("/")


def _caisse(page: Page) -> None:
    page.goto("/")
    page.locator(".premieres > li > a").first.click()


def _indicateur(page: Page) -> None:
    _caisse(page)
    page.locator("section").first.locator("tbody tr", has=page.locator(".v-alerte")).first.get_by_role("link").click()


def _proposition(page: Page) -> None:
    page.goto("/entraide/propositions")
    page.locator("main a[href^='/entraide/propositions/']").first.click()


def _ma_caisse(page: Page) -> None:
    _caisse(page)
    page.get_by_role("link", name="Espace de la caisse").click()


A_PRENDRE = (
    Image("console-reseau", _reseau),
    Image("console-matrice", _reseau, "#t-matrice", 600),
    Image("console-caisse", _caisse),
    Image("console-indicateur", _indicateur),
    Image("console-proposition", _proposition),
    Image("console-ma-caisse", _ma_caisse),
)


def prendre(navigateur: Browser, console: str, vers: Path) -> list[Path]:
    """Every picture, at every width."""
    faites = []
    for suffixe, (largeur, hauteur) in LARGEURS.items():
        contexte = navigateur.new_context(
            base_url=console, viewport={"width": largeur, "height": hauteur}, locale="fr-FR", reduced_motion="reduce"
        )
        page = contexte.new_page()
        page.set_default_timeout(60_000)
        for image in A_PRENDRE:
            image.aller(page)
            page.wait_for_load_state("load")
            if image.ancre is not None:
                page.locator(image.ancre).evaluate("e => e.scrollIntoView()")
            fichier = vers / f"{image.nom}{suffixe}.png"
            page.screenshot(
                path=fichier, clip={"x": 0, "y": 0, "width": largeur, "height": min(hauteur, image.hauteur)}
            )
            faites.append(fichier)
        contexte.close()
    return faites


def main() -> None:
    """Take them, and say what they weigh; fails when one is too heavy for a README."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--console", help="adresse d'une console déjà en marche")
    options.add_argument("--vers", type=Path, default=IMAGES)
    lues = options.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium n'est pas sur cette machine (paquet chromium).")
    lues.vers.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        navigateur = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--lang=fr-FR"])
        if lues.console:
            faites = prendre(navigateur, lues.console, lues.vers)
        else:
            with demonstration(*DEMONSTRATION) as pile:
                faites = prendre(navigateur, pile.urls["console"], lues.vers)
        navigateur.close()
    for fichier in faites:
        sys.stdout.write(f"{fichier.name} {fichier.stat().st_size // 1000} ko\n")
    lourdes = [f.name for f in faites if f.stat().st_size > POIDS_MAX]
    if lourdes:
        raise SystemExit(f"Plus de {POIDS_MAX // 1000} ko : {', '.join(lourdes)}")


if __name__ == "__main__":
    main()
