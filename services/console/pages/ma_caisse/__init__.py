"""*Ma caisse*: what a caisse receives, and what it answers, contests, plans, asks and declares."""

from fastapi import APIRouter

from services.console.pages.ma_caisse import depots, espace, plans

ROUTERS: tuple[APIRouter, ...] = (espace.routes, depots.routes, plans.routes)
