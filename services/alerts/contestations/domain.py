"""Contestations of a figure, évocations of a target, and the targets an évocation adapts for a time. Pure.

A contestation says that a figure is not what happened; the figure never changes by hand: what corrects it is events.
An évocation says that a target is out of reach for a local reason (IGAS 2017, tome I [122]); the figure stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from services.alerts.suivis.passages import Passages
from shared.catalogue.modele_conventions import Cible
from shared.indicators.sens import Mieux

EtatContestation = Literal["deposee", "acceptee", "partielle", "refusee", "retiree"]
EtatEvocation = Literal["deposee", "accordee", "partielle", "refusee", "retiree"]

PASSAGES_CONTESTATION: Passages = {
    "deposee": {"acceptee": "motivee", "partielle": "motivee", "refusee": "motivee", "retiree": "motivee"}
}
PASSAGES_EVOCATION: Passages = {
    "deposee": {"accordee": "motivee", "partielle": "motivee", "refusee": "motivee", "retiree": "motivee"}
}
"""Every answer has a text, and is the last."""

_UN_JOUR = timedelta(days=1)


class AdaptationInvalide(ValueError):
    """Cannot be an adaptation; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Bornes:
    """The bounds an évocation asks for or obtains; None: that of the convention stands."""

    objectif: Decimal | None = None
    socle: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Bounds that hold for one caisse and indicator from ``du`` to ``au``, both in."""

    du: date
    au: date
    bornes: Bornes
    evocation: int


def verifier(du: date, au: date, bornes: Bornes, mieux: Mieux) -> None:
    """Raises AdaptationInvalide, naming what is wrong."""
    if au < du:
        raise AdaptationInvalide("L'adaptation finirait avant d'avoir commencé.")
    if bornes.objectif is None and bornes.socle is None:
        raise AdaptationInvalide("Donnez l'objectif adapté, le socle adapté, ou les deux.")
    if bornes.objectif is not None and bornes.socle is not None:
        signe = 1 if mieux == "haut" else -1
        if signe * (bornes.socle - bornes.objectif) > 0:
            raise AdaptationInvalide("Le socle serait plus exigeant que l'objectif.")


def hors_de(presente: Adaptation, du: date, au: date) -> tuple[Adaptation, ...]:
    """What is left of an adaptation outside the days ``du`` to ``au``: nothing, one part or two."""
    if au < presente.du or presente.au < du:
        return (presente,)
    avant = replace(presente, au=du - _UN_JOUR) if presente.du < du else None
    apres = replace(presente, du=au + _UN_JOUR) if au < presente.au else None
    return tuple(partie for partie in (avant, apres) if partie is not None)


def adaptation_le(presentes: Iterable[Adaptation], jour: date) -> Adaptation | None:
    """The one that holds on a day; those given overlap nowhere."""
    return next((a for a in presentes if a.du <= jour <= a.au), None)


def adapter(cible: Cible, bornes: Bornes, mieux: Mieux) -> Cible:
    """The target a figure of that caisse is judged by."""
    return replace(
        cible,
        valeur=cible.valeur if bornes.objectif is None else bornes.objectif,
        socle=cible.socle if bornes.socle is None else bornes.socle,
        seuil_alerte=None if cible.seuil_alerte is None else seuil_adapte(cible.seuil_alerte, bornes, mieux),
    )


def seuil_adapte(seuil: Decimal, bornes: Bornes, mieux: Mieux) -> Decimal:
    """The seuil d'alerte stands, unless it asks for more than the least that was granted: what was granted is no
    alert."""
    accorde = bornes.objectif if bornes.socle is None else bornes.socle
    if accorde is None:
        return seuil
    return min(seuil, accorde) if mieux == "haut" else max(seuil, accorde)
