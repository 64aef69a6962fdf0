from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.entraide.domain.activites import parametres
from services.entraide.domain.allocation.modele import Surete
from services.entraide.domain.besoins import en_volume
from services.entraide.domain.donneur import SituationTelephone, apres, marge, meilleure_marge
from services.entraide.domain.projection import Situation, projeter
from services.entraide.domain.telephone import modele
from tests.unit.entraide.test_projection import SEMAINES, situations


@given(situations(), st.lists(st.floats(0, 1), min_size=SEMAINES, max_size=SEMAINES))
def test_a_donor_that_stays_within_its_margin_stays_above_its_objectif(s: Situation, parts: list[float]) -> None:
    surete = marge("ij", s, modele())
    reste = apres(surete, (0,) * SEMAINES).cumul
    donne, total = [], 0
    for rang, part in enumerate(parts):
        libre = min(v for v in reste[rang:] if v is not None) - total
        donne.append(int(part * max(0, libre)))
        total += donne[-1]
    retire = [-en_volume("ij", etp / 100) for etp in donne]
    avant, apres_don = projeter(s), projeter(s, retire)
    for sans, avec, etp in zip(avant.retard_objectif, apres_don.retard_objectif, np.cumsum(donne), strict=True):
        assert avec <= max(sans, 1e-3) or etp == 0


@given(situations())
def test_a_donor_keeps_its_reserve_before_it_gives(s: Situation) -> None:
    """Giving all it may from the first week, it still works each file a share of the delay before it is due."""
    libre = min(v for v in marge("ij", s, modele()).cumul if v is not None)
    plus_court = replace(s, delai_objectif=s.delai_objectif * (1 - parametres()["reserve"]["aidante"]))
    retire = [-en_volume("ij", libre / 100), *(0.0,) * (SEMAINES - 1)]
    if libre:
        assert max(projeter(plus_court, retire).retard_objectif) == pytest.approx(0, abs=1e-3)


def test_a_donor_is_counted_at_its_best_pace_which_a_low_stock_hides() -> None:
    paisible = Situation(((1, 500.0),), (500.0,) * 6, (500.0,) * 6, 30, 10)
    au_mieux = replace(paisible, pointe=(600.0,) * 6)
    recent, mieux = (sum(v or 0 for v in marge("ij", s, modele()).cumul) for s in (paisible, au_mieux))
    assert mieux > recent
    assert marge("ij", au_mieux, modele()) == marge("ij", replace(paisible, capacite=(600.0,) * 6), modele())


def test_a_donor_already_late_has_no_margin() -> None:
    tard = Situation(((60, 1_000.0),), (100.0,) * 3, (100.0,) * 3, 30, 20)
    assert marge("ij", tard, modele()).cumul == (0, 0, 0)


@settings(deadline=None, max_examples=15)
@given(st.floats(100, 2_000), st.floats(1, 60), st.floats(0.5, 0.93))
def test_a_platform_that_gives_its_margin_still_answers_its_objectif(appels: float, etp: float, taux: float) -> None:
    (libre,) = marge("appel", SituationTelephone((appels,), (etp,), taux, taux), modele()).par_semaine
    assert libre is not None
    if libre:
        assert modele().decroche(appels, etp - libre / 100) >= taux - 1e-9
    else:
        assert modele().decroche(appels, etp - 0.01) < taux


def test_a_cumulative_margin_is_worth_its_lowest_point_to_come() -> None:
    assert meilleure_marge(Surete((None, None, None), (300, 50, 200))) == 2.0
    assert meilleure_marge(Surete((None, None), (None, None))) is None


def test_what_is_already_given_comes_off_the_margin() -> None:
    assert apres(Surete((100, None), (120, 200)), (50, 50)) == Surete((50, None), (70, 100))


def test_rates_expected_must_be_ordered() -> None:
    with pytest.raises(ValueError, match="socle"):
        SituationTelephone((1.0,), (1.0,), 0.9, 0.8)
