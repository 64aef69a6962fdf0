"""Comparable caisses on hand-made activities."""

from typing import Any

import pytest

from shared.network.groupes import Activite, Comparable, Criteres, charger_criteres, comparables, criteres_de

TOUT = Criteres(3, 365, {"taille": 1.0, "volumes": 1.0, "composition": 1.0})


def activite(fse: int, papier: int, en_ligne: int) -> Activite:
    return {("fse", ""): fse, ("cmuc_acs", "papier"): papier, ("cmuc_acs", "en_ligne"): en_ligne}


RESEAU = {
    11: activite(1_000, 50, 50),
    21: activite(1_050, 48, 52),
    31: activite(100_000, 5_000, 5_000),
    41: activite(1_000, 99, 1),
    51: activite(980, 52, 48),
}


def test_a_caisse_comes_first_in_its_own_group_then_those_most_like_it() -> None:
    groupe = comparables(11, RESEAU, TOUT)
    assert groupe[0] == Comparable(11, 0.0)
    assert {c.caisse for c in groupe[1:]} == {21, 51}
    assert groupe[1].distance <= groupe[2].distance


@pytest.mark.parametrize(("critere", "loin"), [("taille", 31), ("volumes", 31), ("composition", 41)])
def test_each_criterion_sets_apart_what_it_is_about(critere: str, loin: int) -> None:
    poids = dict.fromkeys(("taille", "volumes", "composition"), 0.0) | {critere: 1.0}
    groupe = comparables(11, RESEAU, Criteres(5, 365, poids))
    assert groupe[-1].caisse == loin


def test_equal_distances_are_settled_by_code_and_the_order_given_does_not_matter() -> None:
    jumelles = dict.fromkeys((81, 71, 91, 61), activite(10, 5, 5))
    assert [c.caisse for c in comparables(81, jumelles, TOUT)] == [81, 61, 71]
    inverse = dict(reversed(RESEAU.items()))
    assert comparables(11, RESEAU, TOUT) == comparables(11, inverse, TOUT)


def test_a_caisse_without_activity_has_no_group_and_is_in_none() -> None:
    activites = {**RESEAU, 61: {}, 71: activite(0, 0, 0)}
    assert comparables(61, activites, TOUT) == comparables(99, activites, TOUT) == []
    assert {c.caisse for c in comparables(11, activites, Criteres(9, 365, TOUT.poids))} == set(RESEAU)


def test_the_packaged_criteria_are_sound_and_bad_ones_are_refused() -> None:
    assert charger_criteres().nombre >= 2
    bons: dict[str, Any] = {"nombre": 3, "jours": 30, "poids": {"taille": 1, "volumes": 0, "composition": 0}}
    assert criteres_de(bons).poids["taille"] == 1.0
    for faux in ({"poids": {"taille": 1}}, {"poids": {**bons["poids"], "taille": 0}}, {"nombre": 1}, {"jours": 0}):
        with pytest.raises(ValueError, match="Groupes comparables"):
            criteres_de({**bons, **faux})
