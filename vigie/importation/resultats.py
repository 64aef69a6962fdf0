"""What becomes of the lines of a file: an event, a refusal, or nothing on purpose; each is one of them."""

from typing import Literal

import msgspec

BRUT_MAX = 64 * 1024
"""Bytes of the line that a refusal keeps: enough to mend and replay any sane row."""

Raison = Literal[
    "ligne_trop_longue",
    "octet_nul",
    "encodage",
    "guillemets",
    "colonnes",
    "json_invalide",
    "fichier_corrompu",
    "valeur_illisible",
    "sujet_absent",
    "sans_jalon",
    "date_invalide",
    "nombre_invalide",
    "code_invalide",
]

Motif = Literal["vide", "filtre", "activite", "nombre_nul"]
"""Why a line makes nothing: blank, left out by when/unless, an activity that is no jalon, a count of zero."""


class Evenement(msgspec.Struct, frozen=True, gc=False):
    """One CloudEvents JSON document made from the row that begins at ``ligne``.

    ``remplaces`` names the attributes whose value in the file was not understood: the default stands in for it,
    or ``autre``.
    """

    ligne: int
    corps: bytes
    remplaces: tuple[str, ...] = ()


class RejetLigne(msgspec.Struct, frozen=True, gc=False):
    """A row refused: its line in the file (from 1, header counted), why, a French sentence, its first BRUT_MAX bytes.

    ``brut`` is the line as it was read, names and identifiers included: it is for the person who imports.
    """

    ligne: int
    raison: Raison
    message: str
    brut: bytes


class LigneIgnoree(msgspec.Struct, frozen=True, gc=False):
    """A line that makes no event, as the mapping wants."""

    ligne: int
    motif: Motif


class Rangee(msgspec.Struct, frozen=True, gc=False):
    """The stripped cells of one row, in the order of the columns of its file, and the bytes it was read from."""

    ligne: int
    brut: bytes
    cellules: list[str]


def rejet(ligne: int, raison: Raison, message: str, brut: bytes) -> RejetLigne:
    """A refusal that keeps no more than BRUT_MAX bytes of the line."""
    return RejetLigne(ligne, raison, message, brut[:BRUT_MAX])
