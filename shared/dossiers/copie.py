"""Rows of whole numbers as PostgreSQL's binary COPY (its page, "Binary Format"), made and read as one array."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ENTETE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_FIN = b"\xff\xff"
_LARGEURS = {"smallint": ">i2", "integer": ">i4", "bigint": ">i8"}


def ecrire_copie(lignes: NDArray[np.int64], types: Sequence[str]) -> bytes:
    """``lignes`` with one column per SQL type: smallint, integer or bigint. Raises OverflowError when one is too wide.

    Each row is a count of fields, then each field's length and its bytes.
    """
    copie = np.empty(len(lignes), dtype=_forme(types))
    copie["champs"] = len(types)
    for rang, type_ in enumerate(types):
        largeur = np.dtype(_LARGEURS[type_]).itemsize
        colonne = lignes[:, rang]
        borne = 1 << (8 * largeur - 1)
        if largeur < 8 and len(colonne) and not -borne <= colonne.min() <= colonne.max() < borne:
            raise OverflowError(f"column {rang} does not fit {type_}")
        copie[f"l{rang}"] = largeur
        copie[f"v{rang}"] = colonne
    return _ENTETE + copie.tobytes() + _FIN


def lire_copie(octets: bytes, types: Sequence[str]) -> NDArray[np.int64]:
    """The inverse of ``ecrire_copie``, for rows without NULL. Raises ValueError for anything else."""
    if not octets.startswith(_ENTETE) or not octets.endswith(_FIN):
        raise ValueError("not a whole binary copy")
    copie = np.frombuffer(octets[len(_ENTETE) : -len(_FIN)], dtype=_forme(types))
    lignes = np.empty((len(copie), len(types)), dtype=np.int64)
    for rang, type_ in enumerate(types):
        if (copie[f"l{rang}"] != np.dtype(_LARGEURS[type_]).itemsize).any():
            raise ValueError(f"column {rang} is not {type_} everywhere")
        lignes[:, rang] = copie[f"v{rang}"]
    return lignes


def _forme(types: Sequence[str]) -> np.dtype[np.void]:
    champs = [c for rang, t in enumerate(types) for c in ((f"l{rang}", ">i4"), (f"v{rang}", _LARGEURS[t]))]
    return np.dtype([("champs", ">i2"), *champs])
