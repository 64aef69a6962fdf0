"""HTTP routes of the comité."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.alerts.comite import api, api_seance
from services.alerts.synthese import api as api_synthese
from shared.service.acces import Acces, reunir


def routes_comite() -> Sequence[APIRouter]:
    """Its routers, in the order of the documentation."""
    return tuple(salle.routes for salle in _SALLES)


def acces_comite() -> Acces:
    """Who may call each of them."""
    return reunir(*(salle.ACCES for salle in _SALLES))


_SALLES = (api, api_seance, api_synthese)
