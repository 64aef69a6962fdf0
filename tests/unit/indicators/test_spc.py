"""Control charts: the limits NHSRplotthedots publishes, its rules restated naively, hand-worked series."""

import numpy as np
import pytest

from shared.catalogue.modele_conventions import Sens
from shared.indicators.intervalles import wilson
from shared.indicators.spc import (
    CarteXmR,
    Limites,
    Regle,
    assurance,
    carte_p_prime,
    carte_xmr,
    entonnoir,
    surdispersion,
)

# rnorm(20) of R after set.seed(123): the series of the package's own tests.
NORMALES = [
    -0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123, -0.68685285,
    -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314, 0.49785048, -1.96661716,
    0.70135590, -0.47279141,
]  # fmt: skip


def carte(valeurs: list[float], reference: int | None = None) -> CarteXmR:
    resultat = carte_xmr(valeurs, reference)
    assert resultat is not None
    return resultat


def signaux(valeurs: list[float], reference: int | None = None) -> list[Regle | None]:
    return list(carte(valeurs, reference).signaux)


def test_the_limits_are_those_the_nhs_package_publishes() -> None:
    limites = carte(NORMALES).limites
    assert (limites.moyenne, limites.bas, limites.haut) == pytest.approx((0.1416238, -3.01138, 3.294627), rel=1e-6)


def test_great_moving_ranges_are_dropped_once_as_in_the_nhs_package() -> None:
    """The 15th value set to 10: without dropping, its limits would be −4.596625 and 5.935457."""
    limites = carte([*NORMALES[:14], 10.0, *NORMALES[15:]]).limites
    assert (limites.moyenne, limites.bas, limites.haut) == pytest.approx((0.6694159, -2.383666, 3.722497), rel=1e-6)


def test_limits_worked_by_hand() -> None:
    """10 12 11 13 10 12: mean 68/6, moving ranges 2 1 2 3 2, mean 2: ± 5.32, and ± 3.546… near."""
    moyenne = 68 / 6
    assert carte([10, 12, 11, 13, 10, 12]).limites == pytest.approx(
        Limites(moyenne - 5.32, moyenne - 5.32 * 2 / 3, moyenne, moyenne + 5.32 * 2 / 3, moyenne + 5.32)
    )


def test_one_great_step_does_not_widen_the_limits() -> None:
    """Ranges 1 1 1 1 1 21 1 1 1 1: mean 3; 21 is dropped and the mean becomes 1."""
    serie = [0, 1, 0, 1, 0, 1, 22, 23, 22, 23, 22.0]
    assert carte(serie).limites.haut == pytest.approx(float(np.mean(serie)) + 2.66)


def test_limits_are_trial_limits_under_thirteen_points() -> None:
    assert carte(NORMALES[:12]).provisoire
    assert not carte(NORMALES[:13]).provisoire


def test_a_fixed_baseline_never_moves_and_takes_twelve_points_at_least() -> None:
    debut = carte(NORMALES[:12], 12).limites
    assert carte([*NORMALES[:12], 50.0, 60.0, 70.0], 12).limites == debut
    assert signaux([*NORMALES[:12], 50.0, 60.0], 12)[12:] == ["hors_limites", "hors_limites"]
    with pytest.raises(ValueError, match="12 points"):
        carte_xmr(NORMALES, 11)


def test_a_series_that_never_moves_has_no_signal_and_one_point_has_no_chart() -> None:
    plate = carte([0.1] * 49)
    assert set(plate.signaux) == {None}
    assert plate.limites == Limites(0.1, 0.1, 0.1, 0.1, 0.1)
    assert carte_xmr([4.0]) is None
    assert carte_xmr([]) is None


def test_six_rising_points_are_no_trend_and_seven_are_either_way() -> None:
    stable = [5.0, -5.0] * 8
    for sens in (1, -1):
        six = [sens * v for v in (-3.0, -2, -1, 0, 1, 2)]
        assert "tendance_7" not in signaux([*stable, 5.0 * sens, *six, 0.0])
        assert signaux([*stable, 5.0 * sens, *six, sens * 3.0])[-7:] == ["tendance_7"] * 7


def test_an_equal_value_breaks_a_trend() -> None:
    assert "tendance_7" not in signaux([*[5.0, -5.0] * 8, -3.0, -2, -1, -1, 0, 1, 2])


