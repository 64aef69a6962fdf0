"""Values of the log: partitions, records, timings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log.types import (
    TAILLE_MAX,
    Bornes,
    Enregistrement,
    EnregistrementTropGros,
    PositionHorsBornes,
    ReglagesGroupe,
    partition_de,
    repartir,
)


@pytest.mark.parametrize(
    ("key", "crc"),
    [
        (b"123456789", 0xCBF43926),  # check value of CRC-32/ISO-HDLC, Rocksoft catalogue
        (b"", 0),
        (b"a", 0xE8B7BE43),
    ],
)
def test_a_partition_is_the_published_crc32_of_the_key_modulo_their_number(key: bytes, crc: int) -> None:
    assert [partition_de(key, n) for n in (1, 4, 12)] == [crc % n for n in (1, 4, 12)]


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8))), st.integers(1, 12))
def test_sharing_keeps_every_pair_in_order_with_partitions_ascending(items: list[tuple[bytes, bytes]], n: int) -> None:
    lots = repartir(items, n)
    assert list(lots) == sorted(lots)
    for partition, lot in lots.items():
        assert lot == [paire for paire in items if partition_de(paire[0], n) == partition]
    assert sum(map(len, lots.values())) == len(items)


def test_a_record_too_large_is_named_with_its_size_and_the_limit() -> None:
    with pytest.raises(EnregistrementTropGros, match=rf"{TAILLE_MAX + 1} octets.*{TAILLE_MAX}"):
        repartir([(b"k", b"x" * TAILLE_MAX)], 1)


def test_the_position_after_a_record_is_its_offset_plus_one() -> None:
    assert Enregistrement("t", 0, 41, b"", b"", 0).suivant == 42


def test_the_drain_budget_must_be_below_the_rebalance_timeout() -> None:
    with pytest.raises(ValueError, match="vidange"):
        ReglagesGroupe(rebalance=10, drain=10)


@pytest.mark.parametrize(("position", "cause"), [(3, "purgés"), (99, "perdu, recréé")])
def test_a_position_out_of_the_log_says_where_why_and_what_to_do(position: int, cause: str) -> None:
    message = str(PositionHorsBornes("vigie.claims.v1", 7, position, Bornes(10, 50)))
    for morceau in (f"position {position}", "vigie.claims.v1/7", "de 10 à 50", cause, "colonne next"):
        assert morceau in message
