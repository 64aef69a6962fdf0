"""Tests of the seuil d'alerte and control of false discoveries, against SciPy and statsmodels, and by simulation."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from shared.indicators.fausses_decouvertes import (
    AuDela,
    Controle,
    Essai,
    Mesure,
    Taux,
    ajuster,
    controler,
    examiner,
    p_moyenne,
    p_quantile,
    p_taux,
)
from shared.indicators.intervalles import Sommes
from shared.indicators.sens import Mieux

Q = (9, 10)
SEUIL = Fraction(85, 100)


def sommes_de(delais: NDArray[np.int64]) -> Sommes:
    return Sommes(len(delais), int(delais.sum()), int((delais**2).sum()))


@pytest.mark.parametrize(("k", "n"), [(0, 1), (80, 100), (85, 100), (90, 100), (83_700, 100_000), (12, 12)])
def test_the_p_value_of_a_rate_is_that_of_scipy(k: int, n: int) -> None:
    seuil = float(SEUIL)
    assert p_taux(k, n, SEUIL, "haut") == pytest.approx(stats.binomtest(k, n, seuil, "less").pvalue, rel=1e-8)
    assert p_taux(k, n, SEUIL, "bas") == pytest.approx(stats.binomtest(k, n, seuil, "greater").pvalue, rel=1e-8)


def test_the_p_value_of_a_decile_is_that_of_the_share_beyond_the_threshold() -> None:
    """28 files of 200 over the threshold, when a tenth may be."""
    assert p_quantile(28, 200, Q, "bas") == pytest.approx(stats.binomtest(28, 200, 0.1, "greater").pvalue, rel=1e-9)
    assert p_quantile(188, 200, Q, "haut") == pytest.approx(stats.binomtest(188, 200, 0.9, "greater").pvalue, rel=1e-9)


def test_the_p_value_of_a_mean_is_that_of_scipy() -> None:
    delais = np.array([12, 30, 7, 22, 22, 48, 31, 19])
    for mieux, cote in (("bas", "greater"), ("haut", "less")):
        attendue = stats.ttest_1samp(delais, 20, alternative=cote).pvalue
        assert p_moyenne(sommes_de(delais), Fraction(20), mieux) == pytest.approx(float(attendue), rel=1e-10)


def test_where_nothing_is_known_nothing_is_proved() -> None:
    assert p_taux(0, 0, SEUIL, "haut") == p_taux(0, 0, SEUIL, "bas") == p_quantile(0, 0, Q, "bas") == 1.0
    assert p_moyenne(Sommes(1, 90, 8_100), Fraction(20), "bas") == 1.0
    assert p_moyenne(Sommes(3, 270, 24_300), Fraction(20), "bas") == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_adjusted_p_values_are_those_of_scipy_and_statsmodels(p: list[float]) -> None:
    ajustees = ajuster(p).tolist()
    assert ajustees == pytest.approx(stats.false_discovery_control(p).tolist(), abs=1e-15)
    assert ajustees == pytest.approx(multipletests(p, method="fdr_bh")[1].tolist(), abs=1e-15)


@given(st.integers(1, 400), st.data(), st.fractions(0, 1, max_denominator=200))
def test_a_rate_that_is_not_beyond_the_threshold_has_a_p_value_of_one_half_or_more(
    n: int, data: st.DataObject, seuil: Fraction
) -> None:
    k = data.draw(st.integers(0, n))
    if Fraction(k, n) >= seuil:
        assert p_taux(k, n, seuil, "haut") > 0.499
    if Fraction(k, n) <= seuil:
        assert p_taux(k, n, seuil, "bas") > 0.499


def test_every_crossing_stays_listed_the_surest_first() -> None:
    essais = [Essai("b", 0.3, True), Essai("a", 0.001, True), Essai("c", 0.9, False), Essai("d", 0.04, True)]
    controle = controler(essais)
    assert [(f.cle, f.gravite) for f in controle.franchissements] == [
        ("a", "avere"),
        ("d", "avere"),
        ("b", "a_surveiller"),
    ]
    assert controle.franchissements[0].p_ajustee == pytest.approx(0.004)
    assert (controle.essais, controle.averes, controle.fausses_attendues) == (4, 2, pytest.approx(0.2))


def test_what_was_not_crossed_counts_among_what_was_tried() -> None:
    seul = [Essai(0, 0.02, True)]
    assert controler(seul).averes == 1
    assert controler([*seul, *(Essai(i, 0.8, False) for i in range(1, 10))]).averes == 0


def test_no_hypothesis_no_alert() -> None:
    assert controler([]) == Controle((), 0, 0, 0.0)


class Reseau:
    """A month of a network: each caisse has a rate, a 9th decile and a mean delay, at the threshold or shifted."""

    def __init__(self, graine: int, caisses: int = 107) -> None:
        self.rng = np.random.default_rng(graine)
        self.tailles = np.exp(self.rng.uniform(np.log(150), np.log(4_000), size=caisses)).astype(np.int64)

    def mois(self, decales: int, taux: float, delai: float) -> list[Essai[tuple[int, str, bool]]]:
        """Thresholds: 85 %, a 9th decile of 22 days, a mean of 10 days: what a geometric law of p = 0.1 has.

        The ``decales`` first caisses are ``taux`` lower and ``delai`` times slower.
        """
        essais: list[Essai[tuple[int, str, bool]]] = []
        for i, n in enumerate(self.tailles.tolist()):
            touche = i < decales
            k = int(self.rng.binomial(n, 0.85 - taux * touche))
            delais = self.rng.geometric(0.1 / (delai if touche else 1), size=n)
            longs = int((delais > 22).sum())
            sommes = sommes_de(delais)
            for nom, p, franchi in (
                ("taux", p_taux(k, n, SEUIL, "haut"), k / n < 0.85),
                ("decile", p_quantile(longs, n, Q, "bas"), 10 * longs > n),
                ("moyenne", p_moyenne(sommes, Fraction(10), "bas"), sommes.somme > 10 * n),
            ):
                essais.append(Essai((i, nom, touche), p, franchi))
        return essais


def test_on_stable_data_at_the_threshold_one_month_in_ten_at_most_has_an_alert_that_is_proved() -> None:
    reseau = Reseau(1)
    controles = [controler(reseau.mois(0, 0, 1)) for _ in range(40)]
    # Every hypothesis is true, at its least favourable: the plain rule alerts on about half of the 321, each month.
    assert np.mean([len(c.franchissements) for c in controles]) > 100
    # Expected share at most 10 %: 4 months of 40, standard deviation 1.9.
    assert sum(c.averes > 0 for c in controles) <= 8


def test_among_the_proved_a_tenth_at_most_is_false_and_a_shift_is_seen() -> None:
    """Ten caisses of 107 at 80 % for a threshold of 85 %, and a quarter slower; the others exactly at the threshold."""
    reseau = Reseau(2)
    fausses, puissances = [], []
    for _ in range(30):
        averes = [f.cle for f in controler(reseau.mois(10, 0.05, 1.25)).franchissements if f.gravite == "avere"]
        fausses.append(sum(not touche for _, _, touche in averes) / max(1, len(averes)))
        puissances.append(sum(touche for _, _, touche in averes) / 30)
    assert np.mean(fausses) <= 0.10
    assert np.mean(puissances) >= 0.75


@pytest.mark.parametrize("mieux", ["haut", "bas"])
def test_a_p_value_is_right_where_the_true_value_is_the_threshold(mieux: Mieux) -> None:
    """Under the least favourable true value, a p-value under 5 % comes at most 5 % of the time."""
    k = np.arange(301)
    p = np.array([p_taux(int(i), 300, SEUIL, mieux) for i in k])
    assert stats.binom.pmf(k, 300, float(SEUIL))[p <= 0.05].sum() <= 0.05


def test_the_crossings_of_a_month_are_sorted_by_what_their_items_prove() -> None:
    """Of three crossings, 60 of 100 calls against 80 %, 90 late files of 600 and 7 of 60 against a tenth: two hold."""
    mesures = [
        Mesure("cpam-01", "taux_decroche", Fraction(60), Fraction(80), "haut", Taux(60, 100)),
        Mesure("cpam-02", "taux_decroche", Fraction(80), Fraction(80), "haut", Taux(80, 100)),
        Mesure("cpam-01", "delai_d9", Fraction(42), Fraction(40), "bas", AuDela(90, 600)),
        Mesure("cpam-02", "delai_d9", Fraction(41), Fraction(40), "bas", AuDela(7, 60)),
        Mesure("cpam-03", "taux_decroche", None, Fraction(80), "haut", Taux(0, 0)),
        Mesure("cpam-04", "taux_decroche", Fraction(10), Fraction(80), "haut", Taux(10, 100), complet=False),
        Mesure("cpam-05", "taux_decroche", Fraction(-10), Fraction(80), "haut", Taux(-1, 10)),
    ]
    alertes = examiner(mesures)
    p = [
        stats.binomtest(60, 100, 0.8, "less").pvalue,
        stats.binomtest(80, 100, 0.8, "less").pvalue,
        stats.binomtest(90, 600, 0.1, "greater").pvalue,
        stats.binomtest(7, 60, 0.1, "greater").pvalue,
    ]
    rejetes = multipletests(p, alpha=0.10, method="fdr_bh")[0]
    assert rejetes.tolist() == [True, False, True, False]
    assert [(f.cle, f.gravite) for f in alertes.controle.franchissements] == [
        (("cpam-01", "taux_decroche"), "avere"),
        (("cpam-01", "delai_d9"), "avere"),
        (("cpam-02", "delai_d9"), "a_surveiller"),
    ]
    assert (alertes.controle.essais, alertes.controle.averes) == (4, 2)
    assert alertes.controle.fausses_attendues == pytest.approx(0.2)
    assert alertes.incompletes == (("cpam-04", "taux_decroche"), ("cpam-05", "taux_decroche"))
    assert alertes.non_mesurees == (("cpam-03", "taux_decroche"),)


def test_the_official_mean_decides_with_the_spread_of_whole_days() -> None:
    delais = np.array([12, 30, 7, 22, 22, 48, 31, 19])
    exacte = Fraction(2351, 100)
    ecart = float(exacte - 20) / (delais.std(ddof=1) / np.sqrt(len(delais)))
    assert Mesure("c", "i", exacte, Fraction(20), "bas", sommes_de(delais)).p == pytest.approx(
        float(stats.t.sf(ecart, len(delais) - 1)), rel=1e-10
    )
