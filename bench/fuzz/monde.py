"""What is there to be asked about: the network replayed, its alerts, a comité held, needs, a plan and propositions.

The services run as ``vigie serve`` starts them; a second set of them, in production mode, knows its callers.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from bench.fuzz.lignes import vigie
from bench.fuzz.processus import Memoire, service
from bench.milieu import port_libre
from shared.database import embarque
from tests.support.emetteur import AUDIENCE, CLIENT, SECRET, emetteur_en_marche, revendications, signer
from vigie.pile import SERVICES

APIS = ("contacts", "claims", "alerts", "entraide")
MOIS, FRACTION = "2", "3000"
BASE = "vigie_demo"
JOURNAUX = "*-*.log"
"""Of the services, one a process (see ``service``)."""

CAISSE = "cpam-75"
DEMANDEUSES = (CAISSE, "cpam-06", "cpam-13")


@dataclass(frozen=True, slots=True)
class Monde:
    """``adresses`` and ``memoires`` by service; ``entetes``: what every call bears."""

    url_base: str
    dossier: Path
    adresses: Mapping[str, str]
    memoires: Mapping[str, Memoire]
    entetes: Mapping[str, str]

    def incidents(self) -> list[str]:
        """The errors that the services did not expect: the last line of each, by service."""
        trouves = []
        for journal in sorted(self.dossier.glob(JOURNAUX)):
            for ligne in journal.read_text(encoding="utf-8", errors="replace").splitlines():
                if '"erreur inattendue"' in ligne or '"reponse interrompue"' in ligne:
                    dernieres = [x for x in json.loads(ligne).get("exception", "").splitlines() if x.strip()]
                    trouves.append(f"{journal.stem} : {dernieres[-1] if dernieres else ligne[:200]}")
        return trouves


@contextmanager
def base(dossier: Path) -> Iterator[str]:
    """The address of the database of the network replayed under ``dossier``, made the first time (two minutes)."""
    if not (dossier / "fuzz-pret").exists():
        fait = vigie("", dossier, "demo", "--once", "--json", "--mois", MOIS, "--fraction", FRACTION)
        if fait.returncode != 0:
            raise RuntimeError(f"vigie demo : {fait.stderr[-2000:]}")
        (dossier / "fuzz-pret").touch()
    for journal in dossier.glob(JOURNAUX):
        journal.unlink()
    donnees = dossier / "postgres"
    embarque.demarrer(donnees)
    try:
        yield embarque.serveur_embarque(donnees).url(BASE)
    finally:
        embarque.arreter(donnees)


@contextmanager
def administre(url: str, dossier: Path) -> Iterator[Monde]:
    """The five services of one machine, whose every caller administers them, with an aid under way."""
    ports = {nom: port_libre() for nom in SERVICES}
    environnement = {f"VIGIE_{nom.upper()}_URL": f"http://127.0.0.1:{port}" for nom, port in ports.items()}
    with ExitStack() as pile:
        lances = {
            nom: pile.enter_context(service(nom, url, dossier, environnement, port)) for nom, port in ports.items()
        }
        monde = Monde(
            url, dossier, {n: a for n, (a, _) in lances.items()}, {n: m for n, (_, m) in lances.items()},
            {"If-Match": "*"},
        )  # fmt: skip
        _demander_de_l_aide(monde.adresses["entraide"])
        yield monde


@contextmanager
def identifie(url: str, dossier: Path) -> Iterator[Monde]:
    """The APIs in production mode, and the token of a caisse."""
    with emetteur_en_marche() as emetteur, ExitStack() as pile:
        ports = {nom: port_libre() for nom in APIS}
        environnement = {f"VIGIE_{nom.upper()}_URL": f"http://127.0.0.1:{port}" for nom, port in ports.items()} | {
            "VIGIE_MODE": "production", "VIGIE_ROLE": "api", "VIGIE_OIDC_EMETTEUR": emetteur.url,
            "VIGIE_OIDC_AUDIENCE": AUDIENCE, "VIGIE_OIDC_CLIENT": CLIENT, "VIGIE_OIDC_SECRET": SECRET,
        }  # fmt: skip
        lances = {
            nom: pile.enter_context(service(nom, url, dossier, environnement, port)) for nom, port in ports.items()
        }
        maintenant = datetime.now(UTC)
        dites = revendications(emetteur, maintenant, realm_access={"roles": [f"caisse:{CAISSE}"]})
        jeton = signer(dites | {"exp": int((maintenant + timedelta(hours=12)).timestamp())})
        yield Monde(
            url, dossier, {n: a for n, (a, _) in lances.items()}, {n: m for n, (_, m) in lances.items()},
            {"If-Match": "*", "Authorization": f"Bearer {jeton}"},
        )  # fmt: skip


def _demander_de_l_aide(adresse: str) -> None:
    """Needs of three caisses and a plan of them; what is there already stays."""
    lundi = date.today() + timedelta(days=7 - date.today().weekday())
    with httpx.Client(base_url=adresse, timeout=120) as client:
        for caisse in DEMANDEUSES:
            demande = {
                "caisse": caisse, "process": "ij", "motif": "accumulation", "volume": 1_500,
                "debut": str(lundi), "fin": str(lundi + timedelta(days=55)),
            }  # fmt: skip
            client.post("/v1/besoins", json=demande, headers={"Idempotency-Key": f"fuzz-{caisse}-{lundi}"})
        client.post("/v1/allocations", headers={"Idempotency-Key": f"fuzz-{lundi}"})
