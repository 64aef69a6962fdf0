"""Notices: the alerts of one caisse told together, not too soon, not too often, and only what is new."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from services.alerts.domain.escalade import JOUR
from services.alerts.domain.etats import FINIS, Etat
from shared.network.ouvertures import Ouvertures

Motif = Literal["nouveautes", "rappel"]


@dataclass(frozen=True, slots=True)
class ReglagesAvis:
    """``attente``: what is new waits so long for company. ``intervalle``: least time between two notices of a caisse.

    A notice nobody answers is repeated every ``jours_rappel`` working days, ``rappels_max`` times at most.
    """

    attente: timedelta = timedelta(minutes=10)
    intervalle: timedelta = timedelta(hours=1)
    jours_rappel: int = 2
    rappels_max: int = 3


@dataclass(frozen=True, slots=True)
class Membre:
    """An alert of the caisse. ``annonce``: what was last said of it (see ``nouvelle``), None when nothing was.

    ``tue``: nothing is said of it, for someone silenced it or it may be noise.
    """

    id: int
    etat: Etat
    niveau: int
    depuis: datetime
    annonce: str | None
    tue: bool


@dataclass(frozen=True, slots=True)
class Groupe:
    """What a caisse was told so far."""

    caisse: str
    dernier: datetime | None = None
    rappels: int = 0


@dataclass(frozen=True, slots=True)
class Avis:
    """One notice: ``nouvelles`` are the alerts it is sent for, with what it says of each; ``ouvertes`` stand beside."""

    caisse: str
    instant: datetime
    motif: Motif
    nouvelles: tuple[tuple[int, str], ...]
    ouvertes: tuple[int, ...]


def nouvelle(membre: Membre) -> str | None:
    """What a notice would say of an alert that was not said yet: its opening at this level, its end if it was told."""
    if membre.tue:
        return None
    if membre.etat == "ouverte":
        dite = f"ouverte:{membre.niveau}"
        return dite if membre.annonce != dite else None
    if membre.etat in FINIS and membre.annonce is not None and membre.annonce.startswith("ouverte:"):
        return membre.etat
    return None


def aviser(
    groupe: Groupe, membres: Sequence[Membre], instant: datetime, ouvertures: Ouvertures, reglages: ReglagesAvis
) -> tuple[Groupe, Avis | None]:
    """The notice to send now, if any, and what the caisse was told then. The order of members does not matter."""
    membres = sorted(membres, key=lambda m: m.id)
    nouvelles = [(m, dite) for m in membres if (dite := nouvelle(m)) is not None]
    ouvertes = tuple(m.id for m in membres if m.etat == "ouverte" and not m.tue)
    if nouvelles:
        if not _mures(groupe, [m for m, _ in nouvelles], instant, reglages):
            return groupe, None
        avis = Avis(groupe.caisse, instant, "nouveautes", tuple((m.id, dite) for m, dite in nouvelles), ouvertes)
        return Groupe(groupe.caisse, instant), avis
    if not ouvertes or groupe.dernier is None or groupe.rappels >= reglages.rappels_max:
        return groupe, None
    if ouvertures.heures_ouvrees(_ts(groupe.dernier), _ts(instant)) < reglages.jours_rappel * JOUR:
        return groupe, None
    rappele = replace(groupe, dernier=instant, rappels=groupe.rappels + 1)
    return rappele, Avis(groupe.caisse, instant, "rappel", (), ouvertes)


def _mures(groupe: Groupe, nouvelles: Sequence[Membre], instant: datetime, reglages: ReglagesAvis) -> bool:
    if groupe.dernier is not None and instant - groupe.dernier < reglages.intervalle:
        return False
    escalade = any(m.etat == "ouverte" and m.niveau > 0 for m in nouvelles)
    return escalade or instant - min(m.depuis for m in nouvelles) >= reglages.attente


def _ts(instant: datetime) -> int:
    return int(instant.timestamp())
