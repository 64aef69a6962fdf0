"""HTTP routes of the notifications."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.notifications.api import accuse, contacts, notifications


def routes() -> Sequence[APIRouter]:
    """Those that have a principal."""
    return (contacts.routes, notifications.routes)


def routes_publiques() -> APIRouter:
    """Those whose address is itself the right to call them."""
    return accuse.routes
