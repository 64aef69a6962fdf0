"""The commands of docker-compose.yml, started together on real servers, and watched by a real Prometheus."""

import asyncio
import base64
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml

from shared.database.connexion import url_asyncpg
from shared.dossiers.vues import LECTEUR
from tests.support import compose
from tests.support.attente import attendre
from tests.support.emetteur import AUDIENCE, CLIENT, SECRET, Emetteur, emetteur_en_marche, revendications, signer
from tests.support.pile_compose import Conteneurs, Processus, lance, port_libre

RACINE = Path(__file__).parents[3]
REQUETES: dict[str, dict[str, str]] = {
    f"{fichier.stem} : {panneau['title']} {cible['refId']}": cible
    for fichier in (RACINE / "deploy/grafana/tableaux").glob("*.json")
    for panneau in json.loads(fichier.read_text(encoding="utf-8"))["panels"]
    for cible in panneau.get("targets", ())
}
PROMQL = {nom: cible["expr"] for nom, cible in REQUETES.items() if "expr" in cible}
SQL = {nom: cible["rawSql"] for nom, cible in REQUETES.items() if "rawSql" in cible}
CHOIX = {
    "$__rate_interval": "20s",
    "$indicateur": "taux_decroche",
    "$fenetre": "7j",
    '="$caisse"': '="cpam-75"',
    "= '$caisse'": "= 'cpam-75'",
    "$caisse": "(cpam-75|reseau)",
    "${dossier}": "fse",
}
MOT_DE_PASSE = "motdepassedelabase"
SECRETS = {
    "cle_pseudonyme": "cle-des-pseudonymes-d-essai",
    "cle_secrets": base64.b64encode(b"une cle de trente-deux octets !!").decode(),
    "oidc_secret": SECRET,
    "oidc_secret_console": "secret-de-la-console",
    "smtp_mot_de_passe": "mot-de-passe-du-courrier",
}
DEBUT_DE_JETON = "eyJ"
"""Of every JWT: the base64 of ``{"``."""
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


@dataclass(frozen=True)
class Pile:
    """What runs, by name of Compose service (``nom-2``: its second replica), and who says who calls."""

    processus: Mapping[str, Processus]
    emetteur: Emetteur

    def autorisation(self) -> dict[str, str]:
        """What a source shows to be let in, for five minutes."""
        dites = revendications(self.emetteur, datetime.now(UTC), realm_access={"roles": ["source"]})
        return {"Authorization": f"Bearer {signer(dites)}"}


@pytest.fixture
def pile(postgres_vide: str, kafka_bootstrap: str, tmp_path: Path) -> Iterator[Pile]:
    """Every container of Vigie in production, ready to be asked, two of each consumer.

    At the end, none of them has written a secret, although each wrote all that it can.
    """
    asyncio.run(_avec_un_lecteur(postgres_vide))
    secrets = SECRETS | {"base_url": postgres_vide.replace("@", f":{MOT_DE_PASSE}@", 1)}
    with emetteur_en_marche() as emetteur:
        conteneurs = Conteneurs(
            compose.lire(compose.DEFAUT, compose.PRODUCTION, variables=_variables(emetteur)),
            {"kafka:9092": kafka_bootstrap, "alertmanager:9093": "127.0.0.1:9"},
            _fichiers(tmp_path / "secrets", secrets),
            VIGIE_NIVEAU_JOURNAL="debug",
        )
        base = {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith("VIGIE_")}
        faits = [conteneurs.executer(nom, base) for nom in ("topics", "migrate")]
        consommateurs = {nom: 2 for nom in conteneurs.serveurs if nom.endswith("-consumer")}
        processus = conteneurs.demarrer(tmp_path, base, consommateurs)
        with lance(processus):
            yield Pile(processus, emetteur)
    ecrits = "".join([*faits, *(un.ecrits() for un in processus.values())])
    assert "processus arrete" in ecrits
    confies = (*secrets.values(), MOT_DE_PASSE, DEBUT_DE_JETON)
    assert [secret for secret in confies if secret in ecrits] == []


def _variables(emetteur: Emetteur) -> dict[str, str]:
    exigees = compose.variables_exigees(compose.DEFAUT, compose.PRODUCTION)
    return dict.fromkeys(exigees, "essai.invalid") | {
        "VIGIE_OIDC_EMETTEUR": emetteur.url,
        "VIGIE_OIDC_AUDIENCE": AUDIENCE,
        "VIGIE_OIDC_CLIENT": CLIENT,
        "VIGIE_CONSOLE_URL": "https://console.essai.invalid",
    }


def _fichiers(dossier: Path, secrets: Mapping[str, str]) -> Path:
    dossier.mkdir()
    for nom, secret in secrets.items():
        (dossier / nom).write_text(secret, encoding="utf-8")
    return dossier


