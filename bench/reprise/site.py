"""One site: a folder, a PostgreSQL and the five services, as ``vigie up`` starts them in processes of their own."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx

from shared.database import embarque
from shared.database.serveur import ServeurPostgres
from shared.log.fabrique import ouvrir_journal
from shared.log.types import Bornes
from vigie.pile import SERVICES

DELAI_S = 240.0
"""Seconds anything may take on a busy machine before the drill gives up."""

_PAS_S = 0.1

Chiffres = Mapping[tuple[str, str, str, str], tuple[float | None, int]]
"""(indicator, caisse, first day, last day) -> value and sample size."""


class EpreuveRatee(Exception):
    """The drill cannot go on; ``str()`` is a French sentence."""


@dataclass(slots=True)
class Site:
    """``port``: of its first service. ``kafka``: a log outside the site; None: the log is in its PostgreSQL."""

    dossier: Path
    port: int
    kafka: str | None
    _vigie: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def postgres(self) -> ServeurPostgres:
        return embarque.serveur_embarque(self.dossier / "postgres")

    @property
    def base(self) -> str:
        return self.postgres.url(embarque.BASE)

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.port + SERVICES.index(service)}"

    def demarrer(self) -> None:
        """Start the services (and PostgreSQL, unless it runs); returns once all are ready. Raises EpreuveRatee."""
        self.dossier.mkdir(parents=True, exist_ok=True)
        with (self.dossier / "vigie.log").open("ab") as sortie:
            self._vigie = subprocess.Popen(
                [sys.executable, "-m", "vigie", "up", "--port", str(self.port)],
                env=self._environnement(),
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=sortie,
                start_new_session=True,
            )
        fin = time.monotonic() + DELAI_S
        while not (self.dossier / "pile.json").exists():
            if self._vigie.poll() is not None or time.monotonic() > fin:
                dits = (f"--- {f.name}\n{f.read_text()[-1500:]}" for f in sorted(self.dossier.glob("*.log")))
                raise EpreuveRatee("Le site ne démarre pas :\n" + "\n".join(dits))
            time.sleep(_PAS_S)

    def arreter(self) -> None:
        """Clean stop of the services and of PostgreSQL; the folder stays."""
        if self._vigie is not None:
            self._vigie.send_signal(signal.SIGTERM)
            self._vigie.wait(DELAI_S)
            self._vigie = None
        self.postgres.arreter()

    def perdre(self) -> None:
        """The site is lost: every process killed without warning, then the folder gone."""
        assert self._vigie is not None
        os.killpg(self._vigie.pid, signal.SIGKILL)
        self._vigie.wait()
        self._vigie = None
        self.postgres.tuer()
        shutil.rmtree(self.dossier)

    def vigie(self, *arguments: str) -> str:
        """What the ``vigie`` command says of this site. Raises EpreuveRatee when it does not end well."""
        fini = subprocess.run(
            [sys.executable, "-m", "vigie", *arguments],
            env=self._environnement(),
            check=False,
            capture_output=True,
            text=True,
            timeout=2 * DELAI_S,
        )
        if fini.returncode != 0:
            raise EpreuveRatee(f"vigie {' '.join(arguments)} : code {fini.returncode}\n{fini.stdout}{fini.stderr}")
        return fini.stdout

    def a_jour(self) -> None:
        """Wait until every group has read its topics to their ends and no outbox holds anything. Raises
        EpreuveRatee."""
        fin = time.monotonic() + DELAI_S
        while reste := asyncio.run(self._en_attente()):
            if time.monotonic() > fin:
                raise EpreuveRatee(f"{reste} enregistrements attendent encore après {DELAI_S:.0f} s.")
            time.sleep(_PAS_S)

    def en_attente(self) -> int:
        """Records that the log holds after the positions; of the site, only PostgreSQL needs to run."""
        return asyncio.run(self._en_attente())

    def dernier_enregistrement(self) -> float:
        """Unix seconds of the newest record of the log in PostgreSQL."""
        return asyncio.run(self._une("SELECT max(horodatage_ms) / 1000.0 FROM journal.enregistrement"))

    def chiffres(self, du: str, au: str) -> Chiffres:
        """Every indicator of both services by month, for the network and every caisse, as their APIs answer."""
        tous: dict[tuple[str, str, str, str], tuple[float | None, int]] = {}
        with httpx.Client(timeout=DELAI_S) as client:
            for service in ("contacts", "claims"):
                liste = client.get(f"{self.url(service)}/v1/indicateurs").raise_for_status().json()["indicateurs"]
                for code in (un["code"] for un in liste):
                    reponse = client.get(
                        f"{self.url(service)}/v1/indicateurs/{code}/valeurs",
                        params={"du": du, "au": au, "pas": "mois"},
                    )
                    for v in reponse.raise_for_status().json()["valeurs"]:
                        tous[code, v["caisse"], v["du"], v["au"]] = v["valeur"], v["n"]
        return tous

    async def _en_attente(self) -> int:
        journal = await ouvrir_journal(self.base, self.kafka, taille_pool=2)
        conn = await asyncpg.connect(self.base)
        try:
            reste = 0
            fins: dict[str, Mapping[int, Bornes]] = {}
            for schema in SERVICES[:-1]:
                reste += await conn.fetchval(f"SELECT count(*) FROM {schema}.boite_envoi")
                lignes = await conn.fetch(f"SELECT topic, partition, next FROM {schema}.positions")
                for topic, partition, suivante in lignes:
                    fins[topic] = fins[topic] if topic in fins else await journal.bornes(topic)
                    reste += fins[topic][partition].fin - suivante
            return reste
        finally:
            await conn.close()
            await journal.fermer()

    async def _une(self, requete: str) -> float:
        conn = await asyncpg.connect(self.base)
        try:
            return float(await conn.fetchval(requete))
        finally:
            await conn.close()

    def _environnement(self) -> dict[str, str]:
        propre = {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith("VIGIE_")}
        kafka = {} if self.kafka is None else {"VIGIE_KAFKA_BOOTSTRAP": self.kafka}
        return propre | {"VIGIE_HOME": str(self.dossier)} | kafka


def cinq_ports() -> int:
    """The first of five TCP ports in a row on which nothing listens now."""
    for premier in range(18_400, 30_000, len(SERVICES)):
        prises = [socket.socket() for _ in SERVICES]
        try:
            for rang, prise in enumerate(prises):
                prise.bind(("127.0.0.1", premier + rang))
        except OSError:
            continue
        else:
            return premier
        finally:
            for prise in prises:
                prise.close()
    raise EpreuveRatee("Aucune suite de cinq ports libres.")
