"""The completeness of many sources at once is that of each, judged day by day."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.indicators.completude import Source, juger_tous, resumer
from shared.indicators.couverture import MEMOIRE, Bilan, Part, bilans, parts

JOURS = 20

lignes = st.lists(
    st.lists(st.sampled_from([0, 0, 1, 2, 9, 10, 100, 110]), min_size=MEMOIRE + JOURS, max_size=MEMOIRE + JOURS),
    min_size=1,
    max_size=3,
)


@given(lignes, st.sets(st.integers(0, MEMOIRE + JOURS - 1), max_size=12))
def test_many_sources_at_once_are_judged_as_one_by_one(recus: list[list[int]], fermes: set[int]) -> None:
    tableau = np.array(recus, dtype=np.int64)
    chome = np.array([[j in fermes for j in range(tableau.shape[1])]] * len(recus))
    for trouve, ligne in zip(bilans(tableau, chome), recus, strict=True):
        comptes = {jour: n for jour, n in enumerate(ligne) if n}
        source = Source(comptes, min(comptes, default=MEMOIRE + JOURS))
        juges = juger_tous(source, range(MEMOIRE, MEMOIRE + JOURS), fermes.__contains__)
        seul = resumer(juges)
        (part,) = parts([trouve], [()], [False]).values()
        assert part.taux is None if seul.taux is None else abs(part.taux - seul.taux) < 1e-12
        assert (trouve.silencieux, trouve.inconnus) == (len(seul.silencieux), seul.inconnus)
        assert part.complete == seul.complete


def test_a_period_none_of_whose_days_is_over_is_not_known() -> None:
    vide = np.zeros((2, MEMOIRE), dtype=np.int64)
    assert bilans(vide, vide.astype(bool)) == [Bilan(0.0, 0.0, 0, 0)] * 2


def test_a_caisse_is_built_on_the_sources_that_speak_of_it_and_the_network_on_all() -> None:
    juges = [Bilan(100.0, 100.0, 0, 0), Bilan(50.0, 20.0, 2, 0)]
    trouvees = parts(juges, [(751, 311), (311,)], [False, True])
    assert trouvees == {0: Part(0.8, False, 1), 751: Part(1.0, True, 0), 311: Part(0.8, False, 1)}
    assert parts([], [], []) == {}


def test_under_seven_tenths_of_what_was_expected_nothing_is_judged_and_neither_is_a_source_gone_for_good() -> None:
    assert Part(0.699, False, 0).insuffisante
    assert not Part(0.7, True, 0).insuffisante
    assert Part(None, False, 1).insuffisante
    assert not Part(None, False, 0).insuffisante, "a source too recent to tell"