@pytest.fixture
def prometheus(pile: Pile, tmp_path: Path) -> Iterator[str]:
    """Our Prometheus configuration, told by hand what DNS would tell it, and scraping every second."""
    config = yaml.safe_load((RACINE / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (vigie,) = [c for c in config["scrape_configs"] if c["job_name"] == "vigie"]
    noms = [nom for dns in vigie.pop("dns_sd_configs") for nom in dns["names"]]
    vigie["static_configs"] = [
        {
            "targets": [un.adresse for cle, un in pile.processus.items() if cle in (nom, f"{nom}-2")],
            "labels": {"__meta_dns_name": nom},
        }
        for nom in noms
    ]
    config["scrape_configs"] = [vigie]
    fichier = tmp_path / "prometheus.yml"
    fichier.write_text(yaml.safe_dump(config), encoding="utf-8")
    ecoute = f"127.0.0.1:{port_libre()}"
    options = {"config.file": fichier, "storage.tsdb.path": tmp_path / "series", "web.listen-address": ecoute}
    commande = ["prometheus", *(f"--{nom}={valeur}" for nom, valeur in options.items())]
    with lance({"prometheus": Processus(commande, tmp_path / "prometheus.log", os.environ)}):
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


async def _poster(client: httpx.AsyncClient, pile: Pile, nom: str, evenements: list[dict[str, Any]]) -> None:
    adresse = f"http://{pile.processus[nom].adresse}/v1/events"
    entetes = {"Content-Type": "application/cloudevents-batch+json"}
    assert (await client.post(adresse, content=json.dumps(evenements), headers=entetes)).status_code == 401
    reponse = await client.post(adresse, content=json.dumps(evenements), headers=entetes | pile.autorisation())
    assert reponse.status_code == 202, reponse.text


async def _tenues(client: httpx.AsyncClient, pile: Pile, *noms: str) -> list[int]:
    """How many partitions of the claims' topic each of these processes holds."""
    tenues = []
    for nom in noms:
        mesures = (await client.get(f"http://{pile.processus[nom].adresse}/metrics")).text
        vues = re.findall(r'^vigie_journal_partitions_tenues\{.*"vigie\.claims\.v1".*\} (\S+)$', mesures, re.M)
        tenues.append(sum(int(float(vue)) for vue in vues))
    return tenues


@pytest.mark.timeout(600)
async def test_what_is_posted_to_the_stack_is_seen_on_every_panel_and_a_consumer_that_dies_is_replaced(
    pile: Pile, prometheus: str, postgres_vide: str
) -> None:
    async with httpx.AsyncClient(timeout=30) as client:

        async def pret(adresse: str) -> bool:
            try:
                return (await client.get(f"http://{adresse}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        for nom, un in pile.processus.items():
            await attendre(lambda un=un: pret(un.adresse), 240, f"{nom} prêt")

        async def partagees() -> bool:
            return await _tenues(client, pile, "claims-consumer", "claims-consumer-2") == [2, 2]

        await attendre(partagees, 120, "les partitions partagées entre les deux consommateurs")

        async def valeurs(nom: str) -> list[float]:
            try:
                return sorted(float(r["value"][1]) for r in await _interroger(client, prometheus, PROMQL[nom]))
            except httpx.TransportError:
                return []

        # A counter shows a rate from its second value on: the first events make the series, the others are the rate.
        maintenant = datetime.now(UTC)
        await _poster(client, pile, "contacts-api", [{"specversion": "1.0"}, _contacts(maintenant)[0]])
        await _poster(client, pile, "claims-api", _dossiers(maintenant)[:1])
        await attendre(lambda: _a_des_series(valeurs, "vigie : Enregistrements comptés par seconde A"), 60, "un débit")
        pile.processus["claims-consumer"].tuer()
        await _poster(client, pile, "contacts-api", _contacts(maintenant))
        await _poster(client, pile, "claims-api", _dossiers(maintenant))

        async def reprises() -> bool:
            return await _tenues(client, pile, "claims-consumer-2") == [4]

        await attendre(reprises, 120, "les partitions du mort reprises par l'autre")

        attendus: dict[str, list[float]] = {
            "reseau : Réseau A": [75],
            "reseau : Effectif du réseau A": [4],
            "reseau : Caisses mesurées A": [1],
            "reseau : Valeur par caisse A": [75, 75],
            "delais : En stock A": [1],
            "vigie : Événements en attente A": [0],
            "vigie : Processus en vie A": [len(pile.processus) - 1],
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

    async with connecte(postgres_vide) as conn:
        await conn.execute(f"SET ROLE {LECTEUR}")
        for nom, requete in SQL.items():
            # The views are brought up to date each minute, and less often where a round of it takes long.
            await attendre(lambda requete=requete: conn.fetch(_choisir(requete)), 240, f"{nom} montre des lignes")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("SELECT * FROM contacts.dossiers")


async def _a_des_series(valeurs: Callable[[str], Awaitable[list[float]]], nom: str) -> bool:
    return bool(await valeurs(nom))
