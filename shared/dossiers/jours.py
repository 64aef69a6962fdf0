"""The recorded day: the Paris date on which Vigie accepted an event or changed a cell."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_PARIS = ZoneInfo("Europe/Paris")
_JOUR_1970 = 719_163


def minuit_paris(jour: int) -> int:
    """Unix second at which a Paris day begins."""
    return int(datetime.fromordinal(jour + _JOUR_1970).replace(tzinfo=_PARIS).timestamp())


def jour_paris(instant: datetime) -> int:
    """Paris day number of an aware instant."""
    return instant.astimezone(_PARIS).toordinal() - _JOUR_1970


class JourEnregistre:
    """Paris day number of a Unix second; remembers the day it is in, since the next event is most often of it."""

    def __init__(self) -> None:
        self._debut = self._fin = self._jour = 0

    def __call__(self, secondes: int) -> int:
        if not self._debut <= secondes < self._fin:
            self._jour = jour_paris(datetime.fromtimestamp(secondes, UTC))
            self._debut, self._fin = minuit_paris(self._jour), minuit_paris(self._jour + 1)
        return self._jour
