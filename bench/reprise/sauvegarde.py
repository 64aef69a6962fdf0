"""PostgreSQL saved and restored with its own programs, as docs/reprise.md says to.

``pg_basebackup`` copies the data folder while it is written to; with it, ``pg_receivewal`` streams every commit to
another place, and what is restored is the copy and what was streamed. ``pg_dump`` writes the tables as of one instant.
Either way the positions are in the same transaction as the figures.
"""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.database import embarque
from shared.database.serveur import ServeurPostgres, ouvrir_passage

Methode = Literal["pg_basebackup", "pg_dump"]

_ESSAIS = 600


@dataclass(slots=True)
class FluxDeWal:
    """``pg_receivewal`` at work, as another site would run it."""

    dossier: Path
    _processus: "subprocess.Popen[bytes]"

    def arreter(self) -> None:
        """The streaming ends with the server it reads; what was received stays."""
        self._processus.terminate()
        self._processus.wait()


def recevoir_le_wal(serveur: ServeurPostgres, vers: Path) -> FluxDeWal:
    """Stream the WAL of a running server to ``vers``, written through at once, until told otherwise."""
    vers.mkdir(parents=True)
    commande = [_programme(serveur, "pg_receivewal"), "-d", serveur.url(), "-D", str(vers), "--no-loop"]
    processus = subprocess.Popen([*commande, "--synchronous"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(_ESSAIS):
        if any(vers.iterdir()):
            break
        time.sleep(0.05)
    return FluxDeWal(vers, processus)


def sauvegarder(serveur: ServeurPostgres, methode: Methode, vers: Path) -> None:
    """Save a running server into ``vers`` (a folder, or the file of a dump).

    The ``pg_verifybackup`` of the embedded server's wheel does not run: what is restored is verified instead.
    """
    if methode == "pg_dump":
        _executer(serveur, "pg_dump", "-Fc", "-d", serveur.url(embarque.BASE), "-f", str(vers))
        return
    _executer(serveur, "pg_basebackup", "-d", serveur.url(), "-D", str(vers), "-X", "stream", "-c", "fast")


def restaurer(depuis: Path, methode: Methode, dossier: Path, wal: Path | None = None) -> ServeurPostgres:
    """A running server under ``dossier``, an unused folder, that holds what was saved, and what ``wal`` brought after.

    Returns once it takes writes.
    """
    neuf = embarque.serveur_embarque(dossier)
    if methode == "pg_dump":
        neuf.demarrer()
        embarque.creer_base(neuf, embarque.BASE)
        _executer(neuf, "pg_restore", "-d", neuf.url(embarque.BASE), "--jobs=2", "--exit-on-error", str(depuis))
        return neuf
    # The embedded server's socket is in its data folder, and its lock is copied with it.
    shutil.copytree(depuis, dossier, ignore=shutil.ignore_patterns(".s.PGSQL.*"))
    reprise = {}
    if wal is not None:
        for entame in wal.glob("*.partial"):
            entame.rename(entame.with_suffix(""))
        (dossier / "recovery.signal").touch()
        reprise = {"restore_command": f'cp "{wal}/%f" "%p"'}
        _donner(neuf, wal)
    _donner(neuf, dossier)
    dossier.chmod(0o700)
    neuf = ServeurPostgres(neuf.binaires, neuf.donnees, neuf.utilisateur, reprise)
    neuf.demarrer()
    while _executer(neuf, "psql", "-XAtc", "SELECT pg_is_in_recovery()", neuf.url()) != "f":
        time.sleep(0.02)
    return neuf


def _donner(serveur: ServeurPostgres, dossier: Path) -> None:
    """To the account that runs PostgreSQL, when that is not ours."""
    if serveur.utilisateur is None:
        return
    ouvrir_passage(dossier)
    for chemin in (dossier, *dossier.rglob("*")):
        shutil.chown(chemin, serveur.utilisateur, serveur.utilisateur)


def _programme(serveur: ServeurPostgres, nom: str) -> str:
    return str(serveur.binaires / nom)


def _executer(serveur: ServeurPostgres, nom: str, *arguments: str) -> str:
    fini = subprocess.run([_programme(serveur, nom), *arguments], check=False, capture_output=True, text=True)
    if fini.returncode != 0:
        raise RuntimeError(f"{nom} : code {fini.returncode}\n{fini.stderr[-2000:]}")
    return fini.stdout.strip()