def test_two_points_of_three_near_one_limit_are_named_and_not_the_third() -> None:
    # Alternating ±1: mean 0, mean moving range 2 on the baseline: near limits 3.547, limits 5.32.
    stable = [1.0, -1.0] * 8
    assert signaux([*stable, 4.0, 1.0, 4.0], 16)[-3:] == ["deux_sur_trois", None, "deux_sur_trois"]
    # On either side, as the package's own test has it: no signal.
    assert signaux([*stable, 4.0, -4.0], 16)[-2:] == [None, None]
    # A third point on the other side of the mean: no signal.
    assert signaux([*stable, 4.0, -1.0, 4.0], 16)[-3:] == [None, None, None]


def test_seven_points_on_one_side_signal_and_six_do_not() -> None:
    stable = [1.0, -1.0] * 8
    assert signaux([*stable, -1.0, *[1.0, 2.0] * 3, -1.0], 16)[-7:] == [None] * 7
    assert signaux([*stable, -1.0, *[1.0, 2.0] * 3, 1.0], 16)[-7:] == ["un_cote_7"] * 7


def test_a_point_is_named_by_the_first_rule_it_meets() -> None:
    stable = [1.0, -1.0] * 8
    montee = signaux([*stable, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 9.0], 16)[-7:]
    assert montee == [*["tendance_7"] * 6, "hors_limites"]


def regles_naives(y: list[float], limites: Limites) -> list[Regle | None]:
    """The four rules by their words, window by window."""
    n = len(y)
    nommes: list[set[Regle]] = [set() for _ in y]
    cote = [(v > limites.moyenne) - (v < limites.moyenne) for v in y]
    dehors = [v > limites.haut or v < limites.bas for v in y]
    pres = [not d and (v > limites.proche_haut or v < limites.proche_bas) for v, d in zip(y, dehors, strict=True)]
    for i in range(n):
        if dehors[i]:
            nommes[i].add("hors_limites")
        sept = range(i, i + 7)
        if i + 7 <= n:
            if all(y[j] < y[j + 1] for j in sept[:-1]) or all(y[j] > y[j + 1] for j in sept[:-1]):
                for j in sept:
                    nommes[j].add("tendance_7")
            if all(cote[j] == 1 for j in sept) or all(cote[j] == -1 for j in sept):
                for j in sept:
                    nommes[j].add("un_cote_7")
        trois = range(i, i + 3)
        if i + 3 <= n and abs(sum(cote[j] for j in trois)) == 3 and sum(pres[j] for j in trois) >= 2:
            for j in trois:
                if pres[j]:
                    nommes[j].add("deux_sur_trois")
    ordre: list[Regle] = ["hors_limites", "tendance_7", "deux_sur_trois", "un_cote_7"]
    return [next((r for r in ordre if r in noms), None) for noms in nommes]


def test_the_rules_are_those_of_their_words_on_drifting_series() -> None:
    rng = np.random.default_rng(11)
    vus: set[Regle | None] = set()
    for taille in (2, 3, 6, 7, 8, 13, 24, 60):
        for derive in (0.0, 0.3, 0.8):
            for _ in range(20):
                y = (rng.normal(size=taille) + derive * np.cumsum(rng.normal(size=taille))).round(2).tolist()
                tracee = carte(y, 12 if taille >= 24 else None)
                assert list(tracee.signaux) == regles_naives(y, tracee.limites)
                vus |= set(tracee.signaux)
    assert len(vus) == 5


def test_on_stable_series_the_four_rules_raise_about_65_false_signals_a_month() -> None:
    """6.1 % of the last points of stable normal series, limits fixed on 12: 65 of 106 caisses × 10 indicators."""
    series = np.random.default_rng(1).normal(size=(2_500, 24)).tolist()
    faux = np.mean([signaux(serie, 12)[-1] is not None for serie in series])
    assert faux == pytest.approx(0.061, abs=0.01)


@pytest.mark.parametrize(
    ("cible", "sens", "attendu"),
    [
        (79.9, "haut", "capable"), (80.0, "haut", "inconstant"), (100.0, "haut", "inconstant"),
        (100.1, "haut", "incapable"), (79.9, "bas", "incapable"), (80.0, "bas", "inconstant"),
        (100.1, "bas", "capable"), (85.0, "neutre", None),
    ],
)  # fmt: skip
def test_assurance_says_whether_the_process_can_reach_its_target(cible: float, sens: Sens, attendu: str | None) -> None:
    assert assurance(Limites(80.0, 83.3, 90.0, 96.7, 100.0), cible, sens) == attendu


