"""The aidée without the aid: against a queue replayed file by file."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.entraide.domain.contrefactuel import attente, ecouler, taux_sans

SEMAINES = st.lists(st.tuples(st.integers(20, 60), st.integers(0, 50), st.integers(0, 25)), min_size=2, max_size=14)


def rejouer(semaines: list[tuple[int, int, int]], depart: int) -> tuple[list[int], list[int], list[int]]:
    """Stocks, closings and aided closings of a caisse that never runs dry, file by file, the oldest first."""
    file = deque([0] * depart)
    stocks, clos, aides = [], [], []
    for rang, (venus, propres, aide) in enumerate(semaines):
        file.extend([rang] * venus)
        faits = min(len(file), propres + aide)
        for _ in range(faits):
            file.popleft()
        stocks.append(len(file))
        clos.append(faits)
        aides.append(max(0, faits - propres))
    return stocks, clos, aides


@given(SEMAINES, st.integers(200, 400))
def test_avec_l_aide_on_retrouve_le_stock_vu_et_sans_elle_tout_ce_qui_fut_aide_reste(
    semaines: list[tuple[int, int, int]], depart: int
) -> None:
    stocks, clos, aides = rejouer(semaines, depart)
    vue = ecouler(stocks, clos, aides, 1)
    assert vue.avec == pytest.approx(vue.observe)
    # The caisse had files left all along: what it did itself it would have done, no more.
    assert np.array(vue.sans) == pytest.approx(np.array(vue.observe) + np.cumsum(aides[1:]))


def test_sans_l_aide_une_caisse_qui_attendait_du_travail_en_aurait_fait_autant() -> None:
    # Ten came and ten were closed, four by the aidante, each week: alone it closes six, and its stock grows by four.
    vue = ecouler([10, 10, 10, 10], [10, 10, 10, 10], [0, 4, 4, 4], 1)
    assert vue.sans == pytest.approx((14, 18, 22))
    assert vue.jours_gagnes > 0


@pytest.mark.parametrize(
    ("stock", "arrivees", "jours"),
    [(30, (50, 30, 30), 7.0), (45, (50, 30, 30), 10.5), (0, (50, 30), 0.0), (500, (50, 30), 14.0)],
)
def test_l_attente_du_plus_ancien_se_lit_sur_les_dernieres_arrivees(
    stock: float, arrivees: tuple[float, ...], jours: float
) -> None:
    assert attente(stock, arrivees) == pytest.approx(jours)


def test_un_taux_sans_l_aide_perd_les_contacts_aides() -> None:
    assert taux_sans(900, 1_000, 150) == pytest.approx(75.0)
    assert taux_sans(0, 0, 0) is None


def test_sans_une_semaine_connue_avant_rien_ne_se_rejoue() -> None:
    with pytest.raises(ValueError, match="avant la mission"):
        ecouler([1.0], [1.0], [0.0], 0)
