"""Run-off of a stock: files opened, worked in order of age, late beyond a delay. Volumes in the process's own unit.

A delay is held when no file is older than it at the end of the week. Late files are therefore a number of files to
have worked by then, which is what a need is sized from: stock never meets the unit of another process.

Another calculation than ``shared/indicators/projection``: that one foretells an indicator, paths with chance and files
closed at the risk of their age; this one plans work, oldest first and without chance, on the pace learnt there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.entraide.domain.semaines import JOURS

Reels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a caisse stands on a process and what is expected. Weeks from the horizon's first Monday.

    ``ages``: open files by age, (days since the file came, volume). ``arrivees`` and ``capacite``: volumes coming in
    and volumes the caisse works at its recent pace, by week; ``pointe``: at its best known pace, which is what it can
    work once files are there (None: not known, its recent pace). ``delai_socle`` and ``delai_objectif``: calendar days
    not to exceed, objectif not above socle.
    """

    ages: tuple[tuple[float, float], ...]
    arrivees: tuple[float, ...]
    capacite: tuple[float, ...]
    delai_socle: float
    delai_objectif: float
    pointe: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.delai_objectif > self.delai_socle:
            raise ValueError("Le délai de l'objectif ne peut dépasser celui du socle.")
        if len(self.arrivees) != len(self.capacite):
            raise ValueError("Arrivées et capacité doivent compter autant de semaines.")

    @property
    def stock(self) -> float:
        return sum(volume for _, volume in self.ages)


@dataclass(frozen=True, slots=True)
class Projection:
    """End of each week: open files, and those beyond each delay."""

    stock: tuple[float, ...]
    retard_socle: tuple[float, ...]
    retard_objectif: tuple[float, ...]


def projeter(situation: Situation, apport: Sequence[float] | None = None) -> Projection:
    """What becomes of the stock, with ``apport`` more volume worked each week (negative: given away)."""
    aide = np.zeros(len(situation.arrivees)) if apport is None else np.asarray(apport, dtype=float)
    faits, en_cours, entres = [], 0.0, situation.stock
    for arrivee, capacite, plus in zip(situation.arrivees, situation.capacite, aide, strict=True):
        entres += arrivee
        en_cours = min(entres, en_cours + max(0.0, capacite + float(plus)))
        faits.append(en_cours)
    travaille = np.array(faits)
    stock = situation.stock + np.cumsum(situation.arrivees) - travaille
    return Projection(
        _serie(stock),
        _serie(dus(situation, situation.delai_socle) - travaille),
        _serie(dus(situation, situation.delai_objectif) - travaille),
    )


def avec_reserve(situation: Situation, part: float) -> Situation:
    """The same with that share of the objectif's delay kept in hand: what is aimed at, against the luck of weeks."""
    return replace(situation, delai_objectif=(1 - part) * situation.delai_objectif)


def a_absorber(situation: Situation) -> tuple[float, ...]:
    """Least volume to work on top each week for no file to be late on the objectif at its end."""
    requis, serie, fait, entres = dus(situation, situation.delai_objectif), [], 0.0, situation.stock
    for rang, (arrivee, capacite) in enumerate(zip(situation.arrivees, situation.capacite, strict=True)):
        entres += arrivee
        fait = min(entres, fait + capacite)
        serie.append(max(0.0, float(requis[rang]) - fait))
        fait += serie[-1]
    return tuple(serie)


def dus(situation: Situation, delai: float) -> Reels:
    """Files older than ``delai`` days at the end of each week if none were worked, arrivals spread over their week."""
    resultat = []
    for semaine in range(len(situation.arrivees)):
        fin = JOURS * (semaine + 1)
        anciens = sum(volume for age, volume in situation.ages if age + fin >= delai)
        for rang, arrivee in enumerate(situation.arrivees[: semaine + 1]):
            ages = (fin - JOURS * (rang + 1), fin - JOURS * rang)
            anciens += arrivee * min(1.0, max(0.0, (ages[1] - delai) / JOURS))
        resultat.append(anciens)
    return np.array(resultat)


def _serie(valeurs: Reels) -> tuple[float, ...]:
    return tuple(max(0.0, round(float(v), 6)) for v in valeurs)
