"""HTTP routes of the notifications."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.notifications.api import accuse, contacts, notifications
from shared.service.acces import Acces, reunir


def routes() -> Sequence[APIRouter]:
    """Those that have a principal."""
    return tuple(salle.routes for salle in _SALLES)


def acces() -> Acces:
    """Who may call each of them."""
    return reunir(*(salle.ACCES for salle in _SALLES))


def routes_publiques() -> APIRouter:
    """Those whose address is itself the right to call them."""
    return accuse.routes


_SALLES = (contacts, notifications)
