"""Compressed bodies: reference data comes from gzip and zstd compressors."""

import gzip
import random
from collections.abc import Callable

import pytest
import zstandard

from shared.service.decompression import Decompresseur
from shared.service.erreurs import CorpsTropVolumineux, RequeteMalformee

MIO = 1024 * 1024
COMPRESSEURS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(level=3).compress,
}
codages = pytest.mark.parametrize("codage", sorted(COMPRESSEURS))


def _ouvrir(codage: str, corps: bytes, *, pas: int = 65536, limite: int = 256 * MIO) -> bytes:
    decompresseur = Decompresseur(codage, limite)
    ouvert = b"".join(
        morceau for i in range(0, len(corps), pas) for morceau in decompresseur.morceaux(corps[i : i + pas])
    )
    decompresseur.terminer()
    return ouvert


def _texte(taille: int) -> bytes:
    hasard = random.Random(7)
    mots = [hasard.randbytes(hasard.randint(2, 12)) for _ in range(300)]
    return b"".join(hasard.choice(mots) for _ in range(taille // 7))


@codages
@pytest.mark.parametrize("pas", [1, 7, 1000, 65536, 10 * MIO])
def test_what_was_compressed_comes_back_whatever_the_blocks(codage: str, pas: int) -> None:
    texte = _texte(30_000 if pas < 100 else 3 * MIO)
    assert _ouvrir(codage, COMPRESSEURS[codage](texte), pas=pas) == texte


@codages
@pytest.mark.parametrize("taille", [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 512 * 1024])
def test_sizes_around_a_piece_lose_nothing(codage: str, taille: int) -> None:
    assert _ouvrir(codage, COMPRESSEURS[codage](b"z" * taille)) == b"z" * taille


@codages
@pytest.mark.parametrize("pas", [3, 512, 65536])
def test_members_one_after_the_other_are_one_body(codage: str, pas: int) -> None:
    comprimer = COMPRESSEURS[codage]
    corps = comprimer(b"un\n") + comprimer(b"") + comprimer(b"deux\n" * 5000)
    assert _ouvrir(codage, corps, pas=pas) == b"un\n" + b"deux\n" * 5000


@codages
def test_a_body_cut_short_is_refused(codage: str) -> None:
    corps = COMPRESSEURS[codage](_texte(10_000))
    with pytest.raises(RequeteMalformee, match="incomplet"):
        _ouvrir(codage, corps[:-3])


@codages
def test_bytes_in_another_coding_are_refused(codage: str) -> None:
    with pytest.raises(RequeteMalformee, match="ne peut être décompressé"):
        _ouvrir(codage, b'{"specversion":"1.0"}')


@codages
def test_a_bomb_is_refused_before_it_opens(codage: str) -> None:
    if codage == "gzip":
        bombe = gzip.compress(bytes(16 * MIO)) * 8
    else:
        bombe = zstandard.ZstdCompressor(level=9).compress(bytes(128 * MIO))
    decompresseur = Decompresseur(codage, 32 * MIO)
    ouverts = plus_gros = 0
    with pytest.raises(CorpsTropVolumineux, match="décompressé"):
        for morceau in decompresseur.morceaux(bombe):
            ouverts += len(morceau)
            plus_gros = max(plus_gros, len(morceau))
    assert ouverts <= 32 * MIO
    assert plus_gros <= 17 * MIO


def test_a_zstd_window_above_8_mb_is_refused() -> None:
    parametres = zstandard.ZstdCompressionParameters(window_log=25)
    compresseur = zstandard.ZstdCompressor(compression_params=parametres).compressobj()
    corps = compresseur.compress(bytes(12 * MIO)) + compresseur.flush()
    with pytest.raises(RequeteMalformee):
        _ouvrir("zstd", corps)
