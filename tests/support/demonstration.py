"""A whole demonstration, run for its pages: the stack that ``vigie demo`` leaves live."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.database import embarque
from vigie.pile import Etat, etat_courant

DELAI_S = 1_800.0
"""What the replay may take on a slow machine."""


@contextmanager
def demonstration(*arguments: str) -> Iterator[Etat]:
    """The stack of ``vigie demo`` with these arguments, once it has come to its live part; ended afterwards."""
    dossier = Path(tempfile.mkdtemp(prefix="vigie-demonstration-"))
    journal = dossier / "demo.log"
    with journal.open("wb") as sortie:
        demo = subprocess.Popen(
            [sys.executable, "-m", "vigie", "demo", *arguments],
            env=os.environ | {"VIGIE_HOME": str(dossier)}, stdout=sortie, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        fin = time.monotonic() + DELAI_S
        while "En direct" not in journal.read_text(errors="replace"):
            if demo.poll() is not None or time.monotonic() > fin:
                raise SystemExit(f"La démonstration n'est pas arrivée au direct :\n{journal.read_text()[-1500:]}")
            time.sleep(1)
        yield debout(dossier)
    finally:
        demo.terminate()
        demo.wait(60)
        embarque.arreter(dossier / "postgres")
        shutil.rmtree(dossier, ignore_errors=True)


def debout(dossier: Path) -> Etat:
    """The stack that runs under this folder."""
    etat = etat_courant(dossier)
    if etat is None:
        raise SystemExit(f"Rien ne tourne sous {dossier}.")
    return etat
