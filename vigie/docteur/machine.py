"""This machine: room on its disks, and whether its account may write where it must."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from vigie.docteur.constats import Constat, Examen
from vigie.docteur.lieu import Lieu

_GO = 10**9
PEU = (5 * _GO, 0.10)
TRES_PEU = (1 * _GO, 0.03)
"""(bytes, share) of a disk under which it is watched, then full too soon; either is enough."""


def place(nom: str, dossier: Path, en_plus: str = "") -> Constat:
    """Room left on the disk that holds ``dossier``, an existing folder."""
    usage = shutil.disk_usage(dossier)
    libre, part = usage.free, usage.free / usage.total
    dit = f"{libre / _GO:.1f} Go libres ({part:.0%})" + (f", {en_plus}" if en_plus else "") + "."
    if libre < TRES_PEU[0] or part < TRES_PEU[1]:
        return Constat(
            nom,
            "mauvais",
            dit,
            "Faites de la place maintenant : PostgreSQL et Kafka s'arrêtent sur un disque plein. "
            "VIGIE_RETENTION_JOURNAL_JOURS et `vigie entretien` rendent celle du journal déjà lu.",
        )
    if libre < PEU[0] or part < PEU[1]:
        return Constat(nom, "a_surveiller", dit, "Agrandissez-le, ou réglez les durées de garde (docs/capacite.md).")
    return Constat(nom, "bon", dit)


async def dossier_de_travail(lieu: Lieu) -> Sequence[Constat]:
    """``VIGIE_HOME``: data of the embedded mode, letters, keys."""
    dossier = lieu.dossier
    existant = next((d for d in (dossier, *dossier.parents) if d.is_dir()), Path("/"))
    if not os.access(existant, os.W_OK):
        return [
            Constat(
                "dossier de Vigie",
                "mauvais",
                f"{existant} n'est pas accessible en écriture.",
                "Donnez-le au compte de Vigie, ou VIGIE_HOME ailleurs.",
            )
        ]
    return [place("dossier de Vigie", existant, f"VIGIE_HOME={dossier}")]


EXAMENS: Sequence[Examen[Lieu]] = (Examen("dossier de Vigie", dossier_de_travail),)
