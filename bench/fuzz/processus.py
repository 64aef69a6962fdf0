"""One service as ``vigie serve`` starts it, on a free port of this machine, and the memory it takes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.milieu import port_libre

DELAI_S = 180.0
"""Seconds a service may take to be ready on a machine that does other things."""

CLE = "cle-de-reseau-pour-les-essais-seulement"


class Memoire:
    """Resident bytes of a process, sampled every half second while it lives."""

    def __init__(self, pid: int) -> None:
        self._statut = Path(f"/proc/{pid}/status")
        self._fin = threading.Event()
        self.releves: list[int] = []
        self._fil = threading.Thread(target=self._relever, daemon=True)
        self._fil.start()

    def arreter(self) -> None:
        self._fin.set()
        self._fil.join()

    def pic_mio(self, depuis: float = 0.0, jusqu_a: float = 1.0, *, depuis_le: int = 0) -> float:
        """The highest of a share of the samples, by their rank from ``depuis_le`` on, in MiB; 0 without any."""
        releves = self.releves[depuis_le:]
        n = len(releves)
        part = releves[int(n * depuis) : max(int(n * jusqu_a), 1)]
        return round(max(part, default=0) / 2**20, 1)

    def _relever(self) -> None:
        while not self._fin.wait(0.5):
            try:
                lignes = self._statut.read_text(encoding="ascii").splitlines()
            except (OSError, ValueError):
                return
            trouves = [ligne.split()[1] for ligne in lignes if ligne.startswith("VmRSS:")]
            self.releves += [int(kio) * 1024 for kio in trouves]


@contextmanager
def service(
    nom: str, url: str, dossier: Path, environnement: Mapping[str, str], port: int = 0
) -> Iterator[tuple[str, Memoire]]:
    """Its address and its memory; ended at the end. Raises RuntimeError when it does not become ready."""
    port = port or port_libre()
    journal = dossier / f"{nom}-{port}.log"
    propre = {
        **{n: v for n, v in os.environ.items() if not n.startswith("VIGIE_")},
        "VIGIE_DATABASE_URL": url, "VIGIE_HOME": str(dossier), "VIGIE_CLE_PSEUDONYME": CLE,
        "VIGIE_DEBIT_APPELS_S": "1000000",
    }  # fmt: skip
    with journal.open("wb") as sortie:
        enfant = subprocess.Popen(
            [sys.executable, "-m", "vigie", "serve", nom, "--port", str(port)],
            env=propre | dict(environnement), stdout=sortie, stderr=sortie, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        _attendre(enfant, port, journal)
        memoire = Memoire(enfant.pid)
        try:
            yield f"http://127.0.0.1:{port}", memoire
        finally:
            memoire.arreter()
        if enfant.poll() is not None:
            raise RuntimeError(f"{nom} s'est arrêté (code {enfant.returncode}) : {journal}")
    finally:
        enfant.terminate()
        try:
            enfant.wait(timeout=30)
        except subprocess.TimeoutExpired:
            enfant.kill()
            enfant.wait()


def _attendre(enfant: "subprocess.Popen[bytes]", port: int, journal: Path) -> None:
    fin = time.monotonic() + DELAI_S
    while time.monotonic() < fin and enfant.poll() is None:
        connexion = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connexion.request("GET", "/readyz")
            if connexion.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connexion.close()
        time.sleep(0.2)
    raise RuntimeError(f"le service n'est pas prêt ; son journal : {journal.read_text(errors='replace')[-2000:]}")
