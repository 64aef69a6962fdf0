"""The five services as the command starts them, over a small replay, and a real browser in front of the console."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from shared.database import embarque
from simulator.envoi import Emetteur
from simulator.parametres import configurer
from simulator.simulation import Simulation, derouler
from tests.support.serveurs import manque
from vigie.pile import PORTS, Base, Pile
from vigie.travail import DEFINITIONS, ecouler, service_ouvert

DERNIER_JOUR_ABSENT = date(2026, 11, 12)
"""The replay ends on the evening before, after the day of the comité of October."""

VEILLE = date(2026, 11, 10)
"""Alerts are evaluated from then on."""

MOIS, FRACTION = 1, 1_500

AIDEE, AIDANTES = "cpam-06", ("cpam-21", "cpam-41", "cpam-56")
"""A caisse whose callers wait, and three whose pôles have lines to lend."""

JOUR_DE_LA_CRISE, APPELS = date(2026, 11, 2), 2_000
"""Calls of the caisse from that Monday to the Friday, each day; the three have half of it."""


@dataclass(frozen=True)
class Site:
    """Where the console is, and where pictures are kept."""

    url: str
    horloges: tuple[str, ...]
    images: Path


def _libres() -> dict[str, int]:
    prises = {nom: socket.socket() for nom in PORTS}
    for prise in prises.values():
        prise.bind(("127.0.0.1", 0))
    ports = {nom: int(prise.getsockname()[1]) for nom, prise in prises.items()}
    for prise in prises.values():
        prise.close()
    return ports


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Started once: one month of the network, one national event in 1,500."""
    dossier = Path(tempfile.mkdtemp(prefix="vigie-console-"))
    images = Path(os.environ.get("VIGIE_TEST_IMAGES", dossier / "images"))
    images.mkdir(parents=True, exist_ok=True)
    try:
        with Pile(dossier, base="essai_console", neuve=True, horloge="simulee", ports=_libres()) as pile:
            asyncio.run(_rejouer(pile))
            yield Site(pile.urls["console"], tuple(pile.urls.values()), images)
    finally:
        embarque.arreter(dossier / "postgres")
        shutil.rmtree(dossier, ignore_errors=True)


async def _rejouer(pile: Pile) -> None:
    simulation = Simulation(configurer(DERNIER_JOUR_ABSENT, mois=MOIS, fraction=FRACTION))
    horloges = [pile.urls[nom] for nom in ("alerts", "entraide", "console")]
    async with Emetteur(pile.urls["contacts"], pile.urls["claims"], horloges=horloges) as emetteur:
        for journee in derouler(simulation):
            await emetteur.envoyer(journee)
            if journee.jour >= VEILLE:
                await emetteur.dire_l_heure(journee.fin)
    async with httpx.AsyncClient() as client:
        lot = {"content-type": "application/cloudevents-batch+json"}
        recu = await client.post(f"{pile.urls['contacts']}/v1/events", json=list(_crise()), headers=lot)
        assert recu.json()["refuses"] == 0, recu.text
    base = Base(pile.database_url, pile.kafka_bootstrap, pile_en_marche=True)
    for definition in DEFINITIONS.values():
        async with service_ouvert(base, definition) as service:
            await ecouler(service, consommer=False)


def _crise() -> Iterator[dict[str, Any]]:
    """Three calls in ten are given up at the caisse to be aided; one in a hundred at the three."""
    for rang in range(5):
        jour = JOUR_DE_LA_CRISE + timedelta(days=rang)
        for caisse in (AIDEE, *AIDANTES):
            appels, perdus = (APPELS, 0.3) if caisse == AIDEE else (APPELS // 2, 0.01)
            for jalon, part in (("decroche", 1 - perdus), ("abandonne", perdus)):
                quoi = f"{jour}-{caisse}-{jalon}"
                jalons = {"presente": f"{jour}T10:00:00+01:00", jalon: f"{jour}T10:01:00+01:00"}
                yield {
                    "specversion": "1.0", "id": quoi, "subject": quoi, "source": "urn:vigie:source:pfs-essai",
                    "type": "vigie.appel.dossier.v1", "time": jalons[jalon],
                    "data": {"caisse": caisse, "nombre": round(appels * part), "jalons": jalons},
                }  # fmt: skip


@pytest.fixture(scope="module")
def navigateur(site: Site) -> Iterator[Browser]:
    """Debian's Chromium: the driver brings no browser of its own. Closed with the module, since its driver keeps an
    event loop running in this thread, beside which no other can."""
    del site
    chemin = shutil.which("chromium")
    if chemin is None:
        manque("Chromium n'est pas sur cette machine (paquet chromium).")
    with sync_playwright() as playwright:
        ouvert = playwright.chromium.launch(executable_path=chemin, args=["--no-sandbox"])
        yield ouvert
        ouvert.close()


@pytest.fixture
def page(navigateur: Browser, site: Site) -> Iterator[Page]:
    """A new window on the console; a word on its console, or an error of its script, fails the test."""
    contexte = navigateur.new_context(base_url=site.url, viewport={"width": 1280, "height": 900}, locale="fr-FR")
    ouverte = contexte.new_page()
    ouverte.set_default_timeout(20_000)
    fautes: list[str] = []
    ouverte.on("pageerror", lambda faute: fautes.append(str(faute)))
    ouverte.on("console", lambda mot: fautes.append(mot.text) if mot.type == "error" else None)
    yield ouverte
    contexte.close()
    assert fautes == []
