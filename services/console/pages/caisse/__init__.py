"""*Caisse*: all that is known of one caisse, one of its indicators, and the explanation of any of its figures."""

from fastapi import APIRouter

from services.console.pages.caisse import explication, indicateur, page

ROUTERS: tuple[APIRouter, ...] = (page.routes, indicateur.routes, explication.routes)
