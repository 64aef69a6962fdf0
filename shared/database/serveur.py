"""A PostgreSQL server of our own: one data folder, one Unix socket, no TCP port.

The same few steps serve the embedded server and, in tests, any other PostgreSQL installed on the machine.
Blocking: call it from the command line or from a thread, not from an event loop.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

SUPERUTILISATEUR = "postgres"
PORT = 5432  # only names the socket file: the server has no TCP port
# sockaddr_un holds 107 characters and a zero on Linux.
_LONGUEUR_SOCKET = 107 - len(f"/.s.PGSQL.{PORT}")

REGLAGES: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class ErreurServeur(RuntimeError):
    """The server could not be prepared, started or stopped; the message says why and shows its log."""


@dataclass(frozen=True, slots=True)
class ServeurPostgres:
    """One data folder and the programs that serve it.

    ``utilisateur`` is the account that runs PostgreSQL when we are root (PostgreSQL refuses root); None when
    we are not. ``reglages`` are added to `REGLAGES`.
    """

    binaires: Path
    donnees: Path
    utilisateur: str | None = None
    reglages: Mapping[str, str] = field(default_factory=dict)

    @property
    def dossier_socket(self) -> Path:
        """The data folder itself, or a short private one when its path is too long for a socket."""
        if len(str(self.donnees)) <= _LONGUEUR_SOCKET:
            return self.donnees
        empreinte = hashlib.sha256(str(self.donnees).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"vigie-pg-{empreinte}"

    def url(self, base: str = SUPERUTILISATEUR) -> str:
        """Address through the Unix socket; asyncpg, libpq and (after `url_sqlalchemy`) SQLAlchemy accept it."""
        return f"postgresql://{SUPERUTILISATEUR}@/{quote(base)}?host={quote(str(self.dossier_socket))}"

    def repond(self) -> bool:
        """Whether it accepts connections now."""
        return self._pg_isready() == 0

    def demarrer(self, delai: float = 60.0) -> None:
        """Create the data folder if needed and start, or do nothing when it already answers.

        After an unclean stop PostgreSQL recovers by itself; this waits for it, up to ``delai`` seconds.
        """
        with self._verrou():
            if self.repond():
                return
            self._initialiser()
            self._lancer(delai)

    def arreter(self, delai: float = 30.0) -> None:
        """Clean stop ("fast": sessions are ended, nothing is lost). Nothing to do when it does not run."""
        self._signaler(signal.SIGINT, delai)

    def tuer(self, delai: float = 30.0) -> None:
        """End the server without letting it clean up, as a power cut would: SIGKILL to it and its children."""
        pid = self.pid()
        enfants = _enfants(pid) if pid else []
        self._signaler(signal.SIGKILL, delai)
        for enfant in enfants:
            with contextlib.suppress(ProcessLookupError):
                os.kill(enfant, signal.SIGKILL)
        _attendre(lambda: not any(_vivant(e) for e in enfants), delai, "les processus du serveur ne finissent pas")

    def pid(self) -> int | None:
        """Process of the running server, None when it does not run (a stale pid file is not believed)."""
        try:
            lignes = (self.donnees / "postmaster.pid").read_text().splitlines()
            pid = int(lignes[0])
            commande = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return None
        return pid if str(self.donnees).encode() in commande else None

    def _initialiser(self) -> None:
        if (self.donnees / "PG_VERSION").exists():
            return
        ebauche = self.donnees.with_name(self.donnees.name + ".ebauche")
        shutil.rmtree(ebauche, ignore_errors=True)
        ebauche.mkdir(mode=0o700, parents=True)
        self._donner(ebauche)
        self._executer(
            "initdb", "-D", str(ebauche), "-U", SUPERUTILISATEUR, "--auth=trust", "--encoding=UTF8", "--locale=C"
        )
        if self.donnees.exists():
            self.donnees.rmdir()
        ebauche.rename(self.donnees)

    def _lancer(self, delai: float) -> None:
        socket = self.dossier_socket
        socket.mkdir(mode=0o700, exist_ok=True)
        self._donner(socket)
        options = [f"-c{nom}={valeur}" for nom, valeur in {**REGLAGES, **self.reglages}.items()]
        with (self.donnees / "serveur.log").open("ab") as journal:
            processus = subprocess.Popen(  # noqa: S603
                [self._programme("postgres"), "-D", str(self.donnees), "-k", str(socket), *options],
                stdin=subprocess.DEVNULL,
                stdout=journal,
                stderr=journal,
                start_new_session=True,
                cwd=self.donnees,
                **self._identite(),
            )
        # At once: whoever ends this server, even before it answers, must be able to reap it. A dead postmaster
        # that nobody reaped still holds its lock file for the next one.
        _LANCES[processus.pid] = processus
        fin = time.monotonic() + delai
        while self._pg_isready() != 0:
            if processus.poll() is not None:
                raise ErreurServeur(f"PostgreSQL s'est arrêté au démarrage :\n{self._fin_du_journal()}")
            if time.monotonic() > fin:
                raise ErreurServeur(f"PostgreSQL ne répond pas après {delai:.0f} s :\n{self._fin_du_journal()}")
            time.sleep(0.05)

    def _signaler(self, numero: signal.Signals, delai: float) -> None:
        pid = self.pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, numero)
        _attendre(lambda: not _vivant(pid), delai, f"PostgreSQL (pid {pid}) ne s'arrête pas")

    def _pg_isready(self) -> int:
        commande = [self._programme("pg_isready"), "-q", "-h", str(self.dossier_socket), "-p", str(PORT)]
        fini = subprocess.run([*commande, "-t", "3"], check=False, capture_output=True)  # noqa: S603
        return fini.returncode

    def _executer(self, programme: str, *arguments: str) -> None:
        fini = subprocess.run(  # noqa: S603
            [self._programme(programme), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **self._identite(),
        )
        if fini.returncode != 0:
            raise ErreurServeur(f"{programme} a échoué ({fini.returncode}) :\n{fini.stdout}\n{fini.stderr}")

    def _programme(self, nom: str) -> str:
        return str(self.binaires / nom)

    def _identite(self) -> "_Identite":
        if self.utilisateur is None:
            return {"env": {**os.environ, "LC_ALL": "C"}}
        return {
            "env": {**os.environ, "LC_ALL": "C"},
            "user": self.utilisateur,
            "group": self.utilisateur,
            "extra_groups": [],
        }

    def _donner(self, dossier: Path) -> None:
        if self.utilisateur is not None:
            ouvrir_passage(dossier)
            shutil.chown(dossier, self.utilisateur, self.utilisateur)

    def _fin_du_journal(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join((self.donnees / "serveur.log").read_text(errors="replace").splitlines()[-20:])
        return "(pas de journal)"

    @contextlib.contextmanager
    def _verrou(self) -> Iterator[None]:
        self.donnees.parent.mkdir(parents=True, exist_ok=True)
        with self.donnees.with_name(self.donnees.name + ".verrou").open("w") as fichier:
            fcntl.flock(fichier, fcntl.LOCK_EX)
            yield


class _Identite(TypedDict, total=False):
    env: dict[str, str]
    user: str
    group: str
    extra_groups: list[str]


# Servers started by this process, kept so that their end is collected.
_LANCES: dict[int, "subprocess.Popen[bytes]"] = {}


def ouvrir_passage(chemin: Path) -> None:
    """As root: let other accounts traverse (not list) the folders above ``chemin``, where they could not."""
    for parent in chemin.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _vivant(pid: int) -> bool:
    lance = _LANCES.get(pid)
    if lance is not None:
        # Ours: dead only once reaped, whatever /proc says meanwhile.
        if lance.poll() is None:
            return True
        del _LANCES[pid]
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _enfants(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(e) for e in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _attendre(condition: Callable[[], bool], delai: float, plainte: str) -> None:
    fin = time.monotonic() + delai
    while not condition():
        if time.monotonic() > fin:
            raise ErreurServeur(f"{plainte} après {delai:.0f} s")
        time.sleep(0.02)
