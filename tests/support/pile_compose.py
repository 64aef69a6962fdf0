"""The containers of Vigie as processes of this machine: their commands, settings and secrets are those of Compose."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support import compose

_DANS_UN_CONTENEUR = "8000"
_ARRET_S = 90
_TRAVAIL_S = 240


def port_libre() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


class Processus:
    """One process, its output in ``journal``. ``adresse``: host and port where it listens."""

    def __init__(self, commande: Sequence[str], journal: Path, env: Mapping[str, str], adresse: str = "") -> None:
        self.adresse = adresse
        self._journal = journal
        self._tue = False
        with journal.open("wb") as sortie:
            self._enfant = subprocess.Popen(
                commande, stdin=subprocess.DEVNULL, stdout=sortie, stderr=sortie, env=dict(env)
            )

    def ecrits(self) -> str:
        """What it wrote so far."""
        return self._journal.read_text(encoding="utf-8", errors="replace")

    def tuer(self) -> None:
        """SIGKILL, as a machine that is lost; its end waited for."""
        self._tue = True
        self._enfant.kill()
        self._enfant.wait()

    def demander_la_fin(self) -> None:
        """SIGTERM, unless it ended before."""
        if self._enfant.poll() is None:
            self._enfant.send_signal(signal.SIGTERM)

    def verifier_la_fin(self) -> None:
        """It must have run until it was told to stop, and then have stopped by itself."""
        try:
            self._enfant.wait(timeout=_ARRET_S)
        except subprocess.TimeoutExpired:
            self.tuer()
            raise
        assert self._tue or self._enfant.returncode == 0, self.ecrits()[-3000:]

    def verifier_la_vie(self) -> None:
        assert self._tue or self._enfant.poll() is None, self.ecrits()[-3000:]


@contextmanager
def lance(processus: Mapping[str, Processus]) -> Iterator[None]:
    """While open they run; at the end they are all told to stop, and each must have done well."""
    with ExitStack() as pile:
        for un in processus.values():
            pile.callback(un.verifier_la_fin)
        for un in processus.values():
            pile.callback(un.demander_la_fin)
        yield
        for un in processus.values():
            un.verifier_la_vie()


class Conteneurs:
    """``modele``: see ``compose.lire``. ``lieux``: what a container calls another server by, and its address here.
    ``secrets``: the folder of their files. ``ajouts``: settings that Compose does not give.
    """

    def __init__(self, modele: Mapping[str, Any], lieux: Mapping[str, str], secrets: Path, **ajouts: str) -> None:
        self.services = {n: s for n, s in compose.lances(modele).items() if s["image"].startswith("vigie:")}
        self.serveurs = {n: s for n, s in self.services.items() if s["command"][0] == "serve"}
        self._ports = {nom: port_libre() for nom in self.serveurs}
        ici = {f"{nom}:{_DANS_UN_CONTENEUR}": f"127.0.0.1:{port}" for nom, port in self._ports.items()}
        self._lieux = {**lieux, **ici, "/run/secrets": str(secrets), "0.0.0.0": "127.0.0.1"}
        self._motif = re.compile("|".join(map(re.escape, self._lieux)))
        self._ajouts = ajouts

    def executer(self, nom: str, base: Mapping[str, str]) -> str:
        """Run to its end a container that ends; what it wrote."""
        fini = subprocess.run(
            self._commande(nom),
            check=False,
            env=self._environnement(nom, base),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TRAVAIL_S,
        )
        assert fini.returncode == 0, fini.stdout[-3000:]
        return fini.stdout

    def demarrer(self, dossier: Path, base: Mapping[str, str], repliques: Mapping[str, int]) -> dict[str, Processus]:
        """Every process that serves, as many times as said (once otherwise): by name of service, then ``nom-2``…"""
        lances = {}
        for nom in self.serveurs:
            for rang in range(1, repliques.get(nom, 1) + 1):
                port = str(self._ports[nom] if rang == 1 else port_libre())
                cle = nom if rang == 1 else f"{nom}-{rang}"
                env = self._environnement(nom, base) | {"VIGIE_PORT": port}
                lances[cle] = Processus(self._commande(nom), dossier / f"{cle}.log", env, f"127.0.0.1:{port}")
        return lances

    def _commande(self, nom: str) -> list[str]:
        return [sys.executable, "-m", "vigie", *compose.commande(self.services[nom])]

    def _environnement(self, nom: str, base: Mapping[str, str]) -> dict[str, str]:
        donnes = {cle: self._ici(str(valeur)) for cle, valeur in self.services[nom]["environment"].items()}
        return {**base, **donnes, **self._ajouts}

    def _ici(self, valeur: str) -> str:
        return self._motif.sub(lambda trouve: self._lieux[trouve[0]], valeur)
