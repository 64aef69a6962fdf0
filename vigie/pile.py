"""The stack of one machine: the embedded PostgreSQL, the log and the services, started and found again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from shared.database import embarque
from shared.service.reglages import PARTITIONS, Reglages
from vigie import kafka

SERVICES = ("contacts", "claims", "alerts", "entraide", "console")
PORTS = {"contacts": 8101, "claims": 8102, "alerts": 8103, "entraide": 8104, "console": 8105}
"""Ports of the services when nothing else is asked."""

DELAI_DEMARRAGE = 120.0
"""Seconds a service may take to be ready."""

PARTITIONS_SUR_PLACE = 1
"""Of the topics that the embedded log begins with: one machine has one consumer a service, whose batches are the
larger for having one lane."""

_FICHIER = "pile.json"


def ports_libres() -> dict[str, int]:
    """The usual ports, each replaced by a free one when something else listens there."""
    ports = {}
    for nom, port in PORTS.items():
        with socket.socket() as essai:
            essai.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                essai.bind(("127.0.0.1", port))
            except OSError:
                essai.bind(("127.0.0.1", 0))
            ports[nom] = essai.getsockname()[1]
    return ports


def _pret(port: int) -> bool:
    """Whether the service of this port says it is ready. Asked often while it starts: with as little as can be."""
    connexion = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connexion.request("GET", "/readyz")
        return connexion.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connexion.close()


class PileEnEchec(Exception):
    """The stack cannot start or does not answer; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Etat:
    """A running stack, as written in ``VIGIE_HOME/pile.json``."""

    pid: int
    database_url: str
    kafka_bootstrap: str | None
    urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Base:
    """Where a command works: the database, the log, and whether the stack's own consumers are at work."""

    database_url: str
    kafka_bootstrap: str | None
    pile_en_marche: bool

    @property
    def partitions(self) -> int:
        """Of a topic not made yet."""
        return PARTITIONS if self.kafka_bootstrap else PARTITIONS_SUR_PLACE


def dossier_vigie() -> Path:
    """``VIGIE_HOME``, by default ``~/.vigie``."""
    return Path(os.environ.get("VIGIE_HOME", "~/.vigie")).expanduser()


