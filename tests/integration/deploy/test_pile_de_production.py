"""The commands of docker-compose.yml, started together on real servers, and watched by a real Prometheus."""

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml

from shared.database.connexion import url_asyncpg
from shared.dossiers.vues import LECTEUR
from tests.support.attente import attendre

RACINE = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((RACINE / "docker-compose.yml").read_text(encoding="utf-8"))
PROCESSUS = {
    nom: s for nom, s in COMPOSE["services"].items() if s["image"].startswith("vigie:") and s["command"][0] == "serve"
}
REQUETES: dict[str, dict[str, str]] = {
    f"{fichier.stem} : {panneau['title']} {cible['refId']}": cible
    for fichier in (RACINE / "deploy/grafana/tableaux").glob("*.json")
    for panneau in json.loads(fichier.read_text(encoding="utf-8"))["panels"]
    for cible in panneau.get("targets", ())
}
PROMQL = {nom: cible["expr"] for nom, cible in REQUETES.items() if "expr" in cible}
SQL = {nom: cible["rawSql"] for nom, cible in REQUETES.items() if "rawSql" in cible}
_DEFAUT = re.compile(r"\$\{\w+:-(.*?)\}")
CHOIX = {
    "$__rate_interval": "20s",
    "$indicateur": "taux_decroche",
    "$fenetre": "7j",
    '="$caisse"': '="cpam-75"',
    "= '$caisse'": "= 'cpam-75'",
    "$caisse": "(cpam-75|reseau)",
    "${dossier}": "fse",
}
TRANQUILLES = (
    "vigie : Incidents du journal",
    "vigie : Durée d'une évaluation",
    "vigie : Notifications envoyées",
    "vigie : Boîte d'envoi A",
    "telephonie : Toutes les caisses, aujourd'hui F",  # two sources that disagree
    "comite : Caisses en alerte",
    "comite : Alertes par état",
    "comite : Envois par minute",
    "comite : Fausses attendues",
    "comite : Qui attendent",
    "comite : Plus vieille",
    "comite : Besoins",
    "comite : Propositions",
)
"""Panels with nothing to show in a stack where all goes well since a minute."""

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


async def _avec_un_lecteur(url: str) -> None:
    """The role that ``deploy/postgres/lecture.sh`` makes, as far as rights go; roles outlive a test's database."""
    async with connecte(url) as conn:
        if not await conn.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", LECTEUR):
            await conn.execute(f"CREATE ROLE {LECTEUR}")


