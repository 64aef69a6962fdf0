"""A real Keycloak of the session: one realm, an account per role, started from its Maven artifact."""

import os
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx

from tests.support.serveurs import manque

ARTEFACT = "org.keycloak:keycloak-quarkus-dist:26.1.0:zip"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "keycloak"
DELAI_S = 180.0
MOT_DE_PASSE = "mot-de-passe-d-essai"
AUDIENCE = "vigie"
CLIENT, SECRET = "vigie-alerts", "secret-d-essai"
COMPTES = {
    "reseau": "reseau", "comite": "comite", "president": "president", "auditeur": "auditeur", "source": "source",
    "caisse": "caisse:cpam-75", "coordinateur": "coordinateur:cpam-31", "personne": None,
}  # fmt: skip
"""Account -> its role."""


CONSOLE, SECRET_CONSOLE = "vigie-console", "secret-de-console"
DUREE_JETON_CONSOLE_S = 20
"""Short enough that the console renews it at each page."""


def royaume(console: str = "http://127.0.0.1:8105") -> dict[str, Any]:
    """The realm as Keycloak imports it: what docs/exploitation.md asks for. ``console``: address of the console."""
    audience = {
        "name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": AUDIENCE, "access.token.claim": "true"},
    }  # fmt: skip
    roles = [role for role in COMPTES.values() if role]
    return {
        "realm": "vigie", "enabled": True, "sslRequired": "none", "accessTokenLifespan": 300,
        "roles": {"realm": [{"name": role} for role in roles]},
        "clients": [
            {"clientId": "vigie-essai", "publicClient": True, "directAccessGrantsEnabled": True,
             "protocolMappers": [audience]},
            {"clientId": "autre", "publicClient": True, "directAccessGrantsEnabled": True},
            {"clientId": CLIENT, "secret": SECRET, "serviceAccountsEnabled": True, "standardFlowEnabled": False,
             "protocolMappers": [audience]},
            {"clientId": CONSOLE, "secret": SECRET_CONSOLE, "serviceAccountsEnabled": True,
             "redirectUris": [f"{console}/connexion/retour"], "protocolMappers": [audience],
             "attributes": {"post.logout.redirect.uris": f"{console}/au-revoir",
                            "pkce.code.challenge.method": "S256",
                            "access.token.lifespan": str(DUREE_JETON_CONSOLE_S)}},
        ],
        "users": [
            *(
                {"username": nom, "enabled": True, "email": f"{nom}@essai.invalid", "emailVerified": True,
                 "firstName": "Compte", "lastName": nom, "realmRoles": [role] if role else [],
                 "credentials": [{"type": "password", "value": MOT_DE_PASSE, "temporary": False}]}
                for nom, role in COMPTES.items()
            ),
            *(
                {"username": f"service-account-{client}", "enabled": True, "serviceAccountClientId": client,
                 "realmRoles": ["auditeur"]}
                for client in (CLIENT, CONSOLE)
            ),
        ],
    }  # fmt: skip


