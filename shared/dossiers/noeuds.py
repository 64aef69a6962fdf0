"""Days paved with pieces of the calendar that nest: centuries, decades, years, months, eighths, days. Pure.

An eighth is eight days of a month, or what is left of it: the 1st to the 8th, the 9th to the 16th and so on. Two
ranges of days that share most of their days share most of their pieces, whatever they are asked for.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from shared.network.jours import date_de, jour_de

_SIECLE, _DECENNIE = 100, 10
_DECEMBRE = 12
_HUITAINE = 8


class Noeud(NamedTuple):
    """A piece of the calendar: the day numbers [du, fin)."""

    du: int
    fin: int

    @property
    def jours(self) -> int:
        """How many days it has."""
        return self.fin - self.du


@lru_cache(maxsize=4_096)
def paver(du: int, fin: int) -> Sequence[Noeud]:
    """The largest pieces that cover [du, fin) exactly, in order."""
    return _paver(du, fin, fin - du)


@lru_cache(maxsize=4_096)
def enfants(noeud: Noeud) -> Sequence[Noeud]:
    """The pieces that a piece of more than a day is made of, each as large as can be; none for a day."""
    return _paver(*noeud, noeud.jours - 1) if noeud.jours > 1 else ()


def _paver(du: int, fin: int, longueur: int) -> list[Noeud]:
    pieces = []
    while du < fin:
        suivant = next(s for s in _suivants(du) if s <= fin and s - du <= longueur)
        pieces.append(Noeud(du, suivant))
        du = suivant
    return pieces


def _suivants(jour: int) -> list[int]:
    """Where the pieces that begin on that day end, the largest first."""
    le = date_de(jour)
    fins = []
    if le.day == le.month == 1:
        fins = [date(le.year + annees, 1, 1) for annees in (_SIECLE, _DECENNIE) if le.year % annees == 0]
        fins.append(date(le.year + 1, 1, 1))
    du_mois = date(le.year + 1, 1, 1) if le.month == _DECEMBRE else date(le.year, le.month + 1, 1)
    if le.day == 1:
        fins.append(du_mois)
    suivants = [jour_de(f) for f in fins]
    if le.day % _HUITAINE == 1:
        suivants.append(min(jour + _HUITAINE, jour_de(du_mois)))
    return [*suivants, jour + 1]
