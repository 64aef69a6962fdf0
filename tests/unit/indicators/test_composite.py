"""The composite of the CPG indicators, worked by hand, and its scale as packaged."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from shared.catalogue.cibles import cible_applicable
from shared.catalogue.composites import Bareme, charger_bareme
from shared.catalogue.processus import CatalogueInvalide
from shared.indicators.composite import Bornes, Cumul, Note, Reduction, cumuler, noter, part_des_points, reduction
from shared.network.jours import date_de

BAREME = Bareme(
    "essai", "Essai", {"delai": Fraction(60), "taux": Fraction(40)}, Fraction(1, 2), Fraction(1), Fraction(15), True
)
BORNES = {"delai": Bornes(Decimal(20), Decimal(30), "bas"), "taux": Bornes(Decimal(90), None, "haut")}


@pytest.mark.parametrize(
    ("valeur", "part"),
    [(19, "1"), (20, "1"), (25, "3/4"), (30, "1/2"), (Fraction(301, 10), "0"), (Decimal("22.5"), "7/8")],
)
def test_points_grow_in_proportion_from_the_socle_to_the_objectif_bounds_included(valeur: Fraction, part: str) -> None:
    assert part_des_points(valeur, BORNES["delai"], BAREME) == Fraction(part)


def test_without_a_socle_only_the_objectif_scores() -> None:
    assert part_des_points(Fraction(8_999, 100), BORNES["taux"], BAREME) == 0
    assert part_des_points(90, BORNES["taux"], BAREME) == 1


def test_a_caisse_is_scored_on_what_is_measured_and_what_is_not_is_named() -> None:
    assert noter({"delai": 25, "taux": 80}, BORNES, BAREME) == Note(
        Fraction(45), Fraction(100), (), ("delai", "taux"), ()
    )
    partielle = noter({"delai": 31, "taux": None}, BORNES, BAREME)
    assert partielle == Note(Fraction(0), Fraction(60), ("delai",), ("delai",), ("taux",))
    assert partielle.note == 0
    assert noter({}, BORNES, BAREME).note is None


def test_the_network_counts_couples_and_caisses() -> None:
    notes = {
        "a": Note(Fraction(0), Fraction(100), ("delai", "taux"), ("delai", "taux"), ()),
        "b": Note(Fraction(0), Fraction(100), (), ("taux",), ()),
        "c": Note(Fraction(0), Fraction(100), (), (), ()),
    }
    assert cumuler(notes) == Cumul(2, 3, 1, 2)


def test_the_reduction_is_held_from_fifteen_per_cent_on_both_counts() -> None:
    assert reduction(Cumul(20, 40, 9, 9), Cumul(17, 34, 9, 9), BAREME) == Reduction(
        Fraction(3, 20), Fraction(3, 20), True
    )
    assert not reduction(Cumul(20, 40, 9, 9), Cumul(17, 35, 9, 9), BAREME).tenue
    assert reduction(Cumul(0, 40, 0, 9), Cumul(0, 20, 0, 9), BAREME) == Reduction(None, Fraction(1, 2), True)
    assert not reduction(Cumul(0, 40, 0, 9), Cumul(1, 20, 1, 9), BAREME).tenue


def test_the_packaged_scale_is_the_five_indicators_of_the_source_for_the_300_points_of_the_axis() -> None:
    bareme = charger_bareme()
    assert sum(bareme.points.values()) == 300
    assert (len(bareme.points), bareme.reduction_visee, bareme.hypothese) == (5, 15, True)
    assert not any("reclamation" in code for code in bareme.points)
    for code in bareme.points:
        applicable = cible_applicable(code, date_de(20_500))
        assert applicable is not None
        assert applicable.cible.valeur is not None
        assert applicable.cible.socle is not None


def test_a_faulty_scale_names_every_fault(tmp_path: Path) -> None:
    faux = tmp_path / "composite.yaml"
    faux.write_text(
        'composite: x\nlibelle: x\nreduction_visee: "15"\nhypothese: true\nechelle: {socle: "1", objectif: "0.5"}\n'
        'composantes:\n  - {indicateur: lune, points: "0"}\n'
    )
    with pytest.raises(CatalogueInvalide) as exc:
        charger_bareme(faux)
    assert all(mot in str(exc.value) for mot in ("lune is not", "points must", "echelle"))
