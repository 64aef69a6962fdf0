"""The vigie command as its users run it: a process of its own, under a VIGIE_HOME of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

RACINE = Path(__file__).parents[2]
DONNEES = RACINE.parent / "shared" / "data"
"""The public data sets, when they stand beside the repository."""

CLE = "cle-de-reseau-pour-les-essais-seulement"


class Vigie:
    """Runs ``vigie …`` under ``dossier``; extra environment in ``environnement``."""

    def __init__(self, dossier: Path, **environnement: str) -> None:
        propre = {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith("VIGIE_")}
        self._environnement = propre | {"VIGIE_HOME": str(dossier), "VIGIE_CLE_PSEUDONYME": CLE} | environnement

    def __call__(self, *arguments: str, code: int = 0, delai: float = 110) -> str:
        """Standard output of the command, which must end with ``code``."""
        return self.module("vigie", *arguments, code=code, delai=delai)

    def module(self, nom: str, *arguments: str, code: int = 0, delai: float = 110) -> str:
        """The same of ``python -m nom``."""
        fini = subprocess.run(
            [sys.executable, "-m", nom, *arguments],
            cwd=RACINE,
            env=self._environnement,
            capture_output=True,
            text=True,
            timeout=delai,
            check=False,
        )
        assert fini.returncode == code, f"code {fini.returncode}\n{fini.stdout[-2000:]}\n{fini.stderr[-4000:]}"
        return fini.stdout if code == 0 else fini.stdout + fini.stderr

    def kpi(self, indicateur: str, du: str, au: str, *autres: str) -> dict[str, Any]:
        """The JSON of ``vigie kpi`` for one value."""
        sortie = self("kpi", "--indicateur", indicateur, "--du", du, "--au", au, "--json", *autres)
        document: dict[str, Any] = json.loads(sortie)
        return document