class Keycloak:
    """Running; ``emetteur`` is the issuer of its realm."""

    def __init__(self, port: int) -> None:
        self.racine = f"http://127.0.0.1:{port}"
        self.emetteur = f"{self.racine}/realms/vigie"

    def jetons(self, compte: str, client: str = "vigie-essai") -> dict[str, str]:
        """What the account is given: ``access_token``, ``id_token``, ``refresh_token``."""
        return self._jetons("vigie", client, compte, MOT_DE_PASSE)

    def finir_les_sessions(self) -> None:
        """As an administrator does: whoever is logged in is not any more."""
        url = f"{self.racine}/admin/realms/vigie/logout-all"
        httpx.post(url, headers=self._administrateur(), timeout=30).raise_for_status()

    def _administrateur(self) -> dict[str, str]:
        jeton = self._jetons("master", "admin-cli", "admin", MOT_DE_PASSE)["access_token"]
        return {"Authorization": f"Bearer {jeton}"}

    def tourner_les_cles(self) -> None:
        """Tokens are signed by a new key from now on; the old one is still shown."""
        entetes = self._administrateur()
        royaume_ = httpx.get(f"{self.racine}/admin/realms/vigie", headers=entetes).raise_for_status().json()
        neuve = {
            "name": "neuve", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": royaume_["id"], "config": {"priority": ["1000"], "algorithm": ["RS256"]},
        }  # fmt: skip
        url = f"{self.racine}/admin/realms/vigie/components"
        httpx.post(url, headers=entetes, json=neuve).raise_for_status()

    def _jetons(self, ou: str, client: str, compte: str, mot_de_passe: str) -> dict[str, str]:
        formulaire = {
            "grant_type": "password", "client_id": client, "username": compte, "password": mot_de_passe,
            "scope": "openid",
        }  # fmt: skip
        url = f"{self.racine}/realms/{ou}/protocol/openid-connect/token"
        lus: dict[str, str] = httpx.post(url, data=formulaire, timeout=30).raise_for_status().json()
        return lus


def archive() -> Path:
    """The distribution, fetched once by Maven; skips by name where it cannot be."""
    nom = CACHE / "keycloak-quarkus-dist-26.1.0.zip"
    if nom.exists():
        return nom
    mvn, java = shutil.which("mvn"), shutil.which("java")
    if mvn is None or java is None:
        manque("Keycloak demande Java 17 et Maven")
        raise AssertionError
    arrivee = CACHE / f"arrivee-{os.getpid()}"
    arrivee.mkdir(parents=True, exist_ok=True)
    fini = subprocess.run(
        [mvn, "-q", "-B", "dependency:copy", f"-Dartifact={ARTEFACT}", f"-DoutputDirectory={arrivee}"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if fini.returncode != 0:
        manque(f"Keycloak n'a pas pu être copié par Maven : {(fini.stdout + fini.stderr)[-500:]}")
    (arrivee / nom.name).replace(nom)
    arrivee.rmdir()
    return nom


def lancer(dossier: Path, royaume_json: str) -> "tuple[Keycloak, subprocess.Popen[bytes]]":
    """Start one under ``dossier`` and wait until its realm answers; the caller ends it by ``arreter``."""
    with zipfile.ZipFile(archive()) as zip_:
        zip_.extractall(dossier)
    maison = next(dossier.glob("keycloak-*"))
    (maison / "data" / "import").mkdir(parents=True)
    (maison / "data" / "import" / "vigie-realm.json").write_text(royaume_json)
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    journal = dossier / "keycloak.log"
    with journal.open("wb") as sortie:
        processus = subprocess.Popen(
            ["sh", "bin/kc.sh", "start-dev", "--import-realm", "--db=dev-mem", "--http-host=127.0.0.1",
             f"--http-port={port}"],
            cwd=maison, stdin=subprocess.DEVNULL, stdout=sortie, stderr=sortie, start_new_session=True,
            env=os.environ | {
                "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": MOT_DE_PASSE,
                "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
                "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
            },
        )  # fmt: skip
    lance = Keycloak(port)
    fin = time.monotonic() + DELAI_S
    while not _repond(lance):
        if processus.poll() is not None or time.monotonic() > fin:
            arreter(processus)
            manque(f"Keycloak ne démarre pas : {journal.read_text(errors='replace')[-1500:]}")
        time.sleep(0.2)
    return lance, processus


def arreter(processus: "subprocess.Popen[bytes]") -> None:
    """End Keycloak and what its script started."""
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        if processus.poll() is None:
            os.killpg(processus.pid, signal_)
            try:
                processus.wait(20)
            except subprocess.TimeoutExpired:
                continue


def _repond(lance: Keycloak) -> bool:
    try:
        return httpx.get(f"{lance.emetteur}/.well-known/openid-configuration", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
