"""Teams that may be let go: never one without which the objectif would be lost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.entraide.domain.activites import parametres
from services.entraide.domain.donneur import SituationTelephone
from services.entraide.domain.liberation import superflues
from services.entraide.domain.projection import Situation, projeter
from services.entraide.domain.telephone import modele
from tests.unit.entraide.test_projection import SEMAINES, situations

volumes = st.lists(st.floats(0, 300).map(lambda v: round(v, 1)), min_size=SEMAINES, max_size=SEMAINES)
TIENT = Situation(((2, 100.0),), (500.0,) * 4, (500.0,) * 4, 30, 20)


@settings(max_examples=60, deadline=None)
@given(situations(), st.dictionaries(st.integers(1, 5), volumes, max_size=4))
def test_those_that_stay_hold_the_objectif_with_its_reserve_unless_nobody_may_go(
    s: Situation, apports: dict[int, list[float]]
) -> None:
    libres = superflues("ij", s, apports, modele())
    restent = [sum(v) for v in zip(*(a for n, a in apports.items() if n not in libres), strict=True)]
    visee = replace(s, delai_objectif=s.delai_objectif * (1 - parametres()["reserve"]["aidee"]))
    if libres:
        retard = projeter(visee, restent or None).retard_objectif
        assert max(retard) == pytest.approx(0, abs=1e-5)


def test_a_caisse_that_recovered_needs_nobody_and_one_in_crisis_everybody() -> None:
    apports = {1: [50.0] * 4, 2: [30.0] * 4}
    assert superflues("ij", TIENT, apports, modele()) == {1, 2}
    assert superflues("ij", replace(TIENT, ages=((30, 3_000.0),)), apports, modele()) == frozenset()


def test_the_mission_that_frees_most_goes_first_and_the_other_stays() -> None:
    manque = replace(TIENT, capacite=(440.0,) * 4, ages=((13, 500.0),))
    assert superflues("ij", manque, {1: [100.0] * 4, 2: [110.0] * 4}, modele()) == {2}


def test_calls_are_held_week_by_week() -> None:
    s = SituationTelephone((1_500.0,) * 3, (modele().etp_pour(1_500, 0.9) - 1,) * 3, 0.8, 0.9)
    assert superflues("appel", s, {1: [150.0] * 3, 2: [150.0] * 3}, modele()) == {1}
    assert superflues("appel", s, {1: [150.0, 150.0, 0.0], 2: [150.0] * 3}, modele()) == {1}
    assert superflues("appel", s, {1: [150.0, 0.0, 0.0], 2: [0.0, 150.0, 150.0]}, modele()) == frozenset()
