"""Rows of whole numbers as PostgreSQL's binary COPY (documentation of COPY, "Binary Format"), made as one array."""

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
    champs = [c for rang, t in enumerate(types) for c in ((f"l{rang}", ">i4"), (f"v{rang}", _LARGEURS[t]))]
    copie = np.empty(len(lignes), dtype=[("champs", ">i2"), *champs])
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
