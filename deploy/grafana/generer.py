"""Write the dashboards: ``python -m deploy.grafana.generer``, from the root of the repository.

With ``--verifier`` nothing is written: exit code 1 when a file is not what its definition gives.
"""

import json
import sys
from pathlib import Path

from deploy.grafana.caisse import caisse
from deploy.grafana.comite import comite
from deploy.grafana.delais import delais
from deploy.grafana.reseau import reseau
from deploy.grafana.telephonie import telephonie
from deploy.grafana.vigie import vigie

TABLEAUX = Path(__file__).parent / "tableaux"
DEFINITIONS = (reseau, caisse, telephonie, delais, comite, vigie)


def fichiers() -> dict[Path, str]:
    """Text of every dashboard by path."""
    return {
        TABLEAUX / f"{definition.__name__}.json": json.dumps(definition(), ensure_ascii=False, indent=1) + "\n"
        for definition in DEFINITIONS
    }


def perimes() -> list[Path]:
    """Dashboards whose file is absent or differs from its definition."""
    return [f for f, texte in fichiers().items() if not f.exists() or f.read_text(encoding="utf-8") != texte]


def main(arguments: list[str]) -> int:
    """Exit code of the command."""
    if arguments == ["--verifier"]:
        for fichier in perimes():
            sys.stderr.write(f"{fichier.name} n'est pas à jour : lancez make docs\n")
        return 1 if perimes() else 0
    if arguments:
        sys.stderr.write("usage : python -m deploy.grafana.generer [--verifier]\n")
        return 2
    TABLEAUX.mkdir(exist_ok=True)
    for fichier, texte in fichiers().items():
        fichier.write_text(texte, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
