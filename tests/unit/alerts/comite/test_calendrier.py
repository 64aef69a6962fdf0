"""The day of preparation, on the calendar of Métropole."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.comite.calendrier import (
    Mois,
    MoisInvalide,
    apres_jours_ouvres,
    dernier_a_preparer,
    est_fini,
    jour_de_preparation,
    lire_mois,
)

MOIS = st.builds(Mois, st.integers(1996, 2044), st.integers(1, 12))


@pytest.mark.parametrize(
    ("mois", "jour"),
    [
        ("2026-10", date(2026, 11, 6)),  # Sunday 1 November: 2, 3, 4, 5, 6
        ("2026-04", date(2026, 5, 11)),  # 1 and 8 May are holidays: 4, 5, 6, 7, 11
        ("2025-12", date(2026, 1, 8)),  # 1 January is a holiday: 2, 5, 6, 7, 8
        ("2026-03", date(2026, 4, 8)),  # Easter Monday is 6 April: 1, 2, 3, 7, 8
    ],
)
def test_le_comite_se_prepare_le_cinquieme_jour_ouvre(mois: str, jour: date) -> None:
    assert jour_de_preparation(lire_mois(mois)) == jour


def test_le_jour_est_celui_de_paris_meme_a_l_heure_d_ete() -> None:
    veille, jour = datetime(2026, 11, 5, 22, 59, tzinfo=UTC), datetime(2026, 11, 5, 23, 0, tzinfo=UTC)
    assert dernier_a_preparer(veille) == Mois(2026, 9)
    assert dernier_a_preparer(jour) == Mois(2026, 10)
    assert dernier_a_preparer(datetime(2026, 8, 6, 22, 0, tzinfo=UTC)) == Mois(2026, 7), "en été, minuit est à 22 h"


@given(MOIS)
def test_le_mois_a_preparer_suit_la_date_de_preparation(mois: Mois) -> None:
    jour = jour_de_preparation(mois)
    midi = datetime(jour.year, jour.month, jour.day, 12, tzinfo=UTC)
    assert dernier_a_preparer(midi) == mois
    assert est_fini(mois, midi)
    assert lire_mois(str(mois)) == mois
    assert mois.plus(1).plus(-1) == mois


@pytest.mark.parametrize("texte", ["2026-13", "2026-1", "octobre", "", "0001-01", "2026-10-01", "٢٠٢٦-10"])
def test_ce_qui_n_est_pas_un_mois_est_refuse_en_francais(texte: str) -> None:
    with pytest.raises(MoisInvalide, match="AAAA-MM"):
        lire_mois(texte)


def test_l_echeance_d_une_lettre_compte_en_jours_ouvres() -> None:
    assert apres_jours_ouvres(date(2026, 12, 23), 3) == date(2026, 12, 29)
