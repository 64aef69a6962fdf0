"""Gaming detectors: what each says of a service that games its indicator, and of one that does not."""

from fractions import Fraction

import numpy as np

from shared.indicators.detecteurs import (
    Detection,
    abandons_apres_echeance,
    clotures_rouvertes,
    ecremage,
    gonflement_abandons_courts,
)
from shared.indicators.rangs import quantile

Q = (9, 10)


def test_closing_only_the_easy_files_is_seen_and_taking_them_in_order_is_not() -> None:
    """Ten files a day, eight closed a day: the newest first, or the oldest first."""
    for le_plus_recent, attendue in ((True, True), (False, False)):
        file: list[int] = []
        delais: list[int] = []
        for jour in range(120):
            file += [jour] * 10
            delais += [jour - file.pop(-1 if le_plus_recent else 0) for _ in range(8)]
        ages = np.array([119 - ouvert for ouvert in file])
        clos = np.array(delais)
        detection = ecremage(
            quantile(clos, np.ones_like(clos), Q), quantile(ages, np.ones_like(ages), Q), len(clos), len(ages)
        )
        assert detection.alerte is attendue


def test_the_ratio_is_that_of_the_two_deciles() -> None:
    assert ecremage(10, 21, 500, 80) == Detection(Fraction(21, 10), Fraction(2), True)
    assert not ecremage(10, 20, 500, 80).alerte
    assert ecremage(0, 3, 500, 80).valeur == 3


def test_too_few_items_say_nothing_and_none_is_not_measured() -> None:
    assert ecremage(10, 60, 500, 29) == Detection(Fraction(6), Fraction(2), False)
    assert ecremage(None, 60, 0, 29).valeur is None
    assert ecremage(10, None, 50, 0).valeur is None
    assert clotures_rouvertes(0, 0).valeur is None
    assert not clotures_rouvertes(20, 29).alerte
    assert gonflement_abandons_courts(40, 0, 40, 900).valeur is None
    assert gonflement_abandons_courts(40, 900, 0, 900).valeur is None


def test_reopened_files_alert_above_their_share() -> None:
    assert clotures_rouvertes(5, 100) == Detection(Fraction(1, 20), Fraction(1, 20), False)
    assert clotures_rouvertes(6, 100).alerte
    assert not clotures_rouvertes(6, 100, seuil=Fraction(1, 10)).alerte


def test_short_abandons_alert_when_their_share_grows_not_when_calls_do() -> None:
    assert not gonflement_abandons_courts(500, 10_000, 50, 1_000).alerte
    assert gonflement_abandons_courts(160, 2_000, 50, 1_000) == Detection(Fraction(8, 5), Fraction(3, 2), True)
    assert not gonflement_abandons_courts(160, 2_000, 29, 1_000).alerte


def test_old_items_dropped_after_their_deadline_alert() -> None:
    assert abandons_apres_echeance(11, 100).alerte
    assert not abandons_apres_echeance(10, 100).alerte
