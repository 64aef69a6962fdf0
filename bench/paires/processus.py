"""One run of one rival in a process of its own: measured to its end, or killed in the middle."""

import json
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.milieu import MesureRatee

RACINE = Path(__file__).parents[2]

DELAI = 240.0
"""Seconds a run may take, whatever it does."""


def mesurer(commande: Sequence[str], sortie: Path) -> dict[str, Any]:
    """Run to the end; the JSON lines of its output together. Raises MesureRatee with the end of what it wrote."""
    lignes, code = _suivre(commande, sortie, "")
    releve: dict[str, Any] = {}
    for ligne in lignes:
        if ligne.startswith("{"):
            releve |= json.loads(ligne)
    if code != 0 or "secondes" not in releve:
        raise MesureRatee(f"code {code} : {_fin(sortie, lignes)}")
    return releve


def tuer_a_la_moitie(commande: Sequence[str], sortie: Path) -> None:
    """SIGKILL as soon as it says that half is done. Raises MesureRatee when it ended before."""
    lignes, code = _suivre(commande, sortie, "moitie")
    if code == 0:
        raise MesureRatee("over before SIGKILL reached it, too few events")
    if not any(ligne.endswith("moitie") for ligne in lignes):
        raise MesureRatee(f"code {code} before half: {_fin(sortie, lignes)}")


def _suivre(commande: Sequence[str], sortie: Path, signal: str) -> tuple[list[str], int]:
    """What it printed, and its code; killed when it prints ``signal`` or takes longer than DELAI."""
    lignes: list[str] = []
    with sortie.open("wb") as erreurs:
        processus = subprocess.Popen(commande, cwd=RACINE, stdout=subprocess.PIPE, stderr=erreurs, text=True)
        minuterie = threading.Timer(DELAI, processus.kill)
        minuterie.start()
        try:
            for ligne in processus.stdout or ():
                lignes.append(ligne.strip())
                if signal and lignes[-1].endswith(signal):  # a console of its own may write before
                    processus.kill()
        finally:
            minuterie.cancel()
            processus.kill()
            processus.wait()
    return lignes, processus.returncode


def _fin(sortie: Path, lignes: Sequence[str]) -> str:
    """The last thing said: where a Python process says why it stopped."""
    dites = [ligne for ligne in sortie.read_text(errors="replace").splitlines() if ligne.strip()]
    return (dites or list(lignes) or ["rien n'a été écrit"])[-1][:300]
