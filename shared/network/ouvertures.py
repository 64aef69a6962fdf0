"""When a caisse is open, and the two clocks that follow from it.

*Opening seconds* run while the caisse is open. *Working-day seconds* (the clock of « 48 h ouvrées ») run on
every working day from local midnight to local midnight: 24 hours, 23 or 25 when the clock changes that day.
All instants are whole Unix seconds; all answers are whole seconds.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from shared.network.calendrier import (
    FIN,
    PREMIER_JOUR,
    Calendrier,
    HorsCalendrier,
    calendrier_de,
    jour_de_semaine,
)
from shared.network.heure_locale import Fuseau, fuseau
from shared.network.jours import jour_de
from shared.network.lecture import lire_donnees
from shared.network.reseau import Caisse, charger

_SEMAINE = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_PLAGE = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_MINUTES_PAR_JOUR = 1_440
_JOUR = 86_400

Plage = tuple[int, int]
"""Opening and closing, in minutes since local midnight."""


@dataclass(frozen=True, slots=True)
class Horaires:
    """Opening periods of a caisse, Monday first, each day's in order; its exceptional closures (day numbers).

    ``hypothese`` is true when no source gives them.
    """

    semaine: tuple[tuple[Plage, ...], ...]
    fermetures: frozenset[int]
    hypothese: bool


class Ouvertures:
    """Opening hours and clocks of one caisse. Days the calendar does not cover raise HorsCalendrier."""

    def __init__(self, fuseau: Fuseau, calendrier: Calendrier, horaires: Horaires) -> None:
        self.fuseau = fuseau
        self.calendrier = calendrier
        self.horaires = horaires
        self._jour = fuseau.jour
        self._minuits = _minuits(fuseau.nom)
        self._ouvre, self._cumul = _journees(fuseau.nom, calendrier)

    def ouvert(self, ts: int) -> bool:
        """Whether the caisse is open at this instant; it is not any more at the very second it closes."""
        return any(debut <= ts < fin for debut, fin in self._ouverte(self._jour(ts)))

    def secondes_ouvertes(self, t1: int, t2: int) -> int:
        """Seconds open between two instants; the opposite of the same from t2 to t1 when t2 is before t1.

        Takes time in proportion to the days between them.
        """
        if t2 < t1:
            return -self.secondes_ouvertes(t2, t1)
        return sum(
            max(0, min(fin, t2) - max(debut, t1))
            for jour in range(self._jour(t1), self._jour(t2) + 1)
            for debut, fin in self._ouverte(jour)
        )

    def heures_ouvrees(self, t1: int, t2: int) -> int:
        """Seconds of working days between two instants; negative when t2 comes first. Constant time."""
        rang1 = self._jour(t1) - PREMIER_JOUR
        rang2 = self._jour(t2) - PREMIER_JOUR
        if rang1 < 0 or rang2 < 0:
            raise HorsCalendrier(min(rang1, rang2) + PREMIER_JOUR)
        try:
            if rang1 == rang2:
                return t2 - t1 if self._ouvre[rang1] else 0
            secondes = self._cumul[rang2] - self._cumul[rang1]
            if self._ouvre[rang2]:
                secondes += t2 - self._minuits[rang2]
            if self._ouvre[rang1]:
                secondes -= t1 - self._minuits[rang1]
        except IndexError:
            raise HorsCalendrier(max(rang1, rang2) + PREMIER_JOUR) from None
        return secondes

    def echeance_ouvree(self, t: int, secondes: int) -> int:
        """Last instant at which at most ``secondes`` (0 or more) of working days have gone by since ``t``.

        From t on, ``heures_ouvrees(t, x) <= secondes`` if and only if ``x <= echeance_ouvree(t, secondes)``.
        """
        rang = self._jour(t) - PREMIER_JOUR
        if not 0 <= rang < len(self._ouvre):
            raise HorsCalendrier(rang + PREMIER_JOUR)
        cible = self._cumul[rang] + secondes + (t - self._minuits[rang] if self._ouvre[rang] else 0)
        arrivee = bisect_right(self._cumul, cible) - 1
        if arrivee >= len(self._ouvre):
            raise HorsCalendrier(FIN)
        return self._minuits[arrivee] + cible - self._cumul[arrivee]

    def _ouverte(self, jour: int) -> list[tuple[int, int]]:
        if self.calendrier.est_chome(jour):
            return []
        instant = self.fuseau.instant
        return [
            (instant(jour, *divmod(debut, 60)), instant(jour, *divmod(fin, 60)))
            for debut, fin in self.horaires.semaine[jour_de_semaine(jour)]
        ]


def ouvertures_de(caisse: Caisse) -> Ouvertures:
    """Opening hours of a caisse, from the packaged data; built once per caisse."""
    return _ouvertures(caisse)


def horaires_de(document: Mapping[str, Any], slugs: Collection[str]) -> dict[str, Horaires]:
    """Opening hours of each of these caisses, from the content of ``ouvertures.yaml``.

    Raises ValueError, in a French sentence, for an unknown caisse or day, or for periods that are not written
    ``HH:MM-HH:MM``, in order, within the day.
    """
    inconnues = sorted(set(document["caisses"]) - set(slugs))
    if inconnues:
        raise ValueError(f"Horaires de caisses inconnues : {', '.join(inconnues)}.")
    defaut = document["defaut"]
    return {slug: _horaires(slug, defaut | document["caisses"].get(slug, {})) for slug in slugs}


def _horaires(slug: str, ligne: Mapping[str, Any]) -> Horaires:
    inconnus = sorted(set(ligne["semaine"]) - set(_SEMAINE))
    if inconnus:
        raise ValueError(f"Horaires de {slug} : jours inconnus {', '.join(inconnus)}.")
    semaine = tuple(_plages(slug, nom, ligne["semaine"].get(nom, ())) for nom in _SEMAINE)
    return Horaires(semaine, frozenset(map(jour_de, ligne["fermetures"])), ligne["hypothese"])


def _plages(slug: str, nom: str, textes: Sequence[str]) -> tuple[Plage, ...]:
    lues = [_PLAGE.fullmatch(texte) for texte in textes]
    minutes = [60 * int(m[h]) + int(m[h + 1]) for m in lues if m for h in (1, 3)]
    croissantes = all(a < b for a, b in pairwise(minutes))
    if len(minutes) != 2 * len(textes) or not croissantes or (minutes and minutes[-1] > _MINUTES_PAR_JOUR):
        raise ValueError(
            f"Horaires de {slug}, {nom} : écrivez des périodes HH:MM-HH:MM dans l'ordre, sans chevauchement, "
            f"et non {', '.join(textes)}."
        )
    return tuple(zip(minutes[::2], minutes[1::2], strict=True))


@lru_cache(maxsize=256)
def _ouvertures(caisse: Caisse) -> Ouvertures:
    horaires = _horaires_connus()[caisse.slug]
    return Ouvertures(fuseau(caisse.fuseau), calendrier_de(caisse, horaires.fermetures), horaires)


@lru_cache(maxsize=1)
def _horaires_connus() -> Mapping[str, Horaires]:
    return horaires_de(lire_donnees("ouvertures.yaml"), charger().par_slug)


@lru_cache(maxsize=16)
def _minuits(nom: str) -> "array[int]":
    """First second of each day of the calendars and of the day after; apart from the zone's own cache.

    A week that begins and ends on the same offset keeps it throughout: its midnights follow from the first.
    """
    zone = Fuseau(nom)
    minuits = array("q")
    suivant = zone.instant(PREMIER_JOUR)
    for debut in range(PREMIER_JOUR, FIN + 1, 7):
        premier, suivant = suivant, zone.instant(debut + 7)
        jours = range(debut, min(debut + 7, FIN + 1))
        droite = suivant - premier == 7 * _JOUR
        minuits.extend([premier + _JOUR * rang for rang in range(len(jours))] if droite else map(zone.instant, jours))
    return minuits


@lru_cache(maxsize=256)
def _journees(nom: str, calendrier: Calendrier) -> tuple[bytes, "array[int]"]:
    """Per day: whether it is worked, and the working-day seconds before it (one more for the end)."""
    ouvre = np.diff(calendrier.cumul) > 0
    durees = np.where(ouvre, np.diff(np.frombuffer(_minuits(nom), dtype=np.int64)), 0)
    return ouvre.tobytes(), array("q", np.concatenate(([0], np.cumsum(durees))).tobytes())
