"""Rules of delivery, pure: when to try again, when to give up, when to turn to the second contact.

A *notification* is what is to be said; a *livraison* is its way to one contact through one channel.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.network.reseau import charger

Canal = Literal["courriel", "webhook"]
EtatLivraison = Literal["a_envoyer", "envoyee", "remise", "echec"]
Etat = Literal["a_envoyer", "envoyee", "remise", "echec", "accusee"]
Issue = Literal["envoyee", "remise", "passager", "definitif"]
"""Of one try. ``envoyee``: a relay took it; ``remise``: it is where it had to go; ``definitif``: no try will do."""

NATIONAUX = {"coordination-nationale": "Coordination nationale", "comite": "Comité d'alerte"}
"""Addressees that are no caisse. They are told, never reminded."""

PREMIER, SECOND = 1, 2
"""Ranks of the contacts."""


@dataclass(frozen=True, slots=True)
class ReglagesReprise:
    """Before try k + 1: ``premiere`` × ``facteur``^(k-1), at most ``plafond``, give or take ``gigue`` of it.

    By default: 30 s, 90 s, 4.5 min, 13.5 min, 40 min, 2 h, 6 h, then every 8 h: 16 tries over three days, more than
    two at the least. None of these figures is in the sources.
    """

    premiere: timedelta = timedelta(seconds=30)
    facteur: int = 3
    plafond: timedelta = timedelta(hours=8)
    gigue: float = 0.25
    tentatives_max: int = 16


@dataclass(frozen=True, slots=True)
class ReglagesRelance:
    """A notification nobody acknowledges is said again every so many working days, so many times."""

    jours_ouvres: int = 2
    relances_max: int = 3


DESACTIVATION = timedelta(days=3)
"""A webhook that only failed for so long is set aside until somebody puts it back."""

REPRISE = ReglagesReprise()
RELANCE = ReglagesRelance()


@dataclass(frozen=True, slots=True)
class Resultat:
    """What a channel says of one try. ``attendre``: the receiver's own wish (Retry-After). ``parti``: 410, for ever."""

    issue: Issue
    detail: str
    attendre: timedelta | None = None
    parti: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """What becomes of a livraison after a try: ``prochain`` None when there is none."""

    etat: EtatLivraison
    prochain: datetime | None


def recul(identifiant: str, tentative: int, reglages: ReglagesReprise = REPRISE) -> timedelta:
    """Time between try number ``tentative`` (from 1) and the next. The jitter follows from the identifier: the
    livraisons of one morning do not come back all at once, and the same question has the same answer."""
    secondes = reglages.premiere.total_seconds() * reglages.facteur ** (tentative - 1)
    base = timedelta(seconds=min(secondes, reglages.plafond.total_seconds()))
    octets = hashlib.blake2b(f"{identifiant}:{tentative}".encode(), digest_size=8).digest()
    tirage = int.from_bytes(octets) / 2**64
    return base * (1 + reglages.gigue * (2 * tirage - 1))


def suite(
    identifiant: str, tentatives: int, resultat: Resultat, instant: datetime, reglages: ReglagesReprise = REPRISE
) -> Suite:
    """After ``tentatives`` tries, the last of which gave ``resultat`` at ``instant``."""
    if resultat.issue in ("envoyee", "remise"):
        return Suite(resultat.issue, None)
    if resultat.issue == "definitif" or tentatives >= reglages.tentatives_max:
        return Suite("echec", None)
    attente = recul(identifiant, tentatives, reglages)
    if resultat.attendre is not None:
        attente = max(attente, min(resultat.attendre, reglages.plafond))
    return Suite("a_envoyer", instant + attente)


@dataclass(frozen=True, slots=True)
class SanteWebhook:
    """Since when a webhook only fails; since when and why it is set aside."""

    echec_depuis: datetime | None = None
    desactive_le: datetime | None = None
    motif: str | None = None


def sante_apres(sante: SanteWebhook, resultat: Resultat, instant: datetime) -> SanteWebhook:
    """The health of a webhook after one try. Set aside at once by 410 (Standard Webhooks), else by lasting failure."""
    if resultat.issue == "remise":
        return SanteWebhook()
    depuis = sante.echec_depuis or instant
    if sante.desactive_le is None and resultat.parti:
        return SanteWebhook(depuis, instant, "Le destinataire a répondu que cette adresse n'existe plus (410).")
    if sante.desactive_le is None and instant - depuis >= DESACTIVATION:
        return SanteWebhook(depuis, instant, f"En échec depuis plus de {DESACTIVATION.days} jours : {resultat.detail}")
    return SanteWebhook(depuis, sante.desactive_le, sante.motif)


def rangs_a_relancer(relances: int, connus: Collection[int], reglages: ReglagesRelance = RELANCE) -> Sequence[int]:
    """Who is told when a notification still waits for its acknowledgement, after so many reminders.

    The first time the second contact is told too (escalation), and both from then on; the first alone when there is
    no second. Nobody once the reminders are used up.
    """
    if relances >= reglages.relances_max:
        return ()
    return (PREMIER, SECOND) if SECOND in connus else (PREMIER,)


def etat_notification(etats: Collection[EtatLivraison], *, accusee: bool) -> Etat:
    """The state of a notification by those of its livraisons: the best that holds. Without any, the inbox is all there
    is to reach, and it is reached."""
    if accusee:
        return "accusee"
    if not etats:
        return "remise"
    ordre: tuple[EtatLivraison, ...] = ("remise", "envoyee", "a_envoyer", "echec")
    return next(etat for etat in ordre if etat in etats)


def nom_du_destinataire(slug: str) -> str | None:
    """The name of a caisse or of a national addressee; None when there is none of that slug."""
    caisse = charger().par_slug.get(slug)
    return caisse.nom if caisse is not None else NATIONAUX.get(slug)
