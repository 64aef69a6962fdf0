"""Administrative days: working days, *ouvrables*, *francs*, by zone of public holidays and by caisse.

A day is a day number (``shared.network.jours``). *Ouvré*: Monday to Friday, neither holiday nor exceptional
closure. *Ouvrable*: Monday to Saturday, likewise. A delay in working days between two days counts the working
days of [first, last): the first counts, the last does not, and the deadlines given here follow from it.
"""

import csv
from array import array
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.network.jours import date_de, en_clair, jour_de
from shared.network.lecture import texte_des_donnees
from shared.network.reseau import Caisse

PREMIER_JOUR = jour_de(date(1995, 1, 1))
"""First day calendars know."""

FIN = jour_de(date(2046, 1, 1))
"""First day they no longer know; they count up to it."""

N = TypeVar("N", int, NDArray[np.integer])

_NOMBRE_JOURS = FIN - PREMIER_JOUR
_SAMEDI, _DIMANCHE = 5, 6

FERIES = "feries.csv"
"""The holidays of every zone (``shared.network.generation``): a day, its name, its zones."""

SEPARATEUR_ZONES = "|"


class HorsCalendrier(ValueError):
    """A day that calendars do not cover (before 1995 or after 2045)."""

    def __init__(self, jour: int) -> None:
        bornes = f"du {en_clair(PREMIER_JOUR)} au {en_clair(FIN - 1)}"
        super().__init__(f"Le jour {jour} (depuis 1970) est hors du calendrier, qui va {bornes}.")
        self.jour = jour


class Calendrier:
    """Working days of one zone, with the exceptional closures of one caisse.

    Built once, then read: every question is answered from arrays in constant time. A day outside
    [PREMIER_JOUR, FIN) raises HorsCalendrier (FIN itself may end a count).
    """

    def __init__(self, zone: str, fermetures: Iterable[int] = ()) -> None:
        self.zone = zone
        self.fermetures = frozenset(fermetures)
        jours = np.arange(PREMIER_JOUR, FIN)
        chome = np.isin(jours, list(jours_feries(zone).keys() | self.fermetures))
        ouvre = ~chome & (jour_de_semaine(jours) < _SAMEDI)
        self.cumul: NDArray[np.int32] = np.concatenate(([0], np.cumsum(ouvre))).astype(np.int32)
        self.cumul.flags.writeable = False
        # Python's own containers answer for one day faster than NumPy's.
        self._chome, self._ouvre = chome.tobytes(), ouvre.tobytes()
        self._cumul = array("i", self.cumul.tobytes())
        self._ouvres = array("i", jours[ouvre].astype(np.int32).tobytes())

    def est_chome(self, jour: int) -> bool:
        """Public holiday or exceptional closure, whatever the day of the week."""
        return bool(self._chome[_rang(jour)])

    def est_ouvre(self, jour: int) -> bool:
        """Monday to Friday, neither holiday nor closure."""
        return bool(self._ouvre[_rang(jour)])

    def est_ouvrable(self, jour: int) -> bool:
        """Monday to Saturday, neither holiday nor closure."""
        return not self._chome[_rang(jour)] and jour_de_semaine(jour) != _DIMANCHE

    def ouvres_entre(self, j1: int, j2: int) -> int:
        """Working days in [j1, j2); the opposite of ``ouvres_entre(j2, j1)`` when j2 is before j1."""
        rang1, rang2 = j1 - PREMIER_JOUR, j2 - PREMIER_JOUR
        if rang1 < 0 or rang2 < 0 or rang1 > _NOMBRE_JOURS or rang2 > _NOMBRE_JOURS:
            raise HorsCalendrier(j1 if not PREMIER_JOUR <= j1 <= FIN else j2)
        return self._cumul[rang2] - self._cumul[rang1]

    def ouvres_cumul(self, jours: NDArray[np.integer]) -> NDArray[np.int32]:
        """Working days of [PREMIER_JOUR, jour) for each day, any shape; a difference of two is a delay.

        It reads ``cumul``, the array whose item i stands for the day PREMIER_JOUR + i.
        """
        if jours.size and not (jours.min() >= PREMIER_JOUR and jours.max() <= FIN):
            raise HorsCalendrier(int(jours.min() if jours.min() < PREMIER_JOUR else jours.max()))
        resultat: NDArray[np.int32] = self.cumul[jours - PREMIER_JOUR]
        return resultat

    def ajouter_ouvres(self, jour: int, n: int) -> int:
        """The working day d such that ``ouvres_entre(jour, d) == n``; n may be negative.

        For n ≥ 0 it is the last day on which a delay begun on ``jour`` is not above n working days. A delay
        begun on a day that is not worked begins on the next one: n = 0 gives that one, or ``jour`` itself.
        """
        rang = self._cumul[_rang(jour)] + n
        if not 0 <= rang < len(self._ouvres):
            raise HorsCalendrier(jour + n)
        return self._ouvres[rang]

    def jours_francs(self, jour: int, n: int) -> int:
        """Last day of a delay of n *jours francs* begun by an event on ``jour``.

        Neither the event's day nor the deadline's counts; a deadline on a day that is not worked
        moves to the next working day (the rule of article 642 of the Code de procédure civile).
        """
        return self.ajouter_ouvres(jour + n + 1, 0)

    def nieme_ouvre_du_mois(self, annee: int, mois: int, n: int) -> int:
        """The n-th working day of a month (n from 1). Raises ValueError when the month has fewer."""
        premier = jour_de(date(annee, mois, 1))
        jour = self.ajouter_ouvres(premier, n - 1)
        if n < 1 or (date_de(jour).year, date_de(jour).month) != (annee, mois):
            raise ValueError(f"{mois:02d}/{annee} n'a pas de {n}e jour ouvré.")
        return jour


def jour_de_semaine(jour: N) -> N:
    """0 for Monday to 6 for Sunday (1970-01-01 was a Thursday), of one day or of each of an array."""
    return (jour + 3) % 7


@lru_cache(maxsize=256)
def _calendrier(zone: str, fermetures: frozenset[int]) -> Calendrier:
    return Calendrier(zone, fermetures)


def calendrier_de(caisse: Caisse, fermetures: Iterable[int] = ()) -> Calendrier:
    """The calendar of a caisse: its zone's holidays and its own closures (day numbers). Cached by value."""
    return _calendrier(caisse.zone, frozenset(fermetures))


@lru_cache(maxsize=16)
def jours_feries(zone: str) -> Mapping[int, str]:
    """Name of each public holiday of a zone, by day number, over the calendars' range.

    Raises ValueError for a zone that ``feries.csv`` does not know.
    """
    feries = _feries().get(zone)
    if feries is None:
        raise ValueError(f"Zone de jours fériés inconnue : « {zone} ». Zones : {', '.join(_feries())}.")
    return MappingProxyType(feries)


@lru_cache(maxsize=1)
def _feries() -> Mapping[str, dict[int, str]]:
    feries: dict[str, dict[int, str]] = {}
    for ligne in csv.DictReader(texte_des_donnees(FERIES).splitlines()):
        jour = jour_de(date.fromisoformat(ligne["jour"]))
        for zone in ligne["zones"].split(SEPARATEUR_ZONES):
            feries.setdefault(zone, {})[jour] = ligne["nom"]
    return feries


def _rang(jour: int) -> int:
    rang = jour - PREMIER_JOUR
    if not 0 <= rang < _NOMBRE_JOURS:
        raise HorsCalendrier(jour)
    return rang
