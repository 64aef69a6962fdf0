"""The commands of docker-compose.yml, started together on real servers, and watched by a real Prometheus."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.attente import attendre

RACINE = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((RACINE / "docker-compose.yml").read_text(encoding="utf-8"))
PROCESSUS = {
    nom: s for nom, s in COMPOSE["services"].items() if s["image"].startswith("vigie:") and s["command"][0] == "serve"
}
TABLEAU = json.loads((RACINE / "deploy/grafana/tableaux/reseau.json").read_text(encoding="utf-8"))
_DEFAUT = re.compile(r"\$\{\w+:-(.*?)\}")
CHOIX = {"$__rate_interval": "20s", "$indicateur": "taux_decroche", "$fenetre": "7j", "$caisse": "(cpam-75|reseau)"}

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus absent (paquet prometheus)"),
]


def _port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


@contextmanager
def _lance(commande: list[str], journal: Path, env: Mapping[str, str]) -> Iterator[None]:
    with journal.open("wb") as sortie:
        enfant = subprocess.Popen(commande, stdin=subprocess.DEVNULL, stdout=sortie, stderr=sortie, env=dict(env))
    try:
        yield
        assert enfant.poll() is None, journal.read_text()[-3000:]
    finally:
        enfant.send_signal(signal.SIGTERM)
        try:
            enfant.wait(timeout=30)
        except subprocess.TimeoutExpired:
            enfant.kill()
            raise
    assert enfant.returncode == 0, journal.read_text()[-3000:]


def _environnement(nom: str, **ici: str) -> dict[str, str]:
    """What Compose gives to this container when nothing is set around it, with the addresses of this machine."""
    donnees = {cle: _DEFAUT.sub(r"\1", str(v)) for cle, v in COMPOSE["services"][nom]["environment"].items()}
    return {**os.environ, **donnees, **ici}


@pytest.fixture
def adresses(postgres_url: str, kafka_bootstrap: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Every process of the stack, ready; its address by name of Compose service."""
    ici = {"VIGIE_DATABASE_URL": postgres_url, "VIGIE_KAFKA_BOOTSTRAP": kafka_bootstrap, "VIGIE_HOTE": "127.0.0.1"}
    vigie = [sys.executable, "-m", "vigie"]
    subprocess.run(
        [*vigie, *COMPOSE["services"]["migrate"]["command"]], check=True, env=_environnement("migrate", **ici)
    )
    ports = {nom: str(_port_libre()) for nom in PROCESSUS}
    with ExitStack() as pile:
        for nom, service in PROCESSUS.items():
            env = _environnement(nom, **ici, VIGIE_PORT=ports[nom])
            pile.enter_context(_lance([*vigie, *service["command"]], tmp_path / f"{nom}.log", env))
        yield {nom: f"127.0.0.1:{port}" for nom, port in ports.items()}


@pytest.fixture
def prometheus(adresses: Mapping[str, str], tmp_path: Path) -> Iterator[str]:
    """Our Prometheus configuration, told by hand what DNS would tell it, and scraping every second."""
    config = yaml.safe_load((RACINE / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (vigie,) = [c for c in config["scrape_configs"] if c["job_name"] == "vigie"]
    noms = [nom for dns in vigie.pop("dns_sd_configs") for nom in dns["names"]]
    vigie["static_configs"] = [{"targets": [adresses[nom]], "labels": {"__meta_dns_name": nom}} for nom in noms]
    config["scrape_configs"] = [vigie]
    fichier = tmp_path / "prometheus.yml"
    fichier.write_text(yaml.safe_dump(config), encoding="utf-8")
    ecoute = f"127.0.0.1:{_port_libre()}"
    options = {"config.file": fichier, "storage.tsdb.path": tmp_path / "series", "web.listen-address": ecoute}
    commande = ["prometheus", *(f"--{nom}={valeur}" for nom, valeur in options.items())]
    with _lance(commande, tmp_path / "prometheus.log", os.environ):
        yield f"http://{ecoute}"


async def _interroger(client: httpx.AsyncClient, url: str, expr: str) -> list[dict[str, Any]]:
    for variable, valeur in CHOIX.items():
        expr = expr.replace(variable, valeur)
    reponse = await client.get(f"{url}/api/v1/query", params={"query": expr})
    assert reponse.status_code == 200, reponse.text
    resultat: list[dict[str, Any]] = reponse.json()["data"]["result"]
    return resultat


def _appel(numero: int, issue: str) -> dict[str, Any]:
    arrivee = datetime.now(UTC) - timedelta(hours=1)
    return {
        "specversion": "1.0",
        "id": f"appel-{numero}",
        "source": "urn:vigie:source:essai",
        "type": "vigie.appel.dossier.v1",
        "subject": f"A-{numero}",
        "data": {
            "caisse": "cpam-75",
            "jalons": {"presente": arrivee.isoformat(), issue: (arrivee + timedelta(seconds=30)).isoformat()},
        },
    }


@pytest.mark.timeout(240)
async def test_a_call_posted_to_the_stack_is_seen_on_the_dashboard(
    adresses: Mapping[str, str], prometheus: str
) -> None:
    requetes = {f"{p['title']} {c['refId']}": c["expr"] for p in TABLEAU["panels"] for c in p.get("targets", ())}
    async with httpx.AsyncClient(timeout=10) as client:

        async def pret(adresse: str) -> bool:
            try:
                return (await client.get(f"http://{adresse}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        for nom, adresse in adresses.items():
            await attendre(lambda adresse=adresse: pret(adresse), 60, f"{nom} prêt")

        appels = [*(_appel(n, "decroche") for n in range(3)), _appel(3, "abandonne"), {"specversion": "1.0"}]
        entetes = {"Content-Type": "application/cloudevents-batch+json", "Idempotency-Key": "essai"}
        reponse = await client.post(
            f"http://{adresses['contacts-api']}/v1/events", content=json.dumps(appels), headers=entetes
        )
        assert reponse.status_code == 202, reponse.text

        async def valeurs(nom: str) -> list[float]:
            try:
                return sorted(float(r["value"][1]) for r in await _interroger(client, prometheus, requetes[nom]))
            except httpx.TransportError:
                return []

        attendus: dict[str, list[float]] = {
            "Réseau A": [75],
            "Effectif du réseau A": [4],
            "Caisses mesurées A": [1],
            "Valeur par caisse A": [75, 75],
            "Retard A": [0, 0, 0, 0, 0],  # contacts and its persons, claims, alerts and the plans it waits for
            "En vie et prêts A": [1, 1, 1, 1, 1, 1],
            "En vie et prêts B": [1, 1, 1, 1, 1],
        }
        for nom, attendu in attendus.items():

            async def montre(nom: str = nom, attendu: list[float] = attendu) -> bool:
                return await valeurs(nom) == attendu

            await attendre(montre, 60, f"{nom} montre {attendu}")

        # A counter shows a rate from its second value on; what counts is that the series is there.
        for compteur in ("vigie_evenements_acceptes_total", "vigie_evenements_refuses_total"):
            assert await _interroger(client, prometheus, f'{compteur}{{service="contacts"}}')
        for expr in requetes.values():
            await _interroger(client, prometheus, expr)
