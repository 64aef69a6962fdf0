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
from shared.generes import Produits, commande

TABLEAUX = Path(__file__).parent / "tableaux"
DEFINITIONS = (reseau, caisse, telephonie, delais, comite, vigie)


def produits() -> Produits:
    """Text of every dashboard by path."""
    return {
        TABLEAUX / f"{definition.__name__}.json": json.dumps(definition(), ensure_ascii=False, indent=1) + "\n"
        for definition in DEFINITIONS
    }


if __name__ == "__main__":
    sys.exit(commande("deploy.grafana.generer", produits(), sys.argv[1:]))
