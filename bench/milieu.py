"""Where a bench runs: a new embedded PostgreSQL and a new Apache Kafka in a temporary folder, ended afterwards."""

import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.database import embarque
from shared.database.serveur import ServeurPostgres
from vigie import kafka


class MesureRatee(Exception):
    """A measured process did not give its figures; ``str()`` is what it wrote."""


@dataclass(frozen=True, slots=True)
class Milieu:
    """A running pair of servers. ``kafka``: its address."""

    dossier: Path
    postgres: ServeurPostgres
    kafka: str

    @contextmanager
    def base(self, nom: str) -> Iterator[str]:
        """The address of a new, empty database, dropped afterwards; what came before it is flushed."""
        embarque.effacer_base(self.postgres, nom)
        embarque.creer_base(self.postgres, nom)
        self.psql("CHECKPOINT")
        try:
            yield self.postgres.url(nom)
        finally:
            embarque.effacer_base(self.postgres, nom)

    def mesurer(self, module: str, *arguments: str, exemplaires: int = 1) -> dict[str, Any]:
        """Run ``python -m module`` and return the JSON of its last line, with ``cpu``: processor seconds of that
        process and of PostgreSQL together, which others on the machine disturb less than the clock.

        Of several run at once, the greatest of each figure. Raises MesureRatee.
        """
        avant = _cpu_enfants() + self._cpu_postgres()
        commande = [sys.executable, "-m", module, *arguments]
        with ThreadPoolExecutor(exemplaires) as fils:
            finis = list(fils.map(_executer, [commande] * exemplaires))
        releves = [_releve(module, fini) for fini in finis]
        ensemble = {nom: max(r[nom] for r in releves) for nom in releves[0]}
        return {**ensemble, "cpu": _cpu_enfants() + self._cpu_postgres() - avant}

    def _cpu_postgres(self) -> float:
        """Seconds used by the server since it started: itself, its ended sessions, its living children."""
        return secondes_de_processeur(str(self.postgres.pid()))

    def psql(self, ordre: str, base: str = "postgres") -> str:
        """What one SQL statement answers, unaligned."""
        commande = [str(self.postgres.binaires / "psql"), "-XAtv", "ON_ERROR_STOP=1", self.postgres.url(base)]
        return subprocess.run([*commande, "-c", ordre], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def milieu() -> Iterator[Milieu]:
    """Both servers, on 127.0.0.1 and a Unix socket, in a folder that goes with them; also when the bench is ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    dossier = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    try:
        embarque.demarrer(dossier / "postgres")
        try:
            adresse = kafka.demarrer(dossier / "kafka", port_libre())
            yield Milieu(dossier, embarque.serveur_embarque(dossier / "postgres"), adresse)
        finally:
            kafka.arreter(dossier / "kafka")
            embarque.arreter(dossier / "postgres")
    finally:
        shutil.rmtree(dossier, ignore_errors=True)


def _executer(commande: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(commande, check=False, capture_output=True, text=True)


def _releve(module: str, fini: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        releve: dict[str, Any] = json.loads(fini.stdout.splitlines()[-1])
        if fini.returncode == 0 and "secondes" in releve:
            return releve
    except (ValueError, IndexError, TypeError):
        pass
    raise MesureRatee(f"{module} : code {fini.returncode}\n{fini.stdout[-2000:]}{fini.stderr[-2000:]}")


def secondes_de_processeur(pid: str) -> float:
    """Used by a process since it started: itself, its ended children, its living ones."""
    enfants = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_temps(pid)) + sum(sum(_temps(enfant)[:2]) for enfant in enfants)


def _temps(pid: str) -> list[float]:
    """Processor seconds of a process: user, system, and those of the children it has waited for."""
    try:
        champs = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended: its time is in its parent's
        return [0.0] * 4
    return [int(c) / os.sysconf("SC_CLK_TCK") for c in champs[11:15]]


def _cpu_enfants() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def port_libre() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


def machine() -> dict[str, object]:
    """What the figures depend on, and how busy others keep it."""
    modele = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {
        "cpu": modele.group(1) if modele else platform.processor(),
        "coeurs": os.cpu_count(),
        "memoire_go": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "charge_1min": round(os.getloadavg()[0], 2),
    }
