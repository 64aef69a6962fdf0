"""Lines of an NDJSON body as they arrive, in bounded memory."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LigneTropLongue:
    """A line above the limit, thrown away as it came: ``position`` from 1, ``taille`` in bytes without its
    end.
    """

    position: int
    taille: int


Ligne = tuple[int, bytes] | LigneTropLongue
"""A line of the body: its number from 1, empty lines counted, and its bytes without their end (LF or CRLF).
"""


async def lots_de_lignes(flux: AsyncIterable[bytes], max_ligne: int) -> AsyncIterator[list[Ligne]]:
    """The lines of ``flux`` (``request.stream()``), in order, in one list for each block that completes any.

    Empty lines are skipped, a UTF-8 byte order mark at the start too; the last line needs no end. Memory: one
    block of ``flux`` and ``max_ligne`` bytes.
    """
    decoupe = _Decoupe(max_ligne)
    async for bloc in flux:
        if bloc and (lot := decoupe.lignes(bloc)):
            yield lot
    if lot := decoupe.derniere():
        yield lot


async def lignes(flux: AsyncIterable[bytes], max_ligne: int) -> AsyncIterator[Ligne]:
    """``lots_de_lignes``, line by line."""
    async for lot in lots_de_lignes(flux, max_ligne):
        for ligne in lot:
            yield ligne


class _Decoupe:
    """The state between two blocks: the number of the line under way and its beginning."""

    def __init__(self, max_ligne: int) -> None:
        self._max = max_ligne
        self._position = 1
        self._debut: list[bytes] = []  # its last byte only, once it is known to be too long
        self._taille = 0  # of the line under way, kept or not

    def lignes(self, bloc: bytes) -> list[Ligne]:
        morceaux = bloc.split(b"\n")
        reste = morceaux.pop()
        lot: list[Ligne] = []
        if morceaux:
            self._ajouter(morceaux[0])
            lot = self._achever()
            lot += self._entieres(morceaux, bloc)
        self._ajouter(reste)
        return lot

    def derniere(self) -> list[Ligne]:
        return self._achever()

    def _entieres(self, morceaux: list[bytes], bloc: bytes) -> list[Ligne]:
        """The lines that lie whole in this block: all of ``morceaux`` but the first."""
        premiere = self._position
        self._position += len(morceaux) - 1
        if b"\r" not in bloc and len(bloc) <= self._max:
            return [(n, m) for n, m in enumerate(morceaux[1:], premiere) if m]
        lot = [self._ligne(n, m) for n, m in enumerate(morceaux[1:], premiere)]
        return [ligne for ligne in lot if ligne is not None]

    def _ajouter(self, morceau: bytes) -> None:
        if not morceau:
            return
        self._taille += len(morceau)
        # One byte more than the limit may be the carriage return of a line that just fits.
        if self._taille > self._max + 1:
            self._debut = [morceau[-1:]]
        else:
            self._debut.append(morceau)

    def _achever(self) -> list[Ligne]:
        """End the line under way: it, or nothing when it is empty."""
        position, taille, octets = self._position, self._taille, b"".join(self._debut)
        self._debut, self._taille = [], 0
        self._position += 1
        if taille > self._max + 1:
            return [LigneTropLongue(position, taille - octets.endswith(b"\r"))]
        ligne = self._ligne(position, octets)
        return [] if ligne is None else [ligne]

    def _ligne(self, position: int, octets: bytes) -> Ligne | None:
        if position == 1:
            octets = octets.removeprefix(_BOM)
        octets = octets.removesuffix(b"\r")
        if not octets:
            return None
        return LigneTropLongue(position, len(octets)) if len(octets) > self._max else (position, octets)