@asynccontextmanager
async def connecte(url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(url_asyncpg(url))
    try:
        yield conn
    finally:
        await conn.close()


@pytest.fixture
def adresses(postgres_url: str, kafka_bootstrap: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Every process of the stack, ready; its address by name of Compose service."""
    ici = {"VIGIE_DATABASE_URL": postgres_url, "VIGIE_KAFKA_BOOTSTRAP": kafka_bootstrap, "VIGIE_HOTE": "127.0.0.1"}
    ici["VIGIE_CLE_SECRETS"] = base64.b64encode(bytes(32)).decode()
    vigie = [sys.executable, "-m", "vigie"]
    asyncio.run(_avec_un_lecteur(postgres_url))
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


def _choisir(requete: str) -> str:
    for variable, valeur in CHOIX.items():
        requete = requete.replace(variable, valeur)
    return requete


async def _interroger(client: httpx.AsyncClient, url: str, expr: str) -> list[dict[str, Any]]:
    reponse = await client.get(f"{url}/api/v1/query", params={"query": _choisir(expr)})
    assert reponse.status_code == 200, reponse.text
    resultat: list[dict[str, Any]] = reponse.json()["data"]["result"]
    return resultat


def _evenement(numero: int, process: str, **jalons: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{process}-{numero}",
        "source": "urn:vigie:source:essai",
        "type": f"vigie.{process}.dossier.v1",
        "subject": f"{process}-{numero}",
        "data": {"caisse": "cpam-75", "jalons": {nom: quand.isoformat() for nom, quand in jalons.items()}},
    }


def _agents(quand: datetime) -> dict[str, Any]:
    evenement = _evenement(0, "effectif", releve=quand)
    evenement["data"] |= {"plateforme": "Paris", "connectes": 12, "disponibles": 3}
    return evenement


def _contacts(maintenant: datetime) -> list[dict[str, Any]]:
    """Three calls answered, one lost, a reading of the platform, and one that is no event."""
    debut, fin = maintenant - timedelta(minutes=2), maintenant - timedelta(minutes=1)
    appels = [_evenement(n, "appel", presente=debut, decroche=fin) for n in range(3)]
    return [*appels, _evenement(3, "appel", presente=debut, abandonne=fin), _agents(fin), {"specversion": "1.0"}]


def _dossiers(maintenant: datetime) -> list[dict[str, Any]]:
    """Three files paid, one that waits."""
    recu = maintenant - timedelta(days=4)
    payes = [_evenement(n, "fse", recue=recu, payee=maintenant - timedelta(minutes=1)) for n in range(3)]
    tous = [*payes, _evenement(3, "fse", recue=recu)]
    for evenement in tous:
        evenement["data"]["beneficiaire"] = "assure"
    return tous


async def _poster(client: httpx.AsyncClient, adresse: str, evenements: list[dict[str, Any]]) -> None:
    entetes = {"Content-Type": "application/cloudevents-batch+json", "Idempotency-Key": "essai"}
    reponse = await client.post(f"http://{adresse}/v1/events", content=json.dumps(evenements), headers=entetes)
    assert reponse.status_code == 202, reponse.text


@pytest.mark.timeout(300)
async def test_what_is_posted_to_the_stack_is_seen_on_every_panel(
    adresses: Mapping[str, str], prometheus: str, postgres_url: str
) -> None:
    async with httpx.AsyncClient(timeout=10) as client:

        async def pret(adresse: str) -> bool:
            try:
                return (await client.get(f"http://{adresse}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        for nom, adresse in adresses.items():
            await attendre(lambda adresse=adresse: pret(adresse), 60, f"{nom} prêt")

        async def valeurs(nom: str) -> list[float]:
            try:
                return sorted(float(r["value"][1]) for r in await _interroger(client, prometheus, PROMQL[nom]))
            except httpx.TransportError:
                return []

        # A counter shows a rate from its second value on: the first events make the series, the others are the rate.
        maintenant = datetime.now(UTC)
        await _poster(client, adresses["contacts-api"], [{"specversion": "1.0"}, _contacts(maintenant)[0]])
        await _poster(client, adresses["claims-api"], _dossiers(maintenant)[:1])
        await attendre(lambda: _a_des_series(valeurs, "vigie : Enregistrements comptés par seconde A"), 60, "un débit")
        await _poster(client, adresses["contacts-api"], _contacts(maintenant))
        await _poster(client, adresses["claims-api"], _dossiers(maintenant))

        attendus: dict[str, list[float]] = {
            "reseau : Réseau A": [75],
            "reseau : Effectif du réseau A": [4],
            "reseau : Caisses mesurées A": [1],
            "reseau : Valeur par caisse A": [75, 75],
            "delais : En stock A": [1],
            "vigie : Événements en attente A": [0],
            "vigie : Processus en vie A": [len(PROCESSUS)],
        }
        for nom, attendu in attendus.items():
            vues: list[list[float]] = []

            async def montre(nom: str = nom, attendu: list[float] = attendu, vues: list[list[float]] = vues) -> bool:
                vues[:] = [await valeurs(nom)]
                return vues == [attendu]

            try:
                await attendre(montre, 60)
            except AssertionError:
                pytest.fail(f"{nom} montre {vues}, pas {attendu}")
        vides = {nom for nom in PROMQL if not nom.startswith(TRANQUILLES)}

        async def tous_montrent() -> bool:
            vides.difference_update([nom for nom in vides if await valeurs(nom)])
            return not vides

        try:
            await attendre(tous_montrent, 60)
        except AssertionError:
            pytest.fail(f"sans rien : {sorted(vides)}")
        for nom in PROMQL:
            await valeurs(nom)

    async with connecte(postgres_url) as conn:
        await conn.execute(f"SET ROLE {LECTEUR}")
        for nom, requete in SQL.items():
            await attendre(lambda requete=requete: conn.fetch(_choisir(requete)), 60, f"{nom} montre des lignes")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("SELECT * FROM contacts.dossiers")


async def _a_des_series(valeurs: Callable[[str], Awaitable[list[float]]], nom: str) -> bool:
    return bool(await valeurs(nom))
