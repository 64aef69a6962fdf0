"""The life of an alert: from a crossing to its resolution, as a function of what is observed and when.

``en_observation`` → ``ouverte`` → ``prise_en_compte`` → ``resolue``, or ``neutralisee`` from any of the three.

Between the *seuil* and the *retour* bound lies the band of the hysteresis: a value there moves nothing. What is
crossed stays crossed until a value reaches the retour bound, and what came back stays back until the seuil is crossed
again. An alert opens when it has been crossed for ``persistance`` and is beyond the seuil now; it is resolved when
it has been back for ``retour``. Time during which the value is not known counts for neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from shared.indicators.sens import Mieux

Etat = Literal["en_observation", "ouverte", "prise_en_compte", "resolue", "neutralisee"]

VIVANTS: Sequence[Etat] = ("en_observation", "ouverte", "prise_en_compte")
FINIS: Sequence[Etat] = ("resolue", "neutralisee")

Genre = Literal["performance", "source_muette", "stock", "declaration", "desaccord"]
"""``performance``: an indicator beyond its seuil d'alerte. ``source_muette``, ``stock`` and ``declaration``: the risks
of a *rupture d'activité*. ``desaccord``: the situation a caisse declares is not the calculated one."""

CONTINUITE: Sequence[Genre] = ("source_muette", "stock", "declaration")

Position = Literal["franchi", "bande", "revenu", "inconnu"]
"""Where a value stands; ``inconnu``: not measured, or built on a silent source."""

Action = Literal[
    "observation", "ouverture", "prise_en_compte", "expiration", "escalade", "resolution", "dissipation",
    "neutralisation", "commentaire",
]  # fmt: skip

SYSTEME = "vigie"
"""Author of the transitions nobody asked for."""


class Cle(NamedTuple):
    """What an alert is about. ``objet``: an indicator, a source, or the number of a declaration."""

    genre: Genre
    caisse: str
    objet: str


@dataclass(frozen=True, slots=True)
class Regle:
    """How long a crossing must last before the alert opens, and a return before it is resolved."""

    persistance: timedelta = timedelta(0)
    retour: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one thing. ``constat``: the French sentence of what was seen; ``details``: plain JSON values."""

    cle: Cle
    instant: datetime
    position: Position
    regle: Regle
    constat: str
    valeur: float | None = None
    effectif: int | None = None
    seuil: float | None = None
    neutralisee_par: str | None = None
    inhibee_par: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suivi:
    """What is kept of an alert. ``signal``: crossed, in the sense of the hysteresis, since ``signal_depuis``.

    ``depuis``: since when it is in ``etat``. ``escalade_le``: since when it is at ``niveau`` without anybody's answer.
    """

    etat: Etat
    depuis: datetime
    signal: bool
    signal_depuis: datetime
    vu_le: datetime
    ouverte_le: datetime | None = None
    finie_le: datetime | None = None
    prise_en_compte_par: str | None = None
    prise_en_compte_expire: datetime | None = None
    niveau: int = 0
    escalade_le: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of an alert's history: who did what, when and why. ``de`` None: the alert begins."""

    action: Action
    instant: datetime
    de: Etat | None
    vers: Etat
    par: str
    motif: str


class TransitionImpossible(Exception):
    """The alert is not in a state that allows it; ``str()`` is a French sentence."""


Evolution = tuple[Suivi | None, tuple[Transition, ...]]
"""What an alert becomes, None while there is none, and the lines to add to its history."""


def situer(valeur: Fraction | None, seuil: Fraction, retour: Fraction, mieux: Mieux) -> Position:
    """Where a value stands. The seuil is crossed strictly beyond it; the retour bound is reached at it."""
    if valeur is None:
        return "inconnu"
    signe = -1 if mieux == "haut" else 1
    if signe * valeur > signe * seuil:
        return "franchi"
    return "revenu" if signe * valeur <= signe * retour else "bande"


