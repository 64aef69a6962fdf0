"""Escalation: an alert nobody answers goes up a level, in working days of the caisse's own calendar."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.alerts.domain.etats import SYSTEME, Evolution, Suivi, Transition
from shared.network.ouvertures import Ouvertures

JOUR = 86_400
"""Seconds of a working day of 24 hours; the two days a year when the clock changes have 23 or 25."""

NIVEAUX = ("premier contact de la caisse", "second contact de la caisse", "coordination nationale")
"""Who an alert is for, by level."""


@dataclass(frozen=True, slots=True)
class ReglagesEscalade:
    """Working days before the next level, and before an acknowledgement expires when nobody says when."""

    jours_par_niveau: int = 2
    jours_prise_en_compte: int = 5


def escalader(suivi: Suivi, instant: datetime, ouvertures: Ouvertures, reglages: ReglagesEscalade) -> Evolution:
    """One level up for each delay gone by since the last one. A silenced alert is not given to this function."""
    dernier = len(NIVEAUX) - 1
    if suivi.etat != "ouverte" or suivi.escalade_le is None or suivi.niveau >= dernier:
        return suivi, ()
    secondes = ouvertures.heures_ouvrees(int(suivi.escalade_le.timestamp()), int(instant.timestamp()))
    crans = secondes // (reglages.jours_par_niveau * JOUR)
    if crans < 1:
        return suivi, ()
    niveau = min(dernier, suivi.niveau + crans)
    motif = f"Sans prise en compte depuis {crans * reglages.jours_par_niveau} jours ouvrés : {NIVEAUX[niveau]}."
    ligne = Transition("escalade", instant, suivi.etat, suivi.etat, SYSTEME, motif)
    return replace(suivi, niveau=niveau, escalade_le=instant), (ligne,)


def echeance(instant: datetime, jours_ouvres: int, ouvertures: Ouvertures) -> datetime:
    """The last instant within so many working days of ``instant``, by the caisse's calendar."""
    secondes = ouvertures.echeance_ouvree(int(instant.timestamp()), jours_ouvres * JOUR)
    return datetime.fromtimestamp(secondes, UTC)
