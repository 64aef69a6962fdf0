"""The month a comité judges, and the day it is prepared on: a working day of the month after."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.network.jours import date_de, jour_de
from shared.network.mois import (
    RANG_DE_PREPARATION,
    Mois,
    MoisInvalide,
    calendrier_du_reseau,
    jour_de_preparation,
    lire_mois,
    mois_de,
)

__all__ = [
    "FUSEAU", "RANG_PAR_DEFAUT", "Mois", "MoisInvalide", "apres_jours_ouvres", "dernier_a_preparer", "est_fini",
    "jour_de_preparation", "lire_mois", "mois_de",
]  # fmt: skip

FUSEAU = ZoneInfo("Europe/Paris")
"""Where the day of the network is read."""

RANG_PAR_DEFAUT = RANG_DE_PREPARATION


def dernier_a_preparer(instant: datetime, rang: int = RANG_PAR_DEFAUT) -> Mois:
    """The newest month whose day of preparation has come, that day in; a clock that jumped misses the others."""
    jour = instant.astimezone(FUSEAU).date()
    precedent = mois_de(jour).plus(-1)
    return precedent if jour >= jour_de_preparation(precedent, rang) else precedent.plus(-1)


def est_fini(mois: Mois, instant: datetime) -> bool:
    """Whether its last day is over, in Paris."""
    return instant.astimezone(FUSEAU).date() > mois.au


def apres_jours_ouvres(jour: date, nombre: int) -> date:
    """The deadline so many working days after a day."""
    return date_de(calendrier_du_reseau().ajouter_ouvres(jour_de(jour), nombre))