def etat_courant(dossier: Path) -> Etat | None:
    """The stack that runs under ``dossier``, or None."""
    fichier = dossier / _FICHIER
    try:
        etat = Etat(**json.loads(fichier.read_text(encoding="utf-8")))
        os.kill(etat.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return etat


@contextmanager
def base_de_travail(dossier: Path) -> Iterator[Base]:
    """The database of ``VIGIE_DATABASE_URL``, of the running stack, or the embedded one for the duration."""
    adresse = Reglages.charger().database_url
    if adresse:
        yield Base(adresse.get_secret_value(), os.environ.get("VIGIE_KAFKA_BOOTSTRAP"), pile_en_marche=False)
        return
    etat = etat_courant(dossier)
    if etat is not None:
        yield Base(etat.database_url, etat.kafka_bootstrap, pile_en_marche=True)
        return
    serveur = embarque.serveur_embarque(dossier / "postgres")
    deja = serveur.repond()
    url = embarque.demarrer(dossier / "postgres")
    try:
        yield Base(url, os.environ.get("VIGIE_KAFKA_BOOTSTRAP"), pile_en_marche=False)
    finally:
        if not deja:
            embarque.arreter(dossier / "postgres")


class Pile:
    """The services of this machine as child processes; a context manager that ends what it started.

    ``base``: name of the database in the embedded server; ``neuve``: emptied first. An address given in
    ``VIGIE_DATABASE_URL`` or ``VIGIE_KAFKA_BOOTSTRAP`` is used as it is, and never emptied.
    """

    def __init__(
        self,
        dossier: Path,
        *,
        base: str = embarque.BASE,
        neuve: bool = False,
        avec_kafka: bool = False,
        horloge: str = "systeme",
        ports: Mapping[str, int] = PORTS,
        bavard: bool = False,
    ) -> None:
        self.dossier = dossier
        self._base = base
        self._neuve = neuve
        self._avec_kafka = avec_kafka
        self._horloge = horloge
        self._ports = ports
        self._bavard = bavard
        self._enfants: dict[str, subprocess.Popen[bytes]] = {}
        self._postgres_a_nous = False
        self.database_url = ""
        self.kafka_bootstrap: str | None = None
        self.urls = {nom: f"http://127.0.0.1:{ports[nom]}" for nom in SERVICES}

    def __enter__(self) -> "Pile":
        if (autre := etat_courant(self.dossier)) is not None:
            raise PileEnEchec(f"Vigie tourne déjà sous {self.dossier} (processus {autre.pid}).")
        self.dossier.mkdir(parents=True, exist_ok=True)
        # A SIGTERM ends the services too, as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._demarrer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        (self.dossier / _FICHIER).unlink(missing_ok=True)
        for enfant in self._enfants.values():
            if enfant.poll() is None:
                enfant.send_signal(signal.SIGTERM)
        for enfant in self._enfants.values():
            try:
                enfant.wait(timeout=25)
            except subprocess.TimeoutExpired:
                enfant.kill()
                enfant.wait()
        if self._avec_kafka and self.kafka_bootstrap:
            kafka.arreter(self.dossier / "kafka")
        if self._postgres_a_nous:
            embarque.arreter(self.dossier / "postgres")

    def verifier(self) -> None:
        """Raises PileEnEchec when a service has died."""
        for nom, enfant in self._enfants.items():
            if enfant.poll() is not None:
                raise PileEnEchec(
                    f"Le service {nom} s'est arrêté (code {enfant.returncode}). Son journal : {self._journal(nom)}."
                )

    def _demarrer(self) -> None:
        donnees = self.dossier / "postgres"
        serveur = embarque.serveur_embarque(donnees)
        self.database_url = os.environ.get("VIGIE_DATABASE_URL", "")
        if not self.database_url:
            self._postgres_a_nous = not serveur.repond()
            embarque.demarrer(donnees)
            if self._neuve:
                embarque.effacer_base(serveur, self._base)
            embarque.creer_base(serveur, self._base)
            self.database_url = serveur.url(self._base)
        self.kafka_bootstrap = os.environ.get("VIGIE_KAFKA_BOOTSTRAP")
        if self._avec_kafka and not self.kafka_bootstrap:
            self.kafka_bootstrap = kafka.demarrer(self.dossier / "kafka")
        for nom in SERVICES:
            self._enfants[nom] = self._lancer(nom)
        for nom in SERVICES:
            self._attendre(nom)
        etat = Etat(os.getpid(), self.database_url, self.kafka_bootstrap, self.urls)
        (self.dossier / _FICHIER).write_text(json.dumps(asdict(etat)), encoding="utf-8")

    def _lancer(self, nom: str) -> "subprocess.Popen[bytes]":
        environnement = {
            **os.environ,
            "VIGIE_DATABASE_URL": self.database_url,
            "VIGIE_HORLOGE": self._horloge,
            "VIGIE_HOME": str(self.dossier),
            **{f"VIGIE_{nom.upper()}_URL": url for nom, url in self.urls.items()},
        }
        if self.kafka_bootstrap:
            environnement["VIGIE_KAFKA_BOOTSTRAP"] = self.kafka_bootstrap
        else:
            environnement.setdefault("VIGIE_PARTITIONS", str(PARTITIONS_SUR_PLACE))
        commande: Sequence[str] = (sys.executable, "-m", "vigie", "serve", nom, "--port", str(self._ports[nom]))
        sortie = None if self._bavard else self._journal(nom).open("wb")
        try:
            return subprocess.Popen(commande, env=environnement, stdout=sortie, stderr=sortie, stdin=subprocess.DEVNULL)  # noqa: S603
        finally:
            if sortie is not None:
                sortie.close()

    def _attendre(self, nom: str) -> None:
        fin = time.monotonic() + DELAI_DEMARRAGE
        while time.monotonic() < fin:
            self.verifier()
            if _pret(self._ports[nom]):
                return
            time.sleep(0.1)
        raise PileEnEchec(f"Le service {nom} n'est pas prêt après {DELAI_DEMARRAGE:.0f} s : {self._journal(nom)}.")

    def _journal(self, nom: str) -> Path:
        return self.dossier / f"{nom}.log"
