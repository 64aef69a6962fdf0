"""The effect of a measure: against the regression it stands for, and against what was put in the data."""

from collections.abc import Mapping

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.comite.calendrier import Mois
from services.alerts.effets.domain import DIVERGENTE, RETOUR_A_LA_MOYENNE, Effet, effet
from shared.indicators.differences import MOIS_AVANT, TEMOINS_MIN, Conclusion, difference, mois_d_avant
from shared.indicators.sens import Mieux

JUGE, DECIDEE = Mois(2026, 3), Mois(2026, 4)
AVANT = mois_d_avant(JUGE)
APRES = DECIDEE.plus(1)

ECARTS = st.lists(st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3)), min_size=2, max_size=20)


def serie(niveau: float, apres: float, bruit: Mapping[Mois, float] | None = None) -> dict[Mois, float]:
    return {m: niveau + (bruit or {}).get(m, 0.0) for m in AVANT} | {DECIDEE.plus(h): niveau + apres for h in (1, 2, 3)}


def temoins(*apres: float) -> dict[str, dict[Mois, float]]:
    return {f"cpam-{n:02d}": serie(80 + n, bouge) for n, bouge in enumerate(apres, 1)}


def vu(traitee: Mapping[Mois, float], autres: Mapping[str, Mapping[Mois, float]], mieux: Mieux = "haut") -> Effet:
    return effet(1, DECIDEE, JUGE, traitee, autres, mieux)


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


def test_sur_deux_periodes_c_est_la_regression_de_panel_a_effets_fixes() -> None:
    """Caisse and period dummies, and their product: the difference in differences of the textbooks."""
    alea = np.random.default_rng(7)
    autres = {
        f"cpam-{n:02d}": {m: 80 + n + alea.normal() for m in (*AVANT, APRES)} for n in range(1, 9)
    }  # fmt: skip
    traitee = {m: 70 + alea.normal() for m in AVANT} | {APRES: 78.0}
    trouve = vu(traitee, autres)
    caisses = [traitee, *autres.values()]
    lignes, y = [], []
    for rang, une in enumerate(caisses):
        for periode, valeur in enumerate((np.mean([une[m] for m in AVANT]), une[APRES])):
            lignes.append([*(float(rang == k) for k in range(len(caisses))), periode, periode * (rang == 0)])
            y.append(valeur)
    reference = sm.OLS(np.array(y), np.array(lignes, dtype=float)).fit()
    assert trouve.difference is not None
    assert trouve.difference.valeur == pytest.approx(reference.params[-1], abs=1e-9)


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
    ("bouge", "mieux", "conclusion"),
    [
        (12.0, "haut", "amelioree"),
        (-12.0, "haut", "degradee"),
        (-12.0, "bas", "amelioree"),
        (12.0, "bas", "degradee"),
        (2.0, "haut", "non_distinguee"),
    ],
)
def test_la_conclusion_suit_le_cote_ou_l_on_est_mieux(bouge: float, mieux: Mieux, conclusion: Conclusion) -> None:
    trouve = vu(serie(70, bouge), temoins(1, 2, 3, 2, 1, 3), mieux)
    assert trouve.conclusion == conclusion
    assert trouve.difference is not None
    assert trouve.difference.valeur == pytest.approx(bouge - 2)
    assert trouve.reserves == (RETOUR_A_LA_MOYENNE,)


def test_ce_qui_arrive_a_toutes_les_caisses_n_est_pas_l_effet_de_la_mesure() -> None:
    ici = vu(serie(70, 12), temoins(1, 2, 3, 2, 1, 3)).difference
    partout = vu(serie(70, 12 + 30), temoins(31, 32, 33, 32, 31, 33)).difference
    assert ici is not None
    assert partout is not None
    assert partout.valeur == pytest.approx(ici.valeur)


def test_les_temoins_qui_ont_eu_leur_propre_mesure_sont_ecartes_et_nommes() -> None:
    autres = temoins(1, 2, 3, 2, 1, 3)
    trouve = effet(1, DECIDEE, JUGE, serie(70, 12), autres, "haut", {"cpam-01", "cpam-99"}, autres_mesures=1)
    assert trouve.ecartes == ("cpam-01",)
    assert trouve.temoins == tuple(sorted(autres.keys() - {"cpam-01"}))
    assert any("autre(s) mesure(s)" in r for r in trouve.reserves)


def test_une_caisse_qui_divergeait_deja_est_signalee() -> None:
    glisse = {m: -4.0 * rang for rang, m in enumerate(AVANT)}
    autres = {
        c: {**s, **{m: s[m] + 0.1 * ((n * r) % 5) for r, m in enumerate(AVANT)}}
        for n, (c, s) in enumerate(temoins(1, 2, 3, 2, 1, 3).items())
    }
    assert DIVERGENTE in vu(serie(90, 5, glisse), autres).reserves


@pytest.mark.parametrize(
    ("traitee", "autres", "raison"),
    [
        (dict.fromkeys(AVANT, 70.0), temoins(1, 2, 3, 2), "mai 2026 n'est pas mesuré"),
        ({AVANT[-1]: 70.0, APRES: 80.0}, temoins(1, 2, 3, 2), "1 mois mesurés avant"),
        (serie(70, 5), temoins(*range(TEMOINS_MIN - 1)), "3 caisses comparables"),
        (serie(70, 5), {}, "0 caisses comparables"),
        (serie(70, 5), temoins(1, 1, 1, 1), "bougé d'autant"),
    ],
)
def test_sans_assez_de_donnees_on_le_dit_et_rien_n_est_conclu(
    traitee: dict[Mois, float], autres: dict[str, dict[Mois, float]], raison: str
) -> None:
    trouve = vu(traitee, autres)
    assert (trouve.conclusion, trouve.difference) == ("pas_assez_de_donnees", None)
    assert trouve.raison is not None
    assert trouve.raison.startswith("Pas assez de données.")
    assert raison in trouve.raison


def test_un_temoin_a_qui_il_manque_un_mois_n_est_pas_temoin() -> None:
    autres = temoins(1, 2, 3, 2, 1)
    del autres["cpam-03"][AVANT[2]]
    trouve = vu(serie(70, 12), autres)
    assert trouve.temoins == ("cpam-01", "cpam-02", "cpam-04", "cpam-05")


def test_avant_s_arrete_au_mois_juge_et_le_mois_de_la_decision_ne_compte_pas() -> None:
    assert (len(AVANT), AVANT[-1]) == (MOIS_AVANT, JUGE)
    assert [effet(h, DECIDEE, JUGE, {}, {}, "haut").mois for h in (1, 2, 3)] == [Mois(2026, m) for m in (5, 6, 7)]
