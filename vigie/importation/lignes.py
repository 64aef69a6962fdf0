"""Physical lines of a binary stream: numbered, bounded, and given back when they were read too early."""

import zlib
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from vigie.importation.resultats import BRUT_MAX, RejetLigne, rejet

LIGNE_MAX = 1_000_000
"""Longest row, in bytes; what is beyond on its line is skipped without being kept."""

BOM = b"\xef\xbb\xbf"


class Ligne(NamedTuple):
    """A line without its end. ``coupee``: it was longer than LIGNE_MAX and ``brut`` is its beginning."""

    numero: int
    brut: bytes
    coupee: bool = False


class Lignes(Iterator[Ligne]):
    """The lines of a stream, each read once. A stream that breaks (gzip, disk) ends, and ``panne`` says why."""

    def __init__(self, flux: BinaryIO) -> None:
        self._lire = flux.readline
        self._numero = 0
        self._rendues: deque[Ligne] = deque()
        self.panne: RejetLigne | None = None

    def __next__(self) -> Ligne:
        if self._rendues:
            return self._rendues.popleft()
        if self.panne is not None:
            raise StopIteration
        try:
            brut = self._lire(LIGNE_MAX + 2)
            if not brut:
                raise StopIteration
            self._numero += 1
            coupee = len(brut) >= LIGNE_MAX + 2 and not brut.endswith(b"\n")
            if coupee:
                self._passer()
                brut = brut[:BRUT_MAX]
        except (OSError, EOFError, zlib.error) as exc:
            message = f"Le fichier est abîmé ou tronqué à partir d'ici ({exc}) ; rien de la suite n'est lu."
            self.panne = rejet(self._numero + 1, "fichier_corrompu", message, b"")
            raise StopIteration from None
        if self._numero == 1 and brut.startswith(BOM):
            brut = brut[len(BOM) :]
        return Ligne(self._numero, brut.rstrip(b"\r\n"), coupee)

    def rendre(self, lignes: list[Ligne]) -> None:
        """Give back lines just read, in order: they come again next."""
        self._rendues.extendleft(reversed(lignes))

    def _passer(self) -> None:
        """Skip to the end of the line, a bounded piece at a time."""
        while (reste := self._lire(LIGNE_MAX)) and not reste.endswith(b"\n"):
            pass


def decoder(ligne: Ligne, encodage: str) -> str | RejetLigne:
    """The text of a line, or why it cannot be one: too long, a NUL byte, bytes of another encoding."""
    numero, brut, coupee = ligne
    if coupee:
        return rejet(numero, "ligne_trop_longue", f"La ligne dépasse {LIGNE_MAX} octets.", brut)
    if b"\0" in brut:
        colonne = brut.index(b"\0") + 1
        return rejet(numero, "octet_nul", f"La ligne contient un octet nul (octet {colonne}).", brut)
    try:
        return brut.decode(encodage)
    except UnicodeError as exc:
        octet = f" (octet {exc.start + 1})" if isinstance(exc, UnicodeDecodeError) else ""
        return rejet(
            numero,
            "encodage",
            f"La ligne n'est pas du texte {encodage}{octet} ; voir encoding dans le mapping.",
            brut,
        )
