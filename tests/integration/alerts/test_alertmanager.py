"""Pushed to a real Prometheus Alertmanager: open, acknowledged, resolved, silenced; and down for a while."""

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.alerts.consumers.alertmanager import Poussoir
from tests.integration.alerts.conftest import Document, Reseau
from tests.support.attente import attendre
from tests.support.serveurs import manque

RACINE = Path(__file__).parents[3]
NOMS = ("prometheus-alertmanager", "alertmanager")
"""Of the program: Debian's, and that of the project."""


@dataclass
class Alertmanager:
    """One server on a port of its own, that a test may stop and start again."""

    binaire: str
    dossier: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def adresse(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def demarrer(self) -> None:
        with (self.dossier / "journal").open("ab") as sortie:
            self.process = subprocess.Popen(
                [
                    self.binaire,
                    f"--config.file={RACINE / 'deploy/alertmanager/alertmanager.yml'}",
                    f"--storage.path={self.dossier / 'donnees'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--cluster.listen-address=",
                ],
                stdout=sortie,
                stderr=sortie,
            )

    def arreter(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None


@pytest.fixture
def serveur(tmp_path: Path) -> Iterator[Alertmanager]:
    binaire = next((trouve for nom in NOMS if (trouve := shutil.which(nom))), None)
    if binaire is None:
        manque("Alertmanager n'est pas installé (paquet prometheus-alertmanager)")
        raise AssertionError
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    ouvert = Alertmanager(binaire, tmp_path, port)
    ouvert.demarrer()
    yield ouvert
    ouvert.arreter()


@pytest.fixture
async def client(serveur: Alertmanager) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=serveur.adresse) as ouvert:
        await attendre(lambda: _pret(ouvert), 20, "Alertmanager est prêt")
        yield ouvert


async def _pret(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).status_code == 200
    except httpx.HTTPError:
        return False


async def la_bas(client: httpx.AsyncClient) -> list[Document]:
    """The alerts Alertmanager says are active."""
    recues: list[Document] = (await client.get("/api/v2/alerts")).json()
    return recues


def poussoir(reseau: Reseau, client: httpx.AsyncClient, serveur: Alertmanager, relance_s: float = 60) -> Poussoir:
    return Poussoir(reseau.service.moteur, client, serveur.adresse, reseau.clock, relance_s)


async def declarer(reseau: Reseau) -> Document:
    declaree = await reseau.poster("/v1/declarations", {"caisse": "cpam-33", "genre": "pca", "motif": "Grève"})
    await reseau.evaluer()
    return declaree


async def test_une_alerte_ouverte_y_est_et_sa_resolution_aussi(
    alertes: Reseau, client: httpx.AsyncClient, serveur: Alertmanager
) -> None:
    declaree = await declarer(alertes)
    envoi = poussoir(alertes, client, serveur)
    assert await envoi.pousser() == 1
    (recue,) = await la_bas(client)
    assert recue["status"]["state"] == "active"
    assert {c: recue["labels"][c] for c in ("alertname", "caisse", "genre", "severity")} == {
        "alertname": "VigieDeclaration", "caisse": "cpam-33", "genre": "declaration", "severity": "critical",
    }  # fmt: skip
    assert "PCA en vigueur" in recue["annotations"]["summary"]

    (alerte,) = await alertes.alertes()
    vue = await alertes.client.get(f"/v1/alertes/{alerte['id']}")
    await alertes.poster(f"/v1/alertes/{alerte['id']}/prise-en-compte", {"motif": "Vu"}, if_match=vue.headers["etag"])
    assert await envoi.pousser() == 1
    (encore,) = await la_bas(client)
    assert encore["fingerprint"] == recue["fingerprint"], "la même alerte, avec une annotation de plus"
    assert encore["annotations"]["prise_en_compte_par"] == "local"

    await alertes.finir(f"/v1/declarations/{declaree['id']}")
    await alertes.evaluer()
    assert await envoi.pousser() == 1
    await attendre(lambda: _vide(client), 10, "la résolution est reçue")
    assert await envoi.pousser() == 0, "dite une fois, elle ne l'est plus"


async def _vide(client: httpx.AsyncClient) -> bool:
    return await la_bas(client) == []


async def test_une_alerte_qui_dure_est_renvoyee_avant_d_expirer(
    alertes: Reseau, client: httpx.AsyncClient, serveur: Alertmanager
) -> None:
    await declarer(alertes)
    boucle = alertes.boucle
    boucle.poussoir = poussoir(alertes, client, serveur, relance_s=0.5)
    fins = set()

    async def trois_fins() -> bool:
        await boucle.tour()
        recues = await la_bas(client)
        assert len(recues) == 1, "jamais éteinte entre deux envois"
        fins.add(recues[0]["endsAt"])
        return len(fins) >= 3

    await boucle.tour()
    await attendre(trois_fins, 20, "trois échéances de suite")


async def test_une_resolution_attend_qu_alertmanager_revienne(
    alertes: Reseau, client: httpx.AsyncClient, serveur: Alertmanager
) -> None:
    declaree = await declarer(alertes)
    boucle = alertes.boucle
    boucle.poussoir = poussoir(alertes, client, serveur, relance_s=0.5)
    await boucle.tour()
    assert len(await la_bas(client)) == 1
    await asyncio.to_thread(serveur.arreter)
    await alertes.finir(f"/v1/declarations/{declaree['id']}")
    await boucle.evaluateur.evaluer(complete=True)
    await boucle.tour()
    serveur.demarrer()
    await attendre(lambda: _pret(client), 20, "Alertmanager est revenu")

    async def resolue() -> bool:
        await boucle.tour()
        reste = await alertes.service.pool.fetchval("SELECT count(*) FROM alerts.alertes WHERE poussee")
        return bool(reste == 0)

    await attendre(resolue, 20, "la résolution a été prise")
    assert await la_bas(client) == []


async def test_un_silence_y_est_pose_puis_leve(
    alertes: Reseau, client: httpx.AsyncClient, serveur: Alertmanager
) -> None:
    await declarer(alertes)
    silence = await alertes.poster(
        "/v1/silences", {"caisse": "cpam-33", "fin": "2026-03-05T09:00:00+01:00", "motif": "Connu", "auteur": "DDO"}
    )
    envoi = poussoir(alertes, client, serveur)
    for _ in range(2):
        await envoi.pousser()
        silences = await _silences(client)
        assert len(silences) == 1
    assert silences[0]["comment"] == f"[vigie silence {silence['id']}] DDO : Connu"

    async def tue() -> bool:
        return [a["status"]["state"] for a in await la_bas(client)] == ["suppressed"]

    await attendre(tue, 15, "l'alerte est tue")
    await alertes.finir(f"/v1/silences/{silence['id']}")
    await envoi.pousser()
    assert await _silences(client) == []


async def _silences(client: httpx.AsyncClient) -> list[Any]:
    lus = (await client.get("/api/v2/silences")).json()
    return [s for s in lus if s["status"]["state"] != "expired"]
