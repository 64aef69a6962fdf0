"""What a plan puts forward, and what a proposition gives back to the next one. Pure.

The remainder of a need is its volume less what its propositions cover: an answer that says no, or that comes too late,
and one that the national coordination cancels cover nothing, an interrupted mission what was worked. A team released
before its end gives nothing back: the help was not needed any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.entraide.domain.cycle_de_vie import Cote, Etat, Proposition, Role, Termes
from services.entraide.domain.montage import Engagement
from services.entraide.domain.semaines import JOURS, Horizon
from shared.network.calendrier import Calendrier
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

VIVANTES: tuple[Etat, ...] = ("proposee", "engagee", "ordonnee", "active")
"""States that hold a team: what is proposed is kept for its answer."""

RENDUES: tuple[Etat, ...] = ("declinee", "expiree", "annulee", "interrompue")
"""States whose remainder is to be allocated again."""

MISSIONS: tuple[Etat, ...] = ("ordonnee", "active", "terminee", "interrompue")
"""States of a mission: what was ordered."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """One assignment of a plan, to be put to the two coordinators.

    ``besoin`` and ``pole`` are keys of the plan's need and pôle. ``termes``: what is asked. ``explication``: plain JSON
    values, why and with what predicted effect, shown as they are with the proposition.
    """

    besoin: str
    pole: str
    aidante: str
    aidee: str
    process: str
    termes: Termes
    explication: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lue:
    """A proposition and what the tables keep beside it. ``proposition.historique`` is empty: lines are read apart.

    ``volume_propose``: what the plan put forward; ``couvert``: volume it takes off its need. ``demarree_le`` and
    ``close_le``: day numbers of the first day and of the end, None when they have not come.
    """

    id: int
    plan: int
    besoin: str
    pole: str
    proposition: Proposition
    volume_propose: float
    couvert: float
    reste_rendu: bool
    demarree_le: int | None
    close_le: int | None
    explication: Mapping[str, Any]
    proposee_le: datetime
    changee_le: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of the history, revision 0 (``proposer``) included. ``termes``: those it set, or asked for."""

    revision: int
    commande: str
    de: Etat | None
    vers: Etat
    par: str
    role: Role
    au_nom_de: Cote | None
    jour: int
    motif: str | None
    termes: Termes | None = None


def calendrier_de(slug: str) -> Calendrier:
    """The calendar of a caisse, its own closures included."""
    return ouvertures_de(charger().par_slug[slug]).calendrier


def jour_local(slug: str, instant: datetime) -> int:
    """Day number it is at a caisse."""
    return ouvertures_de(charger().par_slug[slug]).fuseau.jour(int(instant.timestamp()))


def heure_locale(slug: str, instant: datetime) -> int:
    """Hour it is at a caisse, 0 to 23."""
    return ouvertures_de(charger().par_slug[slug]).fuseau.heure(int(instant.timestamp()))


def jour_commun(proposition: Proposition, instant: datetime) -> int:
    """The day it is at both caisses already: nobody's last day is cut short by the clock of the other."""
    return min(jour_local(slug, instant) for slug in (proposition.aidante, proposition.aidee))


def part_travaillee(termes: Termes, jour: int) -> float:
    """Share of the agreed ETP-weeks worked before ``jour``, 0 to 1; a week begun counts by its days."""
    faits = sum(
        etp * min(1.0, max(0.0, (jour - termes.debut - JOURS * rang) / JOURS)) for rang, etp in enumerate(termes.etp)
    )
    return faits / sum(termes.etp)


def couvert(proposition: Proposition, close_le: int | None) -> float:
    """Volume it takes off its need. ``close_le``: the day it ended, for an interrupted one."""
    if proposition.etat in ("declinee", "expiree", "annulee"):
        return 0.0
    if proposition.etat == "interrompue":
        assert close_le is not None
        return proposition.termes.volume * part_travaillee(proposition.termes, close_le)
    return proposition.termes.volume


def rend_un_reste(proposition: Proposition, volume_propose: float) -> bool:
    """Whether what is left must be allocated again: what ended before its time, or was agreed on for less."""
    moins = proposition.etat in ("engagee", *MISSIONS) and proposition.termes.volume < volume_propose
    return proposition.reallouer or moins


def engagement(proposition: Proposition, pole: str, horizon: Horizon) -> Engagement | None:
    """What it holds of its pôle over a horizon; None when it holds nothing there."""
    termes = proposition.termes
    rangs = [(horizon.lundi(r) - termes.debut) // JOURS for r in range(horizon.nombre)]
    etp = tuple(termes.etp[rang] if 0 <= rang < len(termes.etp) else 0 for rang in rangs)
    deja = max(0, rangs[0]) if proposition.etat == "active" else 0
    return Engagement(pole, proposition.aidee, proposition.process, etp, deja) if any(etp) else None
