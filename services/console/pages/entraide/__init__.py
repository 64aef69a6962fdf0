"""*Entraide*: needs, the plan and its reasons, the inbox of coordinators, missions and what they delivered."""

from fastapi import APIRouter

from services.console.pages.entraide import propositions, reseau, simulation

ROUTERS: tuple[APIRouter, ...] = (reseau.routes, simulation.routes, propositions.routes)
