"""Files that are written from something else and kept in the repository: the command that writes them, or checks them.

A module that makes some ends with ``sys.exit(commande(__spec__.name, produits(), sys.argv[1:]))``.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Produits = Mapping[Path, str | None]
"""Path -> content of every file; None for one that should not be there."""


def perimes(produits: Produits) -> list[Path]:
    """The files whose content is not the one wanted, in order."""
    return sorted(fichier for fichier, voulu in produits.items() if _contenu(fichier) != voulu)


def ecrire(produits: Produits) -> list[Path]:
    """Bring every file up to date; those that changed, in order."""
    changes = perimes(produits)
    for fichier in changes:
        voulu = produits[fichier]
        if voulu is None:
            fichier.unlink()
        else:
            fichier.parent.mkdir(parents=True, exist_ok=True)
            fichier.write_text(voulu, encoding="utf-8")
    return changes


def commande(module: str, produits: Produits, arguments: Sequence[str]) -> int:
    """Write the files, or with ``--verifier`` only name those that are not up to date. Exit code: 1 when there is one,
    2 for any other argument."""
    if [*arguments] not in ([], ["--verifier"]):
        sys.stderr.write(f"usage : python -m {module} [--verifier]\n")
        return 2
    if not arguments:
        for fichier in ecrire(produits):
            sys.stdout.write(f"{fichier.name} : écrit\n")
        return 0
    trouves = perimes(produits)
    for fichier in trouves:
        sys.stderr.write(f"{fichier.name} n'est pas à jour : lancez python -m {module}\n")
    return 1 if trouves else 0


def _contenu(fichier: Path) -> str | None:
    return fichier.read_text(encoding="utf-8") if fichier.is_file() else None
