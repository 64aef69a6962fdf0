"""Local time of one zone, for code that asks it several times per event.

The offset from UTC is kept per quarter of an hour: since 1970 the zones of the network change theirs only on
a quarter (in fact on the hour, UTC). All instants are whole Unix seconds.
"""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_QUART = 900
_HEURE = 3_600
_JOUR = 86_400
_QUARTS_GARDES = 131_072
"""Quarters kept per zone: 3.7 years of instants, about 14 MB when full; then the cache starts afresh."""
_MINUITS_GARDES = 32_768


class Fuseau:
    """One IANA time zone. Raises zoneinfo.ZoneInfoNotFoundError for a name that is not one."""

    __slots__ = ("_decalages", "_minuits", "_zone", "nom")

    def __init__(self, nom: str) -> None:
        self.nom = nom
        self._zone = ZoneInfo(nom)
        self._decalages: dict[int, int] = {}
        self._minuits: dict[int, int] = {}

    def jour(self, ts: int) -> int:
        """Local day number of an instant."""
        try:
            return (ts + self._decalages[ts // _QUART]) // _JOUR
        except KeyError:
            return (ts + self.decalage(ts)) // _JOUR

    def heure(self, ts: int) -> int:
        """Local hour of an instant, 0 to 23."""
        try:
            return (ts + self._decalages[ts // _QUART]) // _HEURE % 24
        except KeyError:
            return (ts + self.decalage(ts)) // _HEURE % 24

    def decalage(self, ts: int) -> int:
        """Seconds to add to UTC to read local time at this instant."""
        quart = ts // _QUART
        decalage = self._decalages.get(quart)
        if decalage is None:
            ecart = datetime.fromtimestamp(quart * _QUART, self._zone).utcoffset()
            decalage = ecart.days * _JOUR + ecart.seconds if ecart else 0
            if len(self._decalages) >= _QUARTS_GARDES:
                self._decalages.clear()
            self._decalages[quart] = decalage
        return decalage

    def instant(self, jour: int, heure: int = 0, minute: int = 0) -> int:
        """Unix second of a local wall time; ``heure`` 24 is the midnight that ends the day.

        The first of the two when the clock goes through it twice; when the clock skips it, the same wall
        time on the offset before the change, which reads later (02:30 becomes 03:30).
        """
        mur = jour * _JOUR + heure * _HEURE + minute * 60
        avant = mur - self.decalage(mur - _JOUR)
        if self.decalage(avant) == mur - avant:
            return avant
        apres = mur - self.decalage(mur + _JOUR)
        return apres if self.decalage(apres) == mur - apres else avant

    def minuit(self, jour: int) -> int:
        """Unix second at which a local day begins."""
        try:
            return self._minuits[jour]
        except KeyError:
            if len(self._minuits) >= _MINUITS_GARDES:
                self._minuits.clear()
            return self._minuits.setdefault(jour, self.instant(jour))


@lru_cache(maxsize=64)
def fuseau(nom: str) -> Fuseau:
    """The one Fuseau of this name, so that its caches are shared."""
    return Fuseau(nom)
