"""Expected against received, and silences, on hand-made weeks and on the holidays of 2026."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from shared.indicators.completude import (
    HEURES,
    PLANCHER,
    Completude,
    Creneau,
    Silence,
    Source,
    attendu,
    completude,
    cumul_poisson,
    juger,
    silence,
)
from shared.indicators.couverture import MEMOIRE, bilans
from shared.network.calendrier import Calendrier, jour_de_semaine
from shared.network.jours import jour_de

LUNDI = jour_de(date(2026, 6, 8))
CHOME = Calendrier("Métropole").est_chome
DEBUT = LUNDI - 70


def jamais(_creneau: int) -> bool:
    return False


def source(fin: int = LUNDI) -> Source:
    """100 events a working weekday plus ten more each day of the week, none at week-ends and on holidays."""
    jours = (j for j in range(DEBUT, fin + 1) if jour_de_semaine(j) < 5 and not CHOME(j))
    return Source({j: 100 + 10 * jour_de_semaine(j) for j in jours}, DEBUT)


def sans(complete: Source, *creneaux: int) -> Source:
    return complete._replace(recus={j: n for j, n in complete.recus.items() if j not in creneaux})


def test_each_weekday_is_expected_as_it_was() -> None:
    assert [attendu(source(), LUNDI + i, CHOME) for i in range(7)] == [100, 110, 120, 130, 140, 0, 0]


def test_the_expectation_is_the_median_of_the_eight_same_weekdays_before() -> None:
    comptes = [7, 3, 90, 12, 11, 8, 1_000, 10]
    recus = {LUNDI - 7 * (i + 1): n for i, n in enumerate(comptes)} | {LUNDI: 500, LUNDI - 63: 500}
    assert attendu(Source(recus, LUNDI - 100), LUNDI, jamais) == np.median(comptes) == 10.5


def test_holidays_are_neither_expected_nor_part_of_the_profile() -> None:
    pentecote = jour_de(date(2026, 5, 25))
    assert attendu(source(), pentecote, CHOME) == 0
    assert juger(source(), pentecote, CHOME).etat == "non_attendu"
    # Of the Mondays before 8 June, 25 May is Whit Monday.
    lundis = Source({LUNDI - 7: 10, LUNDI - 21: 30, LUNDI - 28: 50}, LUNDI - 28)
    assert attendu(lundis, LUNDI, CHOME) == 30
    assert attendu(lundis, LUNDI, jamais) == 20


def test_three_silent_weeks_do_not_make_silence_expected() -> None:
    trou = sans(source(), *range(LUNDI - 21, LUNDI))
    assert attendu(trou, LUNDI, CHOME) == 100


def test_a_source_two_weeks_old_is_unknown_and_makes_a_period_incomplete() -> None:
    recente = source()._replace(depuis=LUNDI - 14)
    assert juger(recente, LUNDI, CHOME) == Creneau(LUNDI, 100, None, "inconnu")
    assert completude(recente, range(LUNDI, LUNDI + 1), CHOME) == Completude(None, False, (), 1)


@pytest.mark.parametrize(
    ("recu", "etat"), [(0, "silencieux"), (1, "partiel"), (69, "partiel"), (70, "complet"), (300, "complet")]
)
def test_a_slot_is_judged_by_the_share_that_came(recu: int, etat: str) -> None:
    recus = {**source().recus, LUNDI: recu}
    assert juger(source()._replace(recus=recus), LUNDI, CHOME).etat == etat


@pytest.mark.parametrize(("attendus", "juge"), [(3, "complet"), (6, "complet"), (7, "silencieux")])
def test_nothing_from_a_small_source_is_a_silence_only_where_chance_is_not(attendus: int, juge: str) -> None:
    """exp(−6) is over one in a thousand, exp(−7) is not."""
    petite = Source(dict.fromkeys(range(DEBUT, LUNDI), attendus), DEBUT)
    assert juger(petite, LUNDI, jamais).etat == juge


def test_chance_is_that_of_scipy() -> None:
    for k, moyenne in ((0, 2.5), (3, 10.0), (69, 100.0), (500, 700.0)):
        assert cumul_poisson(k, moyenne) == pytest.approx(stats.poisson.cdf(k, moyenne), rel=1e-9)
    assert cumul_poisson(600, 1_000.0) == 0.0


def test_a_surplus_never_makes_up_for_a_silence() -> None:
    semaine = range(LUNDI, LUNDI + 7)
    complete = source(LUNDI + 6)
    assert completude(complete, semaine, CHOME) == Completude(1.0, True, (), 0)
    double = sans(complete, LUNDI + 4)
    double = double._replace(recus={**double.recus, LUNDI: 1_000})
    assert completude(double, semaine, CHOME) == Completude(460 / 600, False, (LUNDI + 4,), 0)


def test_a_period_of_closed_days_has_no_rate_rather_than_100_per_cent() -> None:
    assert completude(source(), [LUNDI - 1, LUNDI - 2], CHOME) == Completude(None, False, (), 0)


def test_one_silent_day_of_a_large_source_is_a_silence_and_a_quiet_week_end_is_none() -> None:
    assert silence(sans(source(), LUNDI), LUNDI, CHOME) == Silence(LUNDI, 100)
    assert silence(source(), LUNDI - 1, CHOME) is None
    assert silence(source(), LUNDI, CHOME) is None


def test_a_silence_goes_back_to_the_last_event_across_the_week_end() -> None:
    assert silence(sans(source(), LUNDI - 3, LUNDI), LUNDI, CHOME) == Silence(LUNDI - 3, 240)


def test_a_small_source_is_silent_after_as_many_days_as_chance_cannot_explain() -> None:
    petite = Source(dict.fromkeys(range(DEBUT, LUNDI), 2), DEBUT)
    assert silence(petite, LUNDI + 3, jamais) is None
    muette = silence(petite, LUNDI + 4, jamais)
    assert muette is not None
    assert (muette.depuis, muette.attendus) == (LUNDI, pytest.approx(10, rel=0.05))


def _cinq_par_jour_ouvre(total: int, jours: int) -> Source:
    """``total`` events a week, spread over the working days, at different days from week to week."""
    recus: dict[int, int] = {}
    for semaine, lundi in enumerate(range(LUNDI - 70, LUNDI + jours, 7)):
        for rang in range(total):
            jour = lundi + (rang + 3 * semaine * rang) % 5
            recus[jour] = recus.get(jour, 0) + 1
    return Source(recus, LUNDI - 70)


def test_a_week_without_a_small_source_is_seen_though_chance_explains_each_of_its_days() -> None:
    """Ten a week: two a day come to nothing once in seven, ten come to nothing once in 22,000."""
    semaine = range(LUNDI, LUNDI + 7)
    petite = _cinq_par_jour_ouvre(10, 7)
    assert completude(petite, semaine, jamais) == Completude(1.0, True, (), 0)
    muette = sans(petite, *semaine)
    assert juger(muette, LUNDI, jamais).etat == "complet"
    vue = completude(muette, semaine, jamais)
    assert (vue.taux, vue.complete, vue.silencieux) == (0.0, False, tuple(range(LUNDI, LUNDI + 5)))


def test_a_source_of_three_a_week_is_expected_to_send_three_a_week_and_is_silent_after_four() -> None:
    rare = _cinq_par_jour_ouvre(3, 42)
    semaine = [attendu(rare, jour, jamais) or 0.0 for jour in range(LUNDI, LUNDI + 7)]
    assert sum(semaine) == pytest.approx(3, rel=0.2)
    muette = sans(rare, *range(LUNDI, LUNDI + 42))
    assert silence(muette, LUNDI + 13, jamais) is None
    assert silence(muette, LUNDI + 27, jamais) is not None


def test_a_source_that_sends_in_bundles_is_not_silent_between_them() -> None:
    """Twenty at once, some day of the week: two weeks may go by from the first day of one to the last of the next."""
    paquets = Source({LUNDI - 70 + 7 * k + (3 * k) % 5: 20 for k in range(10)}, LUNDI - 70)
    assert silence(paquets, LUNDI + 13, jamais) is None
    assert completude(paquets, range(LUNDI, LUNDI + 7), jamais).silencieux == ()


def test_stable_sources_of_any_size_are_found_incomplete_less_than_once_in_a_hundred_months() -> None:
    hasard = np.random.default_rng(2026)
    for par_semaine in (3, 5, 10, 15, 20, 30, 60, 300):
        jours = np.arange(MEMOIRE + 31)
        recus = hasard.poisson(np.where(jours % 7 < 5, par_semaine / 5, 0), size=(2_000, jours.size))
        juges = bilans(recus.astype(np.int64), np.zeros_like(recus, dtype=bool))
        faux = sum(b.silencieux > 0 or b.venus < PLANCHER * b.attendus for b in juges)
        assert faux < 0.01 * len(juges), par_semaine


def test_hours_are_slots_too() -> None:
    """Twenty calls each hour from 9:00 to 16:59, every day; nothing since 11:00 on Monday."""
    ouvertes = [24 * j + h for j in range(DEBUT, LUNDI + 1) for h in range(9, 17)]
    appels = Source({h: 20 for h in ouvertes if h < 24 * LUNDI + 11}, 24 * DEBUT, HEURES)
    assert silence(appels, 24 * LUNDI + 10, jamais) is None
    assert silence(appels, 24 * LUNDI + 12, jamais) == Silence(24 * LUNDI + 11, 40)
    assert juger(appels, 24 * LUNDI + 7, jamais).etat == "non_attendu"


def test_a_source_never_heard_has_no_profile_and_no_silence() -> None:
    assert silence(Source({}, LUNDI), LUNDI + 5, jamais) is None
