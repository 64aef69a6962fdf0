"""What a batch adds to the cells: rows of dimensions, version and amounts, in columns, summed once at the end."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.dossiers.contributions import DIMENSIONS, MESURES, Contribution

Entiers = NDArray[np.int64]

Version = tuple[int, int]
"""(recorded day, cause) of a delta."""

_PLACES_MAX = 2**62
"""Most combinations of dimensions that one integer is asked to number."""


class Deltas:
    """Amounts to add to cells: per kind, rows of dimensions, recorded day, cause and amounts, in no order."""

    def __init__(self) -> None:
        self._lignes: dict[int, list[tuple[int, ...]]] = {}
        self._blocs: dict[int, list[Entiers]] = {}

    def ajouter(self, contributions: Sequence[Contribution], version: Version, signe: int = 1) -> None:
        """Add (``signe`` 1) or take out (-1) the contributions of one dossier."""
        for genre, dims, montants in contributions:
            portes = montants if signe > 0 else tuple([-m for m in montants])
            self._lignes.setdefault(genre, []).append((*dims, *version, *portes))

    def ajouter_colonnes(self, genre: int, lignes: Entiers, versions: Entiers, signe: int = 1) -> None:
        """The same for many dossiers: ``lignes`` dimensions and amounts, ``versions`` two columns, row by row."""
        dims = len(DIMENSIONS[genre])
        bloc = np.concatenate((lignes[:, :dims], versions, lignes[:, dims:] * signe), axis=1)
        self._blocs.setdefault(genre, []).append(bloc)

    def cellules(self) -> dict[int, Entiers]:
        """Kind -> rows of dimensions, recorded day, cause and amounts, one per cell that moves, in key order."""
        sommes = {}
        for genre in sorted(self._lignes.keys() | self._blocs.keys()):
            blocs = list(self._blocs.get(genre, ()))
            if genre in self._lignes:
                blocs.append(np.array(self._lignes[genre], dtype=np.int64))
            somme = sommer_lignes(np.concatenate(blocs), len(MESURES[genre]))
            if len(somme):
                sommes[genre] = somme
        return sommes


def sommer_lignes(lignes: Entiers, mesures: int) -> Entiers:
    """One row per distinct key (all columns but the last ``mesures``), in key order, amounts summed exactly; rows
    whose every sum is nil are left out."""
    if not len(lignes):
        return lignes
    cles = _numeroter(lignes[:, :-mesures])
    ordre = np.argsort(cles, kind="stable")
    tries = cles[ordre]
    debuts = np.flatnonzero(np.concatenate(([True], tries[1:] != tries[:-1])))
    sommes = np.add.reduceat(lignes[ordre, -mesures:], debuts, axis=0)
    reste = sommes.any(axis=1)
    return np.concatenate((lignes[ordre[debuts[reste]], :-mesures], sommes[reste]), axis=1)


def _numeroter(colonnes: Entiers) -> Entiers:
    """One integer per row, in the order of the rows compared column by column; equal rows have equal ones."""
    numeros, places = np.zeros(len(colonnes), dtype=np.int64), 1
    for rang in range(colonnes.shape[1]):
        colonne = colonnes[:, rang]
        bas = int(colonne.min())
        largeur = int(colonne.max()) - bas + 1
        if places * largeur > _PLACES_MAX:
            presents, numeros = np.unique(numeros, return_inverse=True)
            places = len(presents)
        if largeur > 1:
            numeros = numeros * largeur + (colonne - bas)
            places *= largeur
    return numeros
