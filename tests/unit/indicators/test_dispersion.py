"""Spread between caisses: against NumPy's nearest rank, and hand-counted caisses."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from shared.indicators.dispersion import Dispersion, Evolution, dispersion, evolution


@pytest.mark.parametrize("caisses", [1, 2, 10, 11, 102, 107])
def test_deciles_of_caisses_are_the_nearest_rank_of_numpy(caisses: int) -> None:
    valeurs = np.random.default_rng(caisses).integers(700, 1_000, size=caisses)
    trouvee = dispersion({i: Fraction(int(v), 10) for i, v in enumerate(valeurs)}, "haut")
    assert trouvee is not None
    attendus = np.percentile(valeurs, [0, 10, 50, 90, 100], method="inverted_cdf")
    assert [trouvee.minimum, trouvee.d1, trouvee.mediane, trouvee.d9, trouvee.maximum] == [
        Fraction(int(v), 10) for v in attendus
    ]
    assert trouvee.ecart_interdecile == trouvee.d9 - trouvee.d1
    assert (trouvee.sous_socle, trouvee.sous_objectif) == (None, None)


def test_caisses_under_the_socle_and_the_objectif_by_direction_bounds_included() -> None:
    valeurs = {1: Decimal("79.9"), 2: Decimal(80), 3: Fraction(1699, 20), 4: Decimal(85), 5: 90, 6: None}
    haut = dispersion(valeurs, "haut", socle=Decimal(80), objectif=Decimal(85))
    assert haut == Dispersion(
        5, 1, Fraction("79.9"), Fraction("79.9"), Fraction(1699, 20), Fraction(90), Fraction(90), 1, 3
    )
    bas = dispersion(valeurs, "bas", socle=Decimal(85), objectif=Decimal(80))
    assert bas is not None
    assert (bas.sous_socle, bas.sous_objectif) == (1, 3)


def test_a_network_without_a_measure_has_no_dispersion() -> None:
    assert dispersion({}, "haut") is None
    assert dispersion({1: None, 2: None}, "haut") is None
    assert evolution({1: 80, 2: None}, {1: None, 2: 90}, "haut") is None


def test_a_year_is_compared_over_the_caisses_measured_in_both() -> None:
    avant = {1: 70, 2: 80, 3: 90, 4: 10, 5: None}
    apres = {1: 78, 2: 80, 3: 88, 5: 99, 6: 99}
    assert evolution(avant, apres, "haut") == Evolution(
        3, Fraction(8), Fraction(0), Fraction(-2), Fraction(-10), ameliorees=1, degradees=1
    )
    hausse = evolution({1: 70, 2: 80}, {1: 75, 2: 90}, "bas")
    assert hausse is not None
    assert (hausse.ameliorees, hausse.degradees) == (0, 2)
