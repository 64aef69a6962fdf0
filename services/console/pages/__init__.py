"""The pages: each reads what it needs, makes of it what its template shows, and writes it."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.console.pages import alertes, caisse, comite, entraide, ma_caisse, reseau, sources


def routes() -> Sequence[APIRouter]:
    """The routers of the pages, in the order of the menu."""
    return (
        reseau.routes,
        *caisse.ROUTERS,
        alertes.routes,
        *comite.ROUTERS,
        *entraide.ROUTERS,
        *ma_caisse.ROUTERS,
        sources.routes,
    )
