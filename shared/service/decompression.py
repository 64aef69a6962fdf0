"""Compressed bodies, opened as they arrive in bounded memory.

Two codings: gzip (RFC 1952) and zstd (RFC 8878, RFC 9659).
"""

import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import zstandard

from shared.service.erreurs import CorpsTropVolumineux, RequeteMalformee

# What one step hands over: large enough that a step costs nothing beside its work, small enough to share the
# loop.
_MORCEAU = 256 * 1024
# zstandard has no bound on the output of one call. A block of 4 bytes may hold 128 KiB (RFC 8878, 3.1.1.2:
# RLE block), so a slice of 512 bytes opens to at most 512 / 4 * 128 KiB = 16 MiB.
_TRANCHE_ZSTD = 512
# RFC 9659: a receiver of the zstd content coding need not take a window above 8 MB.
_FENETRE_ZSTD = 8 * 1024 * 1024


# Both openers take one flux (a gzip member, a zstd frame) and what arrived; they yield what it holds, piece
# by piece, and return what of the block belongs to the next flux.


def _ouvrir_gzip(flux: Any, bloc: bytes) -> Generator[bytes, None, bytes]:
    while not flux.eof:
        morceau = flux.decompress(bloc, _MORCEAU)
        yield morceau
        bloc = flux.unconsumed_tail
        # A full piece may leave output inside zlib although all the input is consumed.
        if not bloc and len(morceau) < _MORCEAU:
            break
    reste: bytes = flux.unused_data
    return reste


def _ouvrir_zstd(flux: Any, bloc: bytes) -> Generator[bytes, None, bytes]:
    parts: list[bytes] = []
    taille = fin = 0
    while fin < len(bloc) and not flux.eof:
        debut, fin = fin, fin + _TRANCHE_ZSTD
        parts.append(flux.decompress(bloc[debut:fin]))
        taille += len(parts[-1])
        if taille >= _MORCEAU:
            yield b"".join(parts)
            parts, taille = [], 0
    yield b"".join(parts)
    return bytes(flux.unused_data) + bloc[fin:]


def _nouveau_gzip() -> Any:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _nouveau_zstd() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=_FENETRE_ZSTD).decompressobj()


CODAGES: Mapping[str, tuple[Callable[[], Any], Callable[[Any, bytes], Generator[bytes, None, bytes]]]] = {
    "gzip": (_nouveau_gzip, _ouvrir_gzip),
    "zstd": (_nouveau_zstd, _ouvrir_zstd),
}


class Decompresseur:
    """Opens one body. ``morceaux`` takes what arrived and yields what it holds; ``terminer`` says the body is
    over.

    Several gzip members or zstd frames one after the other are one body, as the RFCs ask. Raises
    ``CorpsTropVolumineux`` as soon as more than ``limite`` bytes came out, ``RequeteMalformee`` for bytes
    that are not ``codage``.
    """

    def __init__(self, codage: str, limite: int) -> None:
        self._codage = codage
        self._limite = limite
        self._nouveau, self._ouvrir = CODAGES[codage]
        self._flux: Any = None
        self._sortis = 0

    def morceaux(self, bloc: bytes) -> Iterator[bytes]:
        while bloc:
            if self._flux is None:
                self._flux = self._nouveau()
            ouverture = self._ouvrir(self._flux, bloc)
            try:
                while True:
                    morceau = next(ouverture)
                    self._compter(len(morceau))
                    if morceau:
                        yield morceau
            except StopIteration as fin:
                bloc = fin.value
            except (zlib.error, zstandard.ZstdError):
                raise RequeteMalformee(f"Le corps annoncé en {self._codage} ne peut être décompressé.") from None
            if self._flux.eof:
                self._flux = None

    def _compter(self, taille: int) -> None:
        self._sortis += taille
        if self._sortis > self._limite:
            raise CorpsTropVolumineux(
                f"Le corps décompressé dépasse {self._limite} octets. Envoyez-le en plusieurs fois.",
                limite_octets=self._limite,
            )

    def terminer(self) -> None:
        """Raises ``RequeteMalformee`` when the body stopped inside a member or a frame."""
        if self._flux is not None:
            raise RequeteMalformee(f"Le corps compressé ({self._codage}) est incomplet.")
