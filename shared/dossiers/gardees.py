"""The form in which a dossier keeps the contributions it last made: one fixed record per contribution.

A record is a byte that names its kind and width, the dimensions, then the amounts, little-endian, each dimension as
wide as its column. Amounts take four bytes when all of a record fit, eight otherwise, so that equal contributions
are equal bytes. A whole batch is written and read as arrays.
"""

from collections.abc import Sequence
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from shared.dossiers.contributions import CLOS, DIMENSIONS, MESURES, OUVERT, Contribution
from shared.dossiers.tables import type_de

Entiers = NDArray[np.int64]

LARGE = 16
"""Added to the kind of a record whose amounts take eight bytes."""

ETROIT_MAX = 2**31 - 1
"""Largest amount, in absolute value, of a record whose amounts take four bytes."""

_LARGEURS = {"smallint": "i2", "integer": "i4"}
_LETTRES = {"i1": "B", "i2": "h", "i4": "i", "i8": "q"}


def _champs(genre: int, large: bool) -> list[str]:
    montants = ["i8" if large else "i4"] * len(MESURES[genre])
    return ["i1", *(_LARGEURS[type_de(d, genre)] for d in DIMENSIONS[genre]), *montants]


def _formes(large: bool) -> dict[int, np.dtype[np.void]]:
    marque = LARGE if large else 0
    return {
        genre + marque: np.dtype([(f"c{rang}", f"<{champ}") for rang, champ in enumerate(_champs(genre, large))])
        for genre in DIMENSIONS
    }


FORMES = _formes(False) | _formes(True)
"""Kind (plus LARGE) -> the record."""

_NOMS = {marque: forme.names or () for marque, forme in FORMES.items()}
_STRUCTURES = {
    marque: Struct("<" + "".join(_LETTRES[c] for c in _champs(marque % LARGE, marque >= LARGE))) for marque in FORMES
}


def encoder_contributions(contributions: Sequence[Contribution]) -> bytes:
    """The kept form of one dossier's contributions."""
    return b"".join([_encoder(*contribution) for contribution in contributions])


def _encoder(genre: int, dims: tuple[int, ...], montants: tuple[int, ...]) -> bytes:
    etroit = min(montants) >= -ETROIT_MAX and max(montants) <= ETROIT_MAX
    marque = genre if etroit else genre + LARGE
    return _STRUCTURES[marque].pack(marque, *dims, *montants)


def decoder_contributions(octets: bytes) -> list[Contribution]:
    """The inverse of ``encoder_contributions``."""
    lues: list[Contribution] = []
    debut = 0
    while debut < len(octets):
        structure = _STRUCTURES[octets[debut]]
        marque, *valeurs = structure.unpack_from(octets, debut)
        genre = marque % LARGE
        dims = len(DIMENSIONS[genre])
        lues.append((genre, tuple(valeurs[:dims]), tuple(valeurs[dims:])))
        debut += structure.size
    return lues


def encoder_colonnes(genre: int, lignes: Entiers) -> list[bytes]:
    """The record of each row: dimensions then amounts of one kind, in columns."""
    if not _etroites(genre, lignes):
        dims = len(DIMENSIONS[genre])
        return [_encoder(genre, tuple(ligne[:dims]), tuple(ligne[dims:])) for ligne in lignes.tolist()]
    return _couper(_octets(genre, lignes))


def encoder_dossiers(ouverts: Entiers, fermes: Entiers, clos: Entiers) -> list[bytes]:
    """The kept form of each dossier, from its row of *ouvert* and, for those at ranks ``fermes``, that of *clos*."""
    if not (_etroites(OUVERT, ouverts) and _etroites(CLOS, clos)):
        gardes = encoder_colonnes(OUVERT, ouverts)
        for rang, octets in zip(fermes.tolist(), encoder_colonnes(CLOS, clos), strict=True):
            gardes[rang] += octets
        return gardes
    debuts = _octets(OUVERT, ouverts)
    entiers = _couper(np.concatenate((debuts[fermes], _octets(CLOS, clos)), axis=1))
    if len(fermes) == len(ouverts):
        return entiers
    restent = np.delete(np.arange(len(ouverts)), fermes)
    return etaler([*entiers, *_couper(debuts[restent])], [*fermes.tolist(), *restent.tolist()], len(ouverts))


def etaler(octets: Sequence[bytes], places: Sequence[int], taille: int) -> list[bytes]:
    """A list of ``taille`` with these at their places and nothing elsewhere."""
    etales = [b""] * taille
    for place, un in zip(places, octets, strict=True):
        etales[place] = un
    return etales


def _etroites(genre: int, lignes: Entiers) -> bool:
    return not len(lignes) or bool(np.abs(lignes[:, len(DIMENSIONS[genre]) :]).max() <= ETROIT_MAX)


def _octets(genre: int, lignes: Entiers) -> NDArray[np.uint8]:
    """The record of each row, a byte a column; all amounts take four."""
    enregistrements = np.empty(len(lignes), dtype=FORMES[genre])
    enregistrements["c0"] = genre
    for rang in range(lignes.shape[1]):
        enregistrements[f"c{rang + 1}"] = lignes[:, rang]
    return enregistrements.view(np.uint8).reshape(len(lignes), FORMES[genre].itemsize)


def _couper(lignes: NDArray[np.uint8]) -> list[bytes]:
    octets, taille = lignes.tobytes(), lignes.shape[1]
    return [octets[debut : debut + taille] for debut in range(0, len(octets), taille)]


def decoder_colonnes(lots: Sequence[bytes]) -> dict[int, tuple[Entiers, Entiers]]:
    """Kind -> (rank in ``lots``, dimensions and amounts), one row per contribution of these dossiers."""
    rangs_par_forme: dict[tuple[int, ...], list[int]] = {}
    for rang, octets in enumerate(lots):
        if octets:
            rangs_par_forme.setdefault(_marques(octets), []).append(rang)
    parts: dict[int, list[tuple[Entiers, Entiers]]] = {}
    for marques, rangs in rangs_par_forme.items():
        record = np.dtype([(str(place), FORMES[marque]) for place, marque in enumerate(marques)])
        lus = np.frombuffer(b"".join([lots[r] for r in rangs]), dtype=record)
        for place, marque in enumerate(marques):
            bloc = lus[str(place)]
            colonnes = [bloc[f"c{c}"].astype(np.int64) for c in range(1, len(_NOMS[marque]))]
            parts.setdefault(marque % LARGE, []).append((np.array(rangs), np.stack(colonnes, axis=1)))
    return {
        genre: (np.concatenate([n for n, _ in blocs]), np.concatenate([b for _, b in blocs]))
        for genre, blocs in parts.items()
    }


def _marques(octets: bytes) -> tuple[int, ...]:
    """Kind and width of each record, in order."""
    marques, debut = [], 0
    while debut < len(octets):
        marques.append(octets[debut])
        debut += _STRUCTURES[octets[debut]].size
    return tuple(marques)
