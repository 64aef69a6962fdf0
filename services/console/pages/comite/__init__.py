"""*Comité*: prepare a month, read its case files one after the other, decide, close."""

from fastapi import APIRouter

from services.console.pages.comite import actes, dossier, mois

ROUTERS: tuple[APIRouter, ...] = (mois.routes, dossier.routes, actes.routes)
