from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.entraide.domain.activites import jours_ouvres_par_an, parametres
from services.entraide.domain.telephone import caler, modele

REGLAGES = parametres()["telephone"]


@pytest.mark.parametrize(("charge", "taux"), REGLAGES["calage"])
def test_the_model_gives_the_decroche_of_2015_and_2016_at_their_load(charge: float, taux: float) -> None:
    """IGAS 2017: 8,090 calls per ETP and 85.7 % in 2015, 6,840 and 90.3 % in 2016."""
    etp = REGLAGES["plateforme_etp"]
    assert modele().decroche(charge * etp / jours_ouvres_par_an(), etp) == pytest.approx(taux, abs=5e-4)


def test_the_settings_are_those_of_the_calibration() -> None:
    premier, second = (tuple(point) for point in REGLAGES["calage"])
    cale = caler(replace(modele(), presence=0.5, dispersion=0.0), REGLAGES["plateforme_etp"], (premier, second))
    assert cale.presence == pytest.approx(modele().presence, abs=1e-3)
    assert cale.dispersion == pytest.approx(modele().dispersion, abs=1e-3)


@settings(deadline=None, max_examples=20)
@given(st.floats(50, 3_000), st.floats(0.5, 0.97))
def test_etp_found_reach_the_rate_and_a_hundredth_less_do_not(appels: float, taux: float) -> None:
    etp = modele().etp_pour(appels, taux)
    assert modele().decroche(appels, etp) >= taux > modele().decroche(appels, etp - 0.01)


def test_a_platform_twice_as_large_answers_more_at_the_same_load() -> None:
    assert modele().decroche(2_000, 80) > modele().decroche(1_000, 40)


def test_no_calls_need_nobody_and_no_staff_reaches_all_calls() -> None:
    assert modele().etp_pour(0, 0.9) == 0 and modele().decroche(0, 0) == 1
    with pytest.raises(ValueError, match="100 %"):
        modele().etp_pour(100, 1.0)
