"""Due cohorts: a rate within a limit counts the items whose deadline fell in the period.

An open item is a miss as soon as its deadline has passed, and not before. Cells know the hour at which an item
was opened, not its minute: a deadline in hours has passed when that of the last minute of the hour has.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from shared.indicators.statistiques import CalendrierDe

EN_HEURES = ("heures", "heures_ouvrees")
"""Clocks whose limit is in hours."""

HORLOGES = (*EN_HEURES, "jours_calendaires", "jours_ouvres")
"""Clocks on which a deadline is known from the opening alone."""

_HEURE = 3_600
HEURES_PAR_JOUR = 24
"""Local hours by which openings are told apart, whatever the clocks do that day."""


class FuseauDe(Protocol):
    """Local time of one caisse (shared.network.heure_locale.Fuseau)."""

    def jour(self, ts: int, /) -> int: ...
    def heure(self, ts: int, /) -> int: ...
    def instant(self, jour: int, heure: int = 0, minute: int = 0) -> int: ...


class Agenda(Protocol):
    """Local and administrative time of one caisse (shared.network.ouvertures.Ouvertures)."""

    @property
    def fuseau(self) -> FuseauDe: ...
    @property
    def calendrier(self) -> CalendrierDe: ...
    def echeance_ouvree(self, t: int, secondes: int, /) -> int: ...
    def __hash__(self) -> int: ...


def seuils(
    agenda: Agenda, horloge: str, limite: int, ouverts: range, jours: Sequence[int], maintenant: int
) -> list[int]:
    """For each of ``jours``, the first of ``ouverts`` that fell due on it or later; last, the first not due yet.

    ``ouverts``: day numbers, or ``jour * 24 + heure`` for a clock in hours. What opens later is not due earlier:
    from these, the day due of anything is found. ``limite``: hours or days of ``horloge``. ``maintenant``: Unix
    seconds. Ascending when ``jours`` is.
    """

    def due(ouvert: int) -> tuple[int, int]:
        jour, heure = divmod(ouvert, HEURES_PAR_JOUR) if horloge in EN_HEURES else (ouvert, 0)
        return due_le(agenda, horloge, limite, jour, heure)

    def premier(rang: int) -> int:
        return ouverts.start + rang

    encore = premier(bisect_right(ouverts, maintenant, key=lambda o: due(o)[1]))
    dus = (premier(bisect_left(ouverts, jour, key=lambda o: due(o)[0])) for jour in jours)
    return [*(min(du, encore) for du in dus), encore]


def premier_jour_utile(horloge: str, limite: int, du: int, calendriers: Sequence[CalendrierDe]) -> int:
    """A day before which nothing opened can fall due on ``du`` or later, by any of these calendars."""
    jours = -(-limite // HEURES_PAR_JOUR) if horloge in EN_HEURES else limite
    if horloge in ("heures", "jours_calendaires"):
        return du - jours - 1
    return min(calendrier.ajouter_ouvres(du, -jours - 2) for calendrier in calendriers)


@lru_cache(maxsize=65_536)
def due_le(agenda: Agenda, horloge: str, limite: int, jour: int, heure: int) -> tuple[int, int]:
    """(local day due, Unix second from which the deadline of all that was opened that day or hour has passed)."""
    fuseau = agenda.fuseau
    if horloge not in EN_HEURES:
        du = jour + limite if horloge == "jours_calendaires" else agenda.calendrier.ajouter_ouvres(jour, limite)
        return du, fuseau.instant(du + 1)
    debut = fuseau.instant(jour, heure)
    # In the hour that a change of clocks repeats, the second time round is the later.
    dernier = debut + _HEURE if fuseau.heure(debut + _HEURE) == heure else debut
    apres = agenda.echeance_ouvree if horloge == "heures_ouvrees" else int.__add__
    return fuseau.jour(apres(debut, limite * _HEURE)), apres(dernier, limite * _HEURE) + _HEURE
