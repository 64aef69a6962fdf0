"""Due cohorts: a rate within a limit counts the items whose deadline fell in the period.

An open item is a miss as soon as its deadline has passed, and not before. Cells know the hour at which an item
was opened, not its minute: a deadline in hours has passed when that of the last minute of the hour has.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from shared.indicators.rangs import Entiers
from shared.indicators.statistiques import CalendrierDe

EN_HEURES = ("heures", "heures_ouvrees")
"""Clocks whose limit is in hours."""

HORLOGES = (*EN_HEURES, "jours_calendaires", "jours_ouvres")
"""Clocks on which a deadline is known from the opening alone."""

PAS_ENCORE = 2**31 - 1
"""Stands for the day due of what is not due yet: after every period."""

_HEURE = 3_600
_HEURES_PAR_JOUR = 24


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


def jours_echus(agenda: Agenda, horloge: str, limite: int, du: int, au: int, maintenant: int) -> Entiers:
    """Local day on which fell due what was opened on each day from ``du`` to ``au``, ``PAS_ENCORE`` if it has not.

    For a clock in hours, 24 items a day, one for each hour of opening. ``limite``: hours or days of ``horloge``.
    ``maintenant``: Unix seconds.
    """
    heures = range(_HEURES_PAR_JOUR) if horloge in EN_HEURES else (0,)
    dus = [_due(agenda, horloge, limite, jour, heure) for jour in range(du, au + 1) for heure in heures]
    return np.array([jour if passe <= maintenant else PAS_ENCORE for jour, passe in dus], dtype=np.int64)


def premier_jour_utile(horloge: str, limite: int, du: int, calendriers: Sequence[CalendrierDe]) -> int:
    """A day before which nothing opened can fall due on ``du`` or later, by any of these calendars."""
    jours = -(-limite // _HEURES_PAR_JOUR) if horloge in EN_HEURES else limite
    if horloge in ("heures", "jours_calendaires"):
        return du - jours - 1
    return min(calendrier.ajouter_ouvres(du, -jours - 2) for calendrier in calendriers)


@lru_cache(maxsize=262_144)
def _due(agenda: Agenda, horloge: str, limite: int, jour: int, heure: int) -> tuple[int, int]:
    """(local day due, Unix second from which the deadline of all that was opened in that hour has passed)."""
    fuseau = agenda.fuseau
    if horloge not in EN_HEURES:
        du = jour + limite if horloge == "jours_calendaires" else agenda.calendrier.ajouter_ouvres(jour, limite)
        return du, fuseau.instant(du + 1)
    debut = fuseau.instant(jour, heure)
    # In the hour that a change of clocks repeats, the second time round is the later.
    dernier = debut + _HEURE if fuseau.heure(debut + _HEURE) == heure else debut
    apres = agenda.echeance_ouvree if horloge == "heures_ouvrees" else int.__add__
    return fuseau.jour(apres(debut, limite * _HEURE)), apres(dernier, limite * _HEURE) + _HEURE