def test_laney_limits_restated() -> None:
    k, n = np.array([8_512, 0, 8_930, 9_201, 8_422, 9_960]), np.array([10_000, 0, 10_400, 10_900, 9_800, 11_700])
    tracee = carte_p_prime(k, n)
    assert tracee is not None
    k, n = np.delete(k, 1), np.delete(n, 1)
    pbar = k.sum() / n.sum()
    z = (k / n - pbar) / np.sqrt(pbar * (1 - pbar) / n)
    sigma = np.mean([abs(z[i] - z[i - 1]) for i in range(1, len(z))]) / 1.128
    assert tracee.sigma_z == pytest.approx(sigma)
    assert [p.haut for p in tracee.points] == pytest.approx(
        (pbar + 3 * sigma * np.sqrt(pbar * (1 - pbar) / n)).tolist()
    )
    assert [p.bas for p in tracee.points] == pytest.approx((pbar - 3 * sigma * np.sqrt(pbar * (1 - pbar) / n)).tolist())


def test_laney_does_not_flag_what_a_binomial_chart_flags_with_large_denominators() -> None:
    rng = np.random.default_rng(5)
    n = np.full(36, 200_000)
    k = rng.binomial(n, rng.normal(0.88, 0.01, size=36))
    tracee = carte_p_prime(k, n)
    assert tracee is not None
    assert tracee.sigma_z > 5
    assert sum(p.hors_limites for p in tracee.points) <= 1
    assert sum(abs(p.taux - tracee.moyenne) > 3 * np.sqrt(0.88 * 0.12 / 200_000) for p in tracee.points) > 20
    purs = carte_p_prime(rng.binomial(n, 0.88), n)
    assert purs is not None
    assert purs.sigma_z == pytest.approx(1, abs=0.35)


def test_a_chart_needs_two_periods_with_activity_and_never_leaves_0_and_1() -> None:
    assert carte_p_prime(np.array([3, 0]), np.array([4, 0])) is None
    pleine = carte_p_prime(np.array([4, 4, 5]), np.array([4, 4, 5]))
    assert pleine is not None
    assert not any(p.hors_limites for p in pleine.points)
    petite = carte_p_prime(np.array([1, 3, 0, 2]), np.array([4, 4, 2, 3]))
    assert petite is not None
    assert all(0 <= p.bas <= p.haut <= 1 for p in petite.points)


def test_a_caisse_is_in_the_funnel_when_its_wilson_interval_holds_the_rate_of_the_network() -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(20, 50_000, size=107)
    k = rng.binomial(n, rng.normal(0.85, 0.01, size=107))
    trace = entonnoir(k, n)
    assert trace is not None
    dedans = (trace.bas <= k / n) & (k / n <= trace.haut)
    attendus = [
        i.bas <= trace.centre <= i.haut
        for i in (wilson(a, b, 0.998) for a, b in zip(k.tolist(), n.tolist(), strict=True))
    ]
    assert dedans.tolist() == attendus
    assert 0 < sum(attendus) < 107


def test_the_funnel_of_no_caisse_is_none() -> None:
    vide = np.array([], dtype=np.int64)
    assert entonnoir(vide, vide) is None


def test_caisses_that_differ_by_chance_alone_are_not_overdispersed_and_those_that_differ_more_are() -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(500, 5_000, size=100)
    assert surdispersion(rng.binomial(n, 0.8), n) == 1.0
    k = rng.binomial(n, rng.normal(0.8, 0.05, size=100))
    phi = surdispersion(k, n)
    centre = k.sum() / n.sum()
    z = np.sort((k / n - centre) / np.sqrt(centre * (1 - centre) / n))
    bornes = np.percentile(z, (10, 90))
    assert phi == pytest.approx(np.mean(np.minimum(np.maximum(z, bornes[0]), bornes[1]) ** 2))
    assert phi > 5
    etroit, large = entonnoir(k, n), entonnoir(k, n, phi=phi)
    assert etroit is not None
    assert large is not None
    assert large.bas == pytest.approx(np.maximum(0, centre - (centre - etroit.bas) * np.sqrt(phi)))


def test_rates_all_at_an_end_have_no_dispersion() -> None:
    n = np.array([10, 20])
    assert surdispersion(n, n) == surdispersion(n * 0, n) == surdispersion(n[:0], n[:0]) == 1.0
