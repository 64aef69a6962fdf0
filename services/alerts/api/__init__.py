"""HTTP routes of the alerts service."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.api import alertes, declarations, mesures, neutralisations, silences


def routes() -> Sequence[APIRouter]:
    """The routers of the service, in the order of its documentation."""
    return (alertes.routes, silences.routes, neutralisations.routes, declarations.routes, mesures.routes)
