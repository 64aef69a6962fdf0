"""A plan d'actions: what a caisse undertakes after a letter, how far it went, what is late. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from services.alerts.suivis.passages import Passages
from shared.indicators.verdicts import taux_realisation
from shared.network.calendrier import Calendrier
from shared.network.jours import date_de, jour_de

EtatAction = Literal["a_faire", "partielle", "faite", "obsolete"]
EtatPlan = Literal["ouvert", "clos"]

PASSAGES_ACTION: Passages = {
    "a_faire": {"partielle": "libre", "faite": "libre", "obsolete": "motivee"},
    "partielle": {"faite": "libre", "obsolete": "motivee", "a_faire": "motivee"},
    "faite": {"partielle": "motivee", "a_faire": "motivee"},
    "obsolete": {"a_faire": "motivee"},
}
"""Going forward needs no word; going back, or leaving the count, does."""

PASSAGES_PLAN: Passages = {"ouvert": {"clos": "motivee"}}

RESTANTES: frozenset[EtatAction] = frozenset({"a_faire", "partielle"})
"""Can be late."""

RAPPELS = (-10, -2, 1, 5, 10)
"""Working days of the caisse from the deadline on which it is reminded: before (negative) and after. No source says."""


@dataclass(frozen=True, slots=True)
class Comptes:
    """Actions of a plan by outcome; ``non`` is neither done nor begun."""

    prevues: int
    faites: int
    partielles: int
    non: int
    obsoletes: int


def compter(etats: Iterable[EtatAction]) -> Comptes:
    """How many actions stand where."""
    nombres = Counter(etats)
    return Comptes(
        nombres.total(), nombres["faite"], nombres["partielle"], nombres["a_faire"], nombres["obsolete"]
    )  # fmt: skip


def taux_de_completion(comptes: Comptes) -> Fraction | None:
    """(done + 0.5 × partial) / (planned − obsolete), as IGAS 2017 computes it (tome II, A[10], L2562).

    Between 0 and 1; None when nothing is planned, or nothing that still holds.
    """
    return taux_realisation(comptes.prevues, comptes.faites, comptes.partielles, comptes.obsoletes)


def position(echeance: date, jour: date, calendrier: Calendrier) -> int:
    """Working days from a deadline to a day: negative before, 0 on it, 1 from the first working day it is missed on.

    A deadline on a closed day is put off to the next working day.
    """
    effective, ici = jour_de(echeance_effective(echeance, calendrier)), jour_de(jour)
    if ici <= effective:
        return -calendrier.ouvres_entre(ici, effective)
    return calendrier.ouvres_entre(effective + 1, ici + 1)


def echeance_effective(echeance: date, calendrier: Calendrier) -> date:
    """The last day that is in time."""
    return date_de(calendrier.ajouter_ouvres(jour_de(echeance), 0))


def jours_de_retard(echeance: date, jour: date, calendrier: Calendrier) -> int:
    """Working days of the caisse by which a deadline is missed on a day; 0: it is not."""
    return max(0, position(echeance, jour, calendrier))


def rappel_du(echeance: date, jour: date, depuis: date, calendrier: Calendrier) -> int | None:
    """The last reminder (of RAPPELS) whose day has come; None: none yet, or nobody works that day.

    Those that came up to ``depuis``, the day the deadline was set, are void. One that a clock jumped over is not sent
    after a later one.
    """
    if not calendrier.est_ouvre(jour_de(jour)):
        return None
    debut, ici = position(echeance, depuis, calendrier), position(echeance, jour, calendrier)
    return max((rappel for rappel in RAPPELS if debut < rappel <= ici), default=None)
