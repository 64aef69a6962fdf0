"""Where the doctor looks: the settings, the database, the log and the services of this machine's environment."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.database import embarque
from shared.database.connexion import url_asyncpg
from shared.database.serveur import ErreurServeur
from shared.service.reglages import Reglages, ReglagesInvalides
from vigie.docteur.constats import NonVerifiable
from vigie.pile import SERVICES, dossier_vigie, etat_courant

DELAI_CONNEXION_S = 4.0

DECLARATIONS = (Path("/etc/vigie/topics.yaml"), Path(__file__).parents[2] / "deploy/kafka/topics.yaml")
"""Where the declaration of the topics is when it is not said: in a deployment, in a checkout."""


@dataclass(frozen=True, slots=True)
class Lieu:
    """``services``: those asked about. ``reglages``: None when they do not hold. ``base``: address of the database,
    None when none answers; ``origine`` says in French where it comes from. ``urls``: service -> address. ``topics``:
    the file that declares those of Kafka, None when it is not here."""

    dossier: Path
    services: Sequence[str]
    reglages: Reglages | None
    base: str | None
    origine: str
    kafka: str | None
    urls: Mapping[str, str]
    topics: Path | None = None

    @property
    def schemas(self) -> list[str]:
        """Schemas of the services asked about: the console has none."""
        return [nom for nom in self.services if nom != "console"]

    @asynccontextmanager
    async def connexion(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of one check. Raises NonVerifiable when the database does not answer."""
        if self.base is None:
            raise NonVerifiable("La base ne répond pas.")
        try:
            conn = await asyncpg.connect(
                url_asyncpg(self.base),
                timeout=DELAI_CONNEXION_S,
                command_timeout=DELAI_CONNEXION_S,
                server_settings={"application_name": "vigie-doctor", "lock_timeout": "2s"},
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as exc:
            raise NonVerifiable("La base ne répond pas.") from exc
        try:
            yield conn
        finally:
            with suppress(Exception):
                await conn.close(timeout=1)


def lieu_courant(services: Sequence[str] = SERVICES, topics: Path | None = None) -> Lieu:
    """What the environment says, without starting anything. Blocking, for a second at most."""
    dossier = dossier_vigie()
    etat = etat_courant(dossier)
    reglages = None
    with suppress(ReglagesInvalides):
        reglages = Reglages.charger()
    donnee = None if reglages is None or reglages.database_url is None else reglages.database_url.get_secret_value()
    base: str | None
    if donnee:
        base, origine = donnee, "VIGIE_DATABASE_URL"
    elif etat is not None:
        base, origine = etat.database_url, f"la pile qui tourne sous {dossier}"
    else:
        base, origine = _embarquee(dossier), f"le PostgreSQL embarqué de {dossier}"
    kafka = (None if reglages is None else reglages.kafka_bootstrap) or (etat.kafka_bootstrap if etat else None)
    propres = {nom: os.environ.get(f"VIGIE_{nom.upper()}_URL") or (etat.urls[nom] if etat else "") for nom in SERVICES}
    urls = {nom: url for nom, url in propres.items() if url}
    declares = topics or next((fichier for fichier in DECLARATIONS if fichier.is_file()), None)
    return Lieu(dossier, services, reglages, base, origine, kafka, urls, declares)


def _embarquee(dossier: Path) -> str | None:
    donnees = dossier / "postgres"
    if not (donnees / "PG_VERSION").exists():
        return None
    with suppress(ErreurServeur):
        serveur = embarque.serveur_embarque(donnees)
        if serveur.repond():
            return serveur.url(embarque.BASE)
    return None
