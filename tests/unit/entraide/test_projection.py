from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.entraide.domain.activites import ProductiviteInconnue, parametres, productivites
from services.entraide.domain.besoins import dimensionner, en_etp_semaines, en_volume, fragilite_structurelle
from services.entraide.domain.projection import Situation, projeter

volumes = st.floats(0, 1_000).map(lambda v: round(v, 2))
SEMAINES = 5


@st.composite
def situations(tirer: st.DrawFn) -> Situation:
    serie = st.lists(volumes, min_size=SEMAINES, max_size=SEMAINES).map(tuple)
    ages = tuple(tirer(st.lists(st.tuples(st.integers(0, 60), volumes), max_size=5)))
    objectif = tirer(st.integers(1, 40))
    return Situation(ages, tirer(serie), tirer(serie), objectif + tirer(st.integers(0, 30)), objectif)


def jour_par_jour(s: Situation, delai: float, par_jour: int = 1) -> list[float]:
    """Late volume at each week's end, by a queue of daily lots worked oldest first, arrivals at the end of each day."""
    file = deque(sorted(((-age, volume) for age, volume in s.ages if volume > 0)))
    retards = []
    for semaine, (arrivee, capacite) in enumerate(zip(s.arrivees, s.capacite, strict=True)):
        for jour in range(7 * par_jour):
            file.append((7 * semaine + (jour + 1) / par_jour, arrivee / (7 * par_jour)))
        reste = capacite
        while file and reste > 0:
            date, volume = file.popleft()
            fait = min(volume, reste)
            reste -= fait
            if fait < volume:
                file.appendleft((date, volume - fait))
        fin = 7 * (semaine + 1)
        retards.append(sum(volume for date, volume in file if fin - date >= delai - 1e-9))
    return retards


@given(situations())
def test_lateness_is_that_of_a_queue_worked_oldest_first(s: Situation) -> None:
    projection = projeter(s)
    for delai, retard in ((s.delai_socle, projection.retard_socle), (s.delai_objectif, projection.retard_objectif)):
        assert retard == pytest.approx(jour_par_jour(s, delai), abs=1e-4)


@given(situations())
def test_nothing_is_lost_between_arrivals_work_and_stock(s: Situation) -> None:
    stock, entres, fait = projeter(s).stock, s.stock, 0.0
    for reste, arrivee, capacite in zip(stock, s.arrivees, s.capacite, strict=True):
        entres += arrivee
        fait += min(capacite, entres - fait)
        assert reste == pytest.approx(entres - fait, abs=1e-4)


@given(situations())
def test_the_weekly_volume_worked_on_top_leaves_nothing_late(s: Situation) -> None:
    taille = dimensionner("ij", s)
    assert sum(taille.par_semaine) == pytest.approx(taille.volume, abs=1e-6)
    aide = projeter(s, taille.par_semaine)
    assert max(aide.retard_objectif) == pytest.approx(0, abs=1e-3)
    plus_court = replace(s, delai_objectif=s.delai_objectif * (1 - parametres()["reserve"]["aidee"]))
    assert max(projeter(plus_court, taille.par_semaine).retard_objectif) == pytest.approx(0, abs=1e-3)


@given(situations())
def test_what_is_late_on_socle_is_late_on_objectif(s: Situation) -> None:
    p = projeter(s)
    assert all(socle <= objectif for socle, objectif in zip(p.retard_socle, p.retard_objectif, strict=True))


@pytest.mark.parametrize(("process", "par_an"), [("ij", 4_600), ("appel", 6_840), ("cmuc_acs", 2_349)])
def test_an_etp_year_is_the_sourced_volume(process: str, par_an: float) -> None:
    assert en_etp_semaines(process, par_an) * 5 == pytest.approx(251)
    assert en_volume(process, en_etp_semaines(process, 123.0)) == pytest.approx(123)
    assert not productivites()[process].hypothese


@pytest.mark.parametrize("process", ["courriel", "fsp"])
def test_a_volume_without_a_source_is_marked_as_an_assumption(process: str) -> None:
    s = Situation(((30, 500.0),), (100.0,), (50.0,), 20, 10)
    assert dimensionner(process, s).hypothese


def test_a_process_without_productivity_is_not_sized() -> None:
    with pytest.raises(ProductiviteInconnue, match="controles_puma"):
        en_etp_semaines("controles_puma", 10)


def test_an_objectif_looser_than_the_socle_is_refused() -> None:
    with pytest.raises(ValueError, match="socle"):
        Situation((), (1.0,), (1.0,), 10, 20)


def test_three_missions_in_the_window_flag_a_structural_weakness() -> None:
    assert fragilite_structurelle((0, 100, 300), 364, 3, 365)
    assert not fragilite_structurelle((0, 100, 300), 365, 3, 365)
