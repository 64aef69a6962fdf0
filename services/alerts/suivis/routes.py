"""The routers of what follows a comité."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.contestations import api_contestations, api_evocations
from services.alerts.effets import api as api_effets
from services.alerts.plans import api as api_plans
from services.alerts.plans import api_actions
from services.alerts.suivis import api as api_suivis


def routes_suivis() -> Sequence[APIRouter]:
    """In the order of the documentation."""
    return (
        api_plans.routes, api_actions.routes, api_suivis.routes, api_contestations.routes, api_evocations.routes,
        api_effets.routes,
    )  # fmt: skip
