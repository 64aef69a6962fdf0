"""Answers written compressed for who takes it: zstd (RFC 8878), else gzip (RFC 1952), else as they are.

For bodies that are kept: the cost is paid once, and each answer is a tenth of its bytes.
"""

import zlib
from typing import Literal

import zstandard
from fastapi import Request

Codage = Literal["zstd", "gzip", "identity"]

_PREFERES: tuple[Codage, ...] = ("zstd", "gzip")

_NIVEAU = 1
"""Of both: beyond it, twice the time for a tenth less."""

_GZIP = 16 + zlib.MAX_WBITS


def codage_demande(request: Request) -> Codage:
    """The coding of the answer, by ``Accept-Encoding`` (RFC 9110, 12.5.3): the best one it does not refuse, and
    names."""
    pris = {}
    for partie in ",".join(request.headers.getlist("accept-encoding")).split(","):
        nom, *parametres = (morceau.strip().lower() for morceau in partie.split(";"))
        pris[nom] = not any(p.startswith("q=") and _poids(p[2:]) == 0 for p in parametres)
    return next((codage for codage in _PREFERES if pris.get(codage)), "identity")


def _poids(texte: str) -> float:
    try:
        return float(texte)
    except ValueError:
        return 0.0


def coder(octets: bytes, codage: Codage) -> bytes:
    """These bytes in that coding."""
    if codage == "zstd":
        return zstandard.ZstdCompressor(level=_NIVEAU).compress(octets)
    if codage == "gzip":
        return zlib.compress(octets, _NIVEAU, _GZIP)
    return octets
