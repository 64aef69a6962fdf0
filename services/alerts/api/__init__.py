"""HTTP routes of the alerts service."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.api import alertes, composites, declarations, mesures, neutralisations, silences
from shared.service.acces import Acces, reunir


def routes() -> Sequence[APIRouter]:
    """The routers of the service, in the order of its documentation."""
    return tuple(salle.routes for salle in _SALLES)


def acces() -> Acces:
    """Who may call each of them."""
    return reunir(*(salle.ACCES for salle in _SALLES))


_SALLES = (alertes, silences, neutralisations, declarations, mesures, composites)
