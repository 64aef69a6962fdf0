"""Dates of events: RFC 3339 text to Unix seconds, and the bounds of the possible.

Reading is two lookups (the hour with its offset, then minutes and seconds) because dates are most of the cost
of an event; only a new hour, or a date with a fraction, is parsed.
"""

import re
from datetime import UTC, datetime
from typing import Any

from shared.events.contrat import INSTANT, Refus
from shared.events.garde import donnee_personnelle, personnelle

EPOQUE_MIN = int(datetime(1995, 1, 2, tzinfo=UTC).timestamp())
"""Earliest date taken: the working-day calendars begin on 1 January 1995, in the time of every caisse."""

EPOQUE_MAX = int(datetime(2045, 1, 1, tzinfo=UTC).timestamp())
"""Latest date taken: a year before the working-day calendars end, so that a due date is still within them."""

AVENIR_MAX = 400 * 86_400
"""Seconds a date may lie after the moment it is recorded: a planned end is possible, the year 2040 is not."""

_INSTANT = re.compile(INSTANT)
_TENUS_MAX = 20_000
_HEURES: dict[str, int] = {}
"""``2026-11-03T09:`` -> Unix seconds of that hour, were it UTC; emptied when full, as is the next."""
_DECALAGES: dict[str, int] = {}
"""What follows the seconds (``+01:00``, ``.250Z``) -> seconds to take away."""
_MINUTES = {f"{m:02d}:{s:02d}": 60 * m + s for m in range(60) for s in range(60)}


def instant_de(texte: Any, champ: str, dernier: int) -> int:
    """Unix seconds of a date, its fraction dropped, when it lies in [EPOQUE_MIN, dernier].

    Raises Refus ``date_invalide`` or ``date_absurde``.
    """
    instant: int | None
    try:
        instant = _HEURES[texte[:14]] + _MINUTES[texte[14:19]] - _DECALAGES[texte[19:]]
    except (KeyError, TypeError):
        instant = None
    if instant is None:  # outside the handler: what a lookup raises quotes the text
        instant = _analyser(texte, champ)
    if EPOQUE_MIN <= instant <= dernier:
        return instant
    raise _absurde(instant, champ)


def _absurde(instant: int, champ: str) -> Refus:
    if instant < EPOQUE_MIN:
        quand = "avant 1995"
    else:
        quand = "après 2044" if instant > EPOQUE_MAX else "à plus de 400 jours dans l'avenir"
    return Refus("date_absurde", f"{champ} : date {quand}.", champ)


def _analyser(texte: Any, champ: str) -> int:
    if not isinstance(texte, str) or _INSTANT.fullmatch(texte) is None:
        raise _illisible(texte, champ)
    try:
        jour = datetime.fromisoformat(texte[:10])
    except ValueError:
        raise _illisible(texte, champ) from None
    suite = texte[19:]
    decalage = 0
    if suite[-1] not in "Zz":
        heures, minutes = int(suite[-5:-3]), int(suite[-2:])
        decalage = (heures * 3600 + minutes * 60) * (-1 if suite[-6] == "-" else 1)
    heure = int(jour.replace(tzinfo=UTC).timestamp()) + 3600 * int(texte[11:13])
    for tenus, cle, valeur in ((_HEURES, texte[:14], heure), (_DECALAGES, suite, decalage)):
        if len(tenus) >= _TENUS_MAX:
            tenus.clear()
        tenus[cle] = valeur
    return heure + _MINUTES[texte[14:19]] - decalage


def _illisible(valeur: Any, champ: str) -> Refus:
    trouve = donnee_personnelle(valeur, champ)
    if trouve is not None:
        return personnelle(*trouve)
    if isinstance(valeur, str) and _INSTANT.fullmatch(valeur + "Z") is not None:
        return Refus("date_invalide", f"{champ} : il manque le décalage horaire (Z ou +01:00).", champ)
    return Refus("date_invalide", f"{champ} : date illisible. Attendu : 2026-11-03T09:12:44+01:00.", champ)
