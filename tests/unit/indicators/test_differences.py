"""The difference against the regression it stands for."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from shared.indicators.differences import Conclusion, Difference, conclure, difference
from shared.indicators.sens import Mieux

ECARTS = st.lists(st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3)), min_size=2, max_size=20)


@given(st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3)), ECARTS)
def test_la_difference_et_son_intervalle_sont_ceux_de_la_regression(traitee: float, ecarts: list[float]) -> None:
    """OLS of each caisse's change on « had the measure » (statsmodels)."""
    if np.std(ecarts) < 1e-2:
        return
    vue = difference(traitee, ecarts)
    assert vue is not None
    y = np.array([traitee, *ecarts])
    x = sm.add_constant(np.array([1.0] + [0.0] * len(ecarts)))
    ajuste = sm.OLS(y, x).fit()
    bas, haut = ajuste.conf_int(0.05)[1]
    assert vue.valeur == pytest.approx(ajuste.params[1], abs=1e-9)
    assert (vue.bas, vue.haut) == (pytest.approx(bas, rel=1e-7, abs=1e-8), pytest.approx(haut, rel=1e-7, abs=1e-8))


def test_sans_effet_l_intervalle_couvre_zero_19_fois_sur_20() -> None:
    alea = np.random.default_rng(2026)
    essais, couverts = 3_000, 0
    for _ in range(essais):
        ecarts = alea.normal(0, 3, size=9)
        vue = difference(float(ecarts[0]), [float(e) for e in ecarts[1:]])
        assert vue is not None
        couverts += vue.bas <= 0 <= vue.haut
    assert abs(couverts / essais - 0.95) < 4 * (0.95 * 0.05 / essais) ** 0.5


@pytest.mark.parametrize(
    ("valeur", "mieux", "conclusion"),
    [
        (12.0, "haut", "amelioree"),
        (-12.0, "haut", "degradee"),
        (-12.0, "bas", "amelioree"),
        (12.0, "bas", "degradee"),
        (2.0, "haut", "non_distinguee"),
    ],
)
def test_la_conclusion_suit_le_cote_ou_l_on_est_mieux(valeur: float, mieux: Mieux, conclusion: Conclusion) -> None:
    assert conclure(Difference(valeur, valeur - 5, valeur + 5, 8), mieux) == conclusion
