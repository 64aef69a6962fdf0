"""The periods that network statistics compare: a year before, and whole months."""

from datetime import date

import pytest

from shared.dossiers.statistiques_reseau.cartes import mois_entiers
from shared.dossiers.statistiques_reseau.fonds import un_an_avant
from shared.indicators.periodes import Periode
from shared.network.jours import date_de, jour_de


def periode(du: str, au: str) -> Periode:
    return Periode(jour_de(date.fromisoformat(du)), jour_de(date.fromisoformat(au)))


@pytest.mark.parametrize(
    ("du", "au", "avant_du", "avant_au"),
    [
        ("2026-02-01", "2026-02-28", "2025-02-01", "2025-02-28"),
        ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"),
        ("2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"),
        ("2024-02-29", "2024-03-10", "2023-03-01", "2023-03-10"),
        ("2026-01-01", "2026-12-31", "2025-01-01", "2025-12-31"),
        ("2026-10-12", "2026-10-18", "2025-10-12", "2025-10-18"),
    ],
)
def test_a_year_before_has_the_same_dates_and_a_whole_month_stays_whole(
    du: str, au: str, avant_du: str, avant_au: str
) -> None:
    assert un_an_avant(periode(du, au)) == periode(avant_du, avant_au)


@pytest.mark.parametrize(
    ("au", "mois", "premier", "dernier"),
    [
        ("2026-03-31", 3, "2026-01-01", "2026-03-31"),
        ("2026-03-30", 3, "2025-12-01", "2026-02-28"),
        ("2026-01-01", 13, "2024-12-01", "2025-12-31"),
    ],
)
def test_only_whole_months_are_charted(au: str, mois: int, premier: str, dernier: str) -> None:
    periodes = mois_entiers(date.fromisoformat(au), mois)
    assert len(periodes) == mois
    assert (periodes[0].du, periodes[-1].au) == tuple(periode(premier, dernier))
    assert all(date_de(p.du).day == 1 and date_de(p.au + 1).day == 1 for p in periodes)
