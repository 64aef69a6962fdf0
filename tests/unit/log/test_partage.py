"""How the members of a PostgreSQL group share partitions without talking to each other."""

from hypothesis import given
from hypothesis import strategies as st

from shared.log.groupe_postgres import part

MEMBRES = st.lists(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=1, max_size=8, unique=True)


@given(MEMBRES, st.integers(1, 24))
def test_every_partition_has_exactly_one_member_and_shares_differ_by_one_at_most(
    membres: list[str], partitions: int
) -> None:
    parts = [part(membres, membre, partitions) for membre in membres]
    assert sorted(p for une in parts for p in une) == list(range(partitions))
    tailles = [len(une) for une in parts]
    assert max(tailles) - min(tailles) <= 1


@given(MEMBRES, st.integers(1, 24), st.randoms())
def test_the_share_does_not_depend_on_the_order_in_which_members_are_read(membres, partitions, hasard) -> None:  # type: ignore[no-untyped-def]
    melanges = list(membres)
    hasard.shuffle(melanges)
    assert all(part(membres, m, partitions) == part(melanges, m, partitions) for m in membres)


def test_a_member_that_is_not_among_the_living_holds_nothing() -> None:
    assert part(["a", "b"], "c", 12) == frozenset()
