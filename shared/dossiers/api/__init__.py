"""HTTP routes of a dossier service: events in, indicators, dossiers and rejects out."""

from collections.abc import Sequence

from fastapi import APIRouter

from shared.dossiers.api import dossiers, evenements, indicateurs, rejets


def routes() -> Sequence[APIRouter]:
    """The routers of a dossier service, in the order of its documentation."""
    return (evenements.routes, indicateurs.routes, dossiers.routes, rejets.routes)