def observer(suivi: Suivi | None, vue: Observation) -> Evolution:
    """What one look makes of an alert (None: there is none alive). An older look than the last changes nothing.

    Looking twice at the same instant is looking once. ``suivi`` is alive.
    """
    if suivi is None:
        return _commencer(vue)
    if vue.instant < suivi.vu_le:
        return suivi, ()
    if vue.neutralisee_par is not None:
        return _passer(suivi, "neutralisee", "neutralisation", vue.instant, vue.neutralisee_par)
    suivi = replace(suivi, vu_le=vue.instant)
    if vue.position == "inconnu" or vue.inhibee_par is not None:
        return replace(suivi, signal_depuis=vue.instant), ()
    if vue.position != "bande" and suivi.signal != (vue.position == "franchi"):
        suivi = replace(suivi, signal=not suivi.signal, signal_depuis=vue.instant)
    return _murir(suivi, vue)


def vieillir(suivi: Suivi, instant: datetime) -> Evolution:
    """What time alone makes of an alert that is alive: an acknowledgement that expires opens it again."""
    expire = suivi.prise_en_compte_expire
    if suivi.etat != "prise_en_compte" or expire is None or instant < expire:
        return suivi, ()
    motif = f"La prise en compte par {suivi.prise_en_compte_par} a expiré sans retour à la normale."
    return _passer(suivi, "ouverte", "expiration", instant, motif)


def prendre_en_compte(suivi: Suivi, instant: datetime, par: str, motif: str, expire_le: datetime) -> Evolution:
    """Somebody answers for an open alert until ``expire_le``; again, by whom and until when are replaced.

    Raises TransitionImpossible when the alert is not open.
    """
    if suivi.etat not in ("ouverte", "prise_en_compte"):
        raise TransitionImpossible(
            f"L'alerte est « {suivi.etat} » : seule une alerte ouverte, ou déjà prise en compte, peut l'être."
        )
    if expire_le <= instant:
        raise TransitionImpossible("La prise en compte expirerait avant d'avoir commencé : donnez une fin à venir.")
    nouveau, lignes = _passer(suivi, "prise_en_compte", "prise_en_compte", instant, motif, par)
    return replace(nouveau, prise_en_compte_par=par, prise_en_compte_expire=expire_le), lignes


def _commencer(vue: Observation) -> Evolution:
    if vue.position != "franchi" or vue.neutralisee_par is not None or vue.inhibee_par is not None:
        return None, ()
    instant = vue.instant
    debut = Suivi("en_observation", instant, signal=True, signal_depuis=instant, vu_le=instant)
    premiere = Transition("observation", instant, None, "en_observation", SYSTEME, vue.constat)
    suivi, lignes = _murir(debut, vue)
    return suivi, (premiere, *lignes)


def _murir(suivi: Suivi, vue: Observation) -> tuple[Suivi, tuple[Transition, ...]]:
    duree = vue.instant - suivi.signal_depuis
    if suivi.signal:
        if suivi.etat == "en_observation" and vue.position == "franchi" and duree >= vue.regle.persistance:
            return _passer(suivi, "ouverte", "ouverture", vue.instant, vue.constat)
    elif suivi.etat == "en_observation":
        return _passer(suivi, "resolue", "dissipation", vue.instant, vue.constat)
    elif duree >= vue.regle.retour:
        return _passer(suivi, "resolue", "resolution", vue.instant, vue.constat)
    return suivi, ()


def _passer(
    suivi: Suivi, vers: Etat, action: Action, instant: datetime, motif: str, par: str = SYSTEME
) -> tuple[Suivi, tuple[Transition, ...]]:
    ligne = Transition(action, instant, suivi.etat, vers, par, motif)
    nouveau = replace(suivi, etat=vers, depuis=instant, prise_en_compte_par=None, prise_en_compte_expire=None)
    if vers == "ouverte":
        nouveau = replace(nouveau, ouverte_le=suivi.ouverte_le or instant, escalade_le=instant)
    elif vers in FINIS:
        nouveau = replace(nouveau, finie_le=instant)
    return nouveau, (ligne,)
