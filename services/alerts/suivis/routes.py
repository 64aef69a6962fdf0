"""The routers of what follows a comité."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.contestations import api_contestations, api_evocations
from services.alerts.effets import api as api_effets
from services.alerts.plans import api as api_plans
from services.alerts.plans import api_actions
from services.alerts.suivis import api as api_suivis
from shared.service.acces import Acces, reunir


def routes_suivis() -> Sequence[APIRouter]:
    """In the order of the documentation."""
    return tuple(salle.routes for salle in _SALLES)


def acces_suivis() -> Acces:
    """Who may call each of them."""
    return reunir(*(salle.ACCES for salle in _SALLES))


_SALLES = (api_plans, api_actions, api_suivis, api_contestations, api_evocations, api_effets)
