"""The recorded day: the Paris date on which Vigie accepted an event or changed a cell."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

_PARIS = ZoneInfo("Europe/Paris")
_JOUR_1970 = 719_163


def minuit_paris(jour: int) -> int:
    """Unix second at which a Paris day begins."""
    return int(datetime.fromordinal(jour + _JOUR_1970).replace(tzinfo=_PARIS).timestamp())


def jour_paris(instant: datetime) -> int:
    """Paris day number of an aware instant."""
    return instant.astimezone(_PARIS).toordinal() - _JOUR_1970


def journee_paris(secondes: int) -> tuple[int, int, int]:
    """First second of the Paris day of a Unix second, first second of the next, and its day number."""
    jour = jour_paris(datetime.fromtimestamp(secondes, UTC))
    return minuit_paris(jour), minuit_paris(jour + 1), jour


def jours_paris(secondes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Paris day number of each Unix second."""
    jours = np.empty_like(secondes)
    restent = np.arange(len(secondes))
    while len(restent):
        minuit, lendemain, jour = journee_paris(int(secondes[restent[0]]))
        du_jour = (secondes[restent] >= minuit) & (secondes[restent] < lendemain)
        jours[restent[du_jour]] = jour
        restent = restent[~du_jour]
    return jours
