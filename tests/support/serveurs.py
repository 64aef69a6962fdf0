"""Real servers for tests: which there are on this machine, and what to say when there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.database.embarque import serveur_embarque
from shared.database.serveur import ErreurServeur, ServeurPostgres

REGLAGES_D_ESSAI = {"shared_buffers": "64MB", "max_wal_size": "1GB"}


def manque(quoi: str) -> None:
    """Skip by name; with STRICT=1 nothing may be missing."""
    if os.environ.get("STRICT") == "1":
        pytest.fail(f"STRICT=1 : {quoi}")
    pytest.skip(quoi)


def postgres_embarque(dossier: Path) -> ServeurPostgres:
    """The embedded server (not started), with little memory."""
    serveur = serveur_embarque(dossier)
    return ServeurPostgres(serveur.binaires, serveur.donnees, serveur.utilisateur, REGLAGES_D_ESSAI)


def postgres_systeme(dossier: Path) -> ServeurPostgres:
    """The PostgreSQL installed on the machine (found by pg_config), on a folder of ours; skips without one."""
    pg_config = shutil.which("pg_config")
    binaires = (
        Path(subprocess.run([pg_config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip())
        if pg_config
        else None
    )
    if binaires is None or not (binaires / "initdb").exists():
        manque("aucun serveur PostgreSQL installé sur la machine (pg_config, initdb)")
        raise AssertionError
    compte = None
    if os.geteuid() == 0:
        compte = "postgres"
    try:
        return ServeurPostgres(binaires, dossier.resolve(), compte, REGLAGES_D_ESSAI)
    except ErreurServeur as exc:
        manque(f"PostgreSQL du système inutilisable : {exc}")
        raise
