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


def journee_paris(secondes: int) -> tuple[int, int, int]:
    """First second of the Paris day of a Unix second, first second of the next, and its day number."""
    jour = jour_paris(datetime.fromtimestamp(secondes, UTC))
    return minuit_paris(jour), minuit_paris(jour + 1), jour
