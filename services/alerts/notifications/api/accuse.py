"""``/accuse/{jeton}``: the page a signed link opens, and its button. Reading the page changes nothing: the programs
that open the links of an e-mail before people do acknowledge nothing."""

import uuid
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Row

from services.alerts.api.commun import Service
from services.alerts.assemblage import ServiceAlertes
from services.alerts.domain import NOM
from services.alerts.lettres.typographie import instant, phrase
from services.alerts.notifications import jeton as jetons
from services.alerts.notifications import store
from services.alerts.notifications.domain import nom_du_destinataire
from services.alerts.store.base import pilote, transaction
from shared.service.audit.trace import trace_de

routes = APIRouter(tags=["accusés de réception"])

Jeton = Annotated[str, Path(min_length=10, max_length=200)]

_ENTETES = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Accusé de réception</title>
<style>body{{font:1.05rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d2b3a}}
h1{{font-size:1.3rem;color:#2f4b6e;border-bottom:2px solid #2f4b6e;padding-bottom:.4rem}}
button{{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.25rem;background:#2f4b6e;color:#fff;cursor:pointer}}
</style></head><body><h1>Comité d’alerte — accusé de réception</h1>{corps}</body></html>
"""
_PAGES: dict[int | str, dict[str, Any]] = {
    statut: {"description": quoi, "content": {"text/html": {}}}
    for statut, quoi in ((403, "Lien périmé ou faux"), (404, "Message effacé"))
}
_BOUTON = '<form method="post"><button type="submit">Accuser réception</button></form>'


@routes.get(
    "/accuse/{jeton}", summary="La page d'un lien d'accusé de réception", response_class=HTMLResponse, responses=_PAGES
)
async def montrer(service: Service, jeton: Jeton) -> Response:
    """Ne change rien : c'est le bouton qui accuse réception."""
    identite = await _ouvrir(service, jeton)
    if isinstance(identite, str):
        return _page(f"<p>{escape(identite)}</p>", 403)
    async with service.moteur.connect() as conn:
        ligne = await store.lire(conn, identite)
    if ligne is None:
        return _page("<p>Ce message n’existe plus.</p>", 404)
    return _page(_dire(ligne) + (_BOUTON if ligne.accusee_le is None else _deja(ligne)))


@routes.post(
    "/accuse/{jeton}", summary="Accuser réception par un lien signé", response_class=HTMLResponse, responses=_PAGES
)
async def accuser(request: Request, service: Service, jeton: Jeton) -> Response:
    """Sans autre identification que le lien ; le refaire ne change rien."""
    identite = await _ouvrir(service, jeton)
    if isinstance(identite, str):
        return _page(f"<p>{escape(identite)}</p>", 403)
    async with transaction(service.moteur) as conn:
        await store.accuser(conn, identite, "porteur du lien", "lien", service.clock.now())
        ligne = await store.lire(conn, identite)
        if ligne is not None and (trace := trace_de(request)) is not None:
            lieu = f"/v1/notifications/{identite}"
            await trace.inscrire(await pilote(conn), NOM, service.clock.now(), 200, lieu=lieu)
    if ligne is None:
        return _page("<p>Ce message n’existe plus.</p>", 404)
    return _page(_dire(ligne) + _deja(ligne))


async def _ouvrir(service: ServiceAlertes, texte: str) -> uuid.UUID | str:
    """The notification of a link, or the sentence that says why there is none."""
    async with transaction(service.moteur) as conn:
        cle = await store.cle_accuse(conn)
    try:
        return jetons.lire(cle, texte, service.clock.now())
    except jetons.JetonInvalide as exc:
        return phrase(str(exc))


def _dire(ligne: Row[Any]) -> str:
    nom = nom_du_destinataire(ligne.caisse) or ligne.caisse
    return f"<p><strong>{escape(ligne.objet)}</strong><br>{escape(phrase(nom))}</p>"


def _deja(ligne: Row[Any]) -> str:
    return f"<p>Réception accusée le {escape(instant(ligne.accusee_le))} (UTC).</p>"


def _page(corps: str, statut: int = 200) -> Response:
    return Response(_PAGE.format(corps=corps), statut, dict(_ENTETES), "text/html; charset=utf-8")
