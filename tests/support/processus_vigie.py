"""``vigie`` processes for tests: each a process of its own that runs the command's own ``main``.

They are forked from a server that has only imported the modules, so that one may be killed and started again many
times in a test of a few seconds; nothing else is shared.
"""

import contextlib
import itertools
import multiprocessing
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from shared.dossiers import application
from shared.log.consommateur import ReglagesConsommateur
from shared.log.types import ReglagesGroupe
from tests.support.attente import attendre
from tests.support.commande import CLE
from vigie.cli import main

LOT_PRESSE = 200
"""Records in a transaction at most, in a process with small batches."""

_CONTEXTE = multiprocessing.get_context("forkserver")
_CONTEXTE.set_forkserver_preload(["tests.support.processus_vigie", "vigie.demarrage", "vigie.importer", "vigie.kpi"])
_NUMEROS = itertools.count(1)


class Commande:
    """One ``vigie …`` with an environment of its own, under ``dossier``, its output in files."""

    def __init__(self, dossier: Path, arguments: Sequence[str], url: str, bootstrap: str | None, presse: bool) -> None:
        environnement = {"VIGIE_DATABASE_URL": url, "VIGIE_HOME": str(dossier), "VIGIE_CLE_PSEUDONYME": CLE}
        if bootstrap is not None:
            environnement["VIGIE_KAFKA_BOOTSTRAP"] = bootstrap
        base = dossier / f"vigie-{next(_NUMEROS)}"
        self._fichiers = (base.with_suffix(".sortie"), base.with_suffix(".erreurs"))
        self._process = _CONTEXTE.Process(
            target=_devenir, args=(["vigie", *arguments], environnement, self._fichiers, presse)
        )
        self._process.start()

    @property
    def code(self) -> int | None:
        """Exit code, None while it runs."""
        return self._process.exitcode

    def sortie(self) -> str:
        """What it wrote so far on its standard output."""
        return _texte(self._fichiers[0])

    def ecrits(self) -> str:
        """What it wrote so far on its standard output, then what it wrote on the other."""
        return self.sortie() + _texte(self._fichiers[1])

    def tuer(self) -> None:
        """SIGKILL, and its end waited for; nothing to do when it has ended."""
        self._process.kill()
        self._process.join()

    def demander_la_fin(self) -> None:
        """SIGTERM; returns at once."""
        self._process.terminate()

    async def finir(self, delai: float = 30) -> int:
        """The exit code, once it has ended by itself or because it was asked to."""
        await attendre(lambda: self.code is not None, delai, "le processus finit")
        assert self.code is not None
        return self.code


class Serveur(Commande):
    """One ``vigie serve claims`` on a port of its own. ``presse``: small batches and a short session, so that
    faults fall in mid-batch and are noticed soon; otherwise exactly what the command does."""

    def __init__(self, dossier: Path, role: str, url: str, bootstrap: str | None, *, presse: bool) -> None:
        with socket.socket() as prise:
            prise.bind(("127.0.0.1", 0))
            self.port = int(prise.getsockname()[1])
        arguments = ("serve", "claims", "--role", role, "--port", str(self.port))
        super().__init__(dossier, arguments, url, bootstrap, presse)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def pret(self, delai: float = 40) -> None:
        """Wait until its ``/readyz`` says so."""

        async def repond() -> bool:
            assert self.code is None, f"code {self.code}\n{self.ecrits()[-3000:]}"
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(timeout=3) as client:
                    return (await client.get(f"{self.url}/readyz")).status_code == 200
            return False

        await attendre(repond, delai, "le processus est prêt")

    async def mesure(self, nom: str) -> float | None:
        """Sum of a metric over its labels; None when it does not answer or has not got it yet."""
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=3) as client:
                texte = (await client.get(f"{self.url}/metrics")).text
            valeurs = re.findall(rf"^{nom}(?:\{{.*\}})? (\S+)$", texte, re.MULTILINE)
            return sum(map(float, valeurs)) if valeurs else None
        return None

    async def tient(self, partitions: int, delai: float = 30) -> None:
        """Wait until it holds that many partitions."""

        async def bon_compte() -> bool:
            assert self.code is None, f"code {self.code}\n{self.ecrits()[-3000:]}"
            return await self.mesure("vigie_journal_partitions_tenues") == partitions

        await attendre(bon_compte, delai, f"{partitions} partitions tenues")


def _devenir(arguments: list[str], environnement: Mapping[str, str], fichiers: tuple[Path, Path], presse: bool) -> None:
    """What the new process does: become the command, with an environment and an output of its own."""
    for numero, fichier in enumerate(fichiers, 1):
        with fichier.open("wb") as ouvert:
            os.dup2(ouvert.fileno(), numero)
    for nom in [n for n in os.environ if n.startswith("VIGIE_")]:
        del os.environ[nom]
    os.environ.update(environnement)
    if presse:
        application.ReglagesConsommateur = _presses  # type: ignore[assignment, misc]
    sys.argv = arguments
    main()


def _texte(fichier: Path) -> str:
    return fichier.read_text(encoding="utf-8", errors="replace") if fichier.exists() else ""


def _presses(lot_max: int, attente: float, groupe: ReglagesGroupe) -> ReglagesConsommateur:
    del lot_max, attente, groupe
    return ReglagesConsommateur(LOT_PRESSE, 0.2, ReglagesGroupe(session=2.0, rebalance=10.0, drain=3.0))
