"""HTTP routes of the comité."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.comite import api, api_seance


def routes_comite() -> Sequence[APIRouter]:
    """Its routers, in the order of the documentation."""
    return (api.routes, api_seance.routes)
