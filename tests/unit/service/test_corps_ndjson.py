"""Lines of a streamed NDJSON body."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.service.corps import Ligne, LigneTropLongue, lignes, lots_de_lignes


async def _blocs(*blocs: bytes) -> AsyncIterator[bytes]:
    for bloc in blocs:
        yield bloc


async def _lire(*blocs: bytes, max_ligne: int = 100) -> list[Ligne]:
    return [ligne async for ligne in lignes(_blocs(*blocs), max_ligne)]


async def test_lines_come_with_their_number_whatever_the_blocks() -> None:
    assert await _lire(b'{"a":', b'1}\n{"b":2}', b"\n") == [(1, b'{"a":1}'), (2, b'{"b":2}')]


async def test_the_last_line_needs_no_end() -> None:
    assert await _lire(b"a\nb") == [(1, b"a"), (2, b"b")]


async def test_empty_lines_are_skipped_and_counted() -> None:
    assert await _lire(b"\n\na\n\r\n\nb\n") == [(3, b"a"), (6, b"b")]


async def test_crlf_ends_a_line_even_split_between_two_blocks() -> None:
    assert await _lire(b"a\r", b"\nb\r\n") == [(1, b"a"), (2, b"b")]


async def test_a_byte_order_mark_is_not_part_of_the_first_line() -> None:
    assert await _lire(b"\xef\xbb", b"\xbfa\nb") == [(1, b"a"), (2, b"b")]


async def test_an_empty_body_has_no_line() -> None:
    assert await _lire() == []
    assert await _lire(b"", b"\n") == []


async def test_a_line_too_long_is_told_and_the_others_go_on() -> None:
    longue = b"x" * 250
    attendu = [(1, b"a"), LigneTropLongue(2, 250), (3, b"b")]
    assert await _lire(b"a\n" + longue + b"\nb\n") == attendu
    assert await _lire(b"a\n", longue[:90], longue[90:180], longue[180:], b"\nb") == attendu


@pytest.mark.parametrize("fin", [b"\n", b"\r\n", b""])
async def test_a_line_of_just_the_limit_passes_and_one_byte_more_does_not(fin: bytes) -> None:
    assert await _lire(b"x" * 100 + fin) == [(1, b"x" * 100)]
    assert await _lire(b"x" * 101 + fin) == [LigneTropLongue(1, 101)]


@given(
    texte=st.binary(max_size=300).map(lambda o: o.translate(bytes(b"ab\r\n"[i % 4] for i in range(256)))),
    coupes=st.lists(st.integers(0, 300), max_size=8),
)
def test_blocks_never_change_the_lines(texte: bytes, coupes: list[int]) -> None:
    bornes = sorted({0, len(texte), *(min(c, len(texte)) for c in coupes)})
    blocs = [texte[a:b] for a, b in pairwise(bornes)]
    recues = asyncio.run(_lire(*blocs, max_ligne=20))
    nettes = [(n, b.removesuffix(b"\r")) for n, b in enumerate(texte.split(b"\n"), 1)]
    assert [ligne for ligne in recues if isinstance(ligne, tuple)] == [x for x in nettes if 0 < len(x[1]) <= 20]
    assert [x.position for x in recues if isinstance(x, LigneTropLongue)] == [n for n, b in nettes if len(b) > 20]


async def test_lines_are_split_at_hundreds_of_megabytes_a_second() -> None:
    bloc = b'{"specversion":"1.0","id":"' + b"0" * 370 + b'"}\n'
    bloc = (bloc * 200)[:65536]

    async def corps() -> AsyncIterator[bytes]:
        for _ in range(1600):
            yield bloc

    depart = time.perf_counter()
    compte = 0
    async for lot in lots_de_lignes(corps(), 1 << 20):
        compte += len(lot)
    debit = 1600 * len(bloc) / (time.perf_counter() - depart) / 1e6
    assert compte > 200_000
    assert debit > 100, f"{debit:.0f} MB/s; 300 wanted on an idle machine"
