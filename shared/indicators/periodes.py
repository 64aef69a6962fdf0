"""Days and periods: day numbers since 1970-01-01, and the cutting of a range into days, weeks or months."""

from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple

from shared.network.jours import date_de, jour_de

_DECEMBRE = 12

Pas = Literal["jour", "semaine", "mois"]


class Periode(NamedTuple):
    """A range of local days, both ends included, as day numbers since 1970-01-01."""

    du: int
    au: int


def decouper(du: date, au: date, pas: Pas | None) -> list[Periode]:
    """The periods of ``pas`` that cover [du, au], in order, the first and last cut at the ends.

    Weeks begin on Monday. Without ``pas`` the range is one period. Empty when ``au`` is before ``du``.
    """
    debut, fin = jour_de(du), jour_de(au)
    if fin < debut:
        return []
    if pas is None:
        return [Periode(debut, fin)]
    periodes = []
    while debut <= fin:
        suivant = _debut_suivant(debut, pas)
        periodes.append(Periode(debut, min(suivant - 1, fin)))
        debut = suivant
    return periodes


def coupes(periodes: Iterable[Periode]) -> list[int]:
    """The days, in order, at which some period begins or the one before has ended.

    Between two of them every day is in the same periods: what happened there may be summed before the periods,
    which may overlap, are looked at.
    """
    return sorted({jour for periode in periodes for jour in (periode.du, periode.au + 1)})


def _debut_suivant(debut: int, pas: Pas) -> int:
    jour = date_de(debut)
    if pas == "jour":
        return debut + 1
    if pas == "semaine":
        return debut + 7 - jour.weekday()
    if jour.month == _DECEMBRE:
        return jour_de(jour.replace(day=31)) + 1
    return jour_de(jour.replace(month=jour.month + 1, day=1))
