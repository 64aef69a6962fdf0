"""``vigie`` processes for tests: each a process of its own that runs the command's own ``main``.

They are forked from a server that has only imported the modules, so that one may be killed and started again many
times in a test of a few seconds; nothing else is shared.
"""

import contextlib
import itertools
import mmap
import multiprocessing
import os
import re
import socket
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from shared.clock import SystemClock
from shared.dossiers import application
from shared.dossiers.traitement import TraitementDossiers
from shared.log.consommateur import ReglagesConsommateur
from shared.log.types import ReglagesGroupe
from tests.support.attente import attendre
from tests.support.commande import CLE
from vigie.cli import main

LOT_PRESSE = 200
"""Records in a transaction at most, in a process with small batches."""

HORLOGE = "ESSAI_HORLOGE"
"""Environment of a process under the ``horloge`` amenagement: the file of its `Decalage`."""

_CONTEXTE = multiprocessing.get_context("forkserver")
_MODULES = ["tests.support.processus_vigie", "vigie.demarrage", "vigie.importer", "vigie.kpi"]
_CONTEXTE.set_forkserver_preload(_MODULES)
_NUMEROS = itertools.count(1)


def precharger(*modules: str) -> None:
    """Have these imported before the processes are forked too; to be said before the first one."""
    _CONTEXTE.set_forkserver_preload([*_MODULES, *modules])


class Commande:
    """One ``vigie …`` with an environment of its own, under ``dossier``, its output in files.

    ``presse`` and ``amenagements``: what is changed in the program before it runs, by the names of ``AMENAGEMENTS``.
    """

    def __init__(
        self,
        dossier: Path,
        arguments: Sequence[str],
        url: str,
        bootstrap: str | None,
        presse: bool,
        environnement: Mapping[str, str] | None = None,
        amenagements: Sequence[str] = (),
    ) -> None:
        propre = {"VIGIE_DATABASE_URL": url, "VIGIE_HOME": str(dossier), "VIGIE_CLE_PSEUDONYME": CLE}
        if bootstrap is not None:
            propre["VIGIE_KAFKA_BOOTSTRAP"] = bootstrap
        base = dossier / f"vigie-{next(_NUMEROS)}"
        self._fichiers = (base.with_suffix(".sortie"), base.with_suffix(".erreurs"))
        changes = (*(["presse"] if presse else []), *amenagements)
        self._process = _CONTEXTE.Process(
            target=_devenir, args=(["vigie", *arguments], {**propre, **(environnement or {})}, self._fichiers, changes)
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
    """One ``vigie serve`` on a port of its own, or on the one given. ``presse``: small batches and a short session, so
    that faults fall in mid-batch and are noticed soon; otherwise exactly what the command does."""

    def __init__(
        self,
        dossier: Path,
        role: str,
        url: str,
        bootstrap: str | None,
        *,
        presse: bool,
        service: str = "claims",
        port: int | None = None,
        environnement: Mapping[str, str] | None = None,
        amenagements: Sequence[str] = (),
    ) -> None:
        self.port = port_libre() if port is None else port
        arguments = ("serve", service, "--role", role, "--port", str(self.port))
        super().__init__(dossier, arguments, url, bootstrap, presse, environnement, amenagements)

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


class Decalage:
    """Seconds by which the clock of the processes that hold ``fichier`` is ahead of the machine's, shared with them."""

    def __init__(self, fichier: Path) -> None:
        if not fichier.exists():
            fichier.write_bytes(struct.pack("d", 0.0))
        with fichier.open("r+b") as ouvert:
            self._memoire = mmap.mmap(ouvert.fileno(), 8)

    @property
    def secondes(self) -> float:
        return float(struct.unpack("d", self._memoire[:8])[0])

    @secondes.setter
    def secondes(self, valeur: float) -> None:
        self._memoire[:8] = struct.pack("d", valeur)

    def now(self) -> datetime:
        """The present of those processes."""
        return datetime.now(UTC) + timedelta(seconds=self.secondes)


def port_libre() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


def _devenir(
    arguments: list[str], environnement: Mapping[str, str], fichiers: tuple[Path, Path], changes: Sequence[str]
) -> None:
    """What the new process does: become the command, with an environment and an output of its own."""
    for numero, fichier in enumerate(fichiers, 1):
        with fichier.open("wb") as ouvert:
            os.dup2(ouvert.fileno(), numero)
    for nom in [n for n in os.environ if n.startswith("VIGIE_")]:
        del os.environ[nom]
    os.environ.update(environnement)
    for nom in changes:
        AMENAGEMENTS[nom]()
    sys.argv = arguments
    main()


def _texte(fichier: Path) -> str:
    return fichier.read_text(encoding="utf-8", errors="replace") if fichier.exists() else ""


def _lots_presses() -> None:
    def presses(lot_max: int, attente: float, groupe: ReglagesGroupe) -> ReglagesConsommateur:
        del lot_max, attente, groupe
        return ReglagesConsommateur(LOT_PRESSE, 0.2, ReglagesGroupe(session=2.0, rebalance=10.0, drain=3.0))

    application.ReglagesConsommateur = presses  # type: ignore[assignment, misc]


def _horloge_decalee() -> None:
    decalage = Decalage(Path(os.environ[HORLOGE]))
    SystemClock.now = lambda _: decalage.now()  # type: ignore[method-assign]


def _tout_refuser() -> None:
    def preparer(traitement: TraitementDossiers, records: Sequence[Any]) -> Any:
        raise KeyError("jalon")

    TraitementDossiers.preparer = preparer  # type: ignore[method-assign]


AMENAGEMENTS: Mapping[str, Callable[[], None]] = {
    "presse": _lots_presses,
    "horloge": _horloge_decalee,
    "mauvaise_version": _tout_refuser,
}
"""What may be changed in a process: small batches; a clock that another moves; a version that takes no event."""
