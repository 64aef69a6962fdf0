"""What every page does: find the console's parts, write itself, say what went wrong in French."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.console import acces, mots
from services.console.amont import Amont, AmontInjoignable, RefusAmont
from services.console.assemblage import ServiceConsole
from services.console.jeton import deposer, jeton_de
from shared.catalogue.indicateurs import Indicateur, IndicateurInconnu, indicateur
from shared.network.reseau import Caisse, CaisseInconnue, charger
from shared.service.application import piece
from shared.service.erreurs import Introuvable, NonIdentifie
from shared.service.identite import AdministrateurLocal, Principal, PrincipalCourant
from shared.service.intergiciels.rempart import probleme_de

Service = Annotated[ServiceConsole, Depends(piece(ServiceConsole))]

POLITIQUE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""Nothing inline, nothing from elsewhere; logging out goes on to the identity provider."""

_TITRES = {
    400: "Connexion inachevée", 401: "Session finie", 403: "Accès refusé", 404: "Page introuvable", 409: "Déjà changé",
    412: "Déjà changé", 503: "Indisponible",
}  # fmt: skip

_SESSION_FINIE = (
    "Votre session est finie, et rien n’a été enregistré. Reconnectez-vous dans un autre onglet, puis rechargez cette "
    "page : ce que vous aviez écrit sera envoyé."
)


class RoutePage(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        repondre = super().get_route_handler()

        async def avec_erreurs(request: Request) -> Response:
            try:
                return await repondre(request)
            except Exception as exc:
                if isinstance(exc, NonIdentifie) and _se_lit(request):
                    vers = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                    return RedirectResponse(f"/connexion?{urlencode({'vers': vers})}", status_code=303)
                return erreur(request, *_statut_et_phrase(request, exc))

        return avec_erreurs


def routeur() -> APIRouter:
    """A router of pages."""
    return APIRouter(route_class=RoutePage, include_in_schema=False)


def rendre(
    request: Request, gabarit: str, contexte: Mapping[str, Any], *, status: int = 200, rubrique: str = ""
) -> HTMLResponse:
    """A page from its template. ``rubrique``: the entry of the menu it belongs to."""
    service: ServiceConsole = request.app.pieces[ServiceConsole]
    jeton = jeton_de(request)
    principal = porteur(request, service)
    texte = service.gabarits.get_template(gabarit).render(
        **contexte, rubrique=rubrique, jeton=jeton, chemin=request.url.path, a_l_heure=service.clock.now(),
        menu=acces.menu(principal), siennes=acces.caisses_du_porteur(principal) if principal else [],
        principal=principal, peut=partial(acces.peut, principal), actes_ouverts=partial(acces.actes_ouverts, principal),
        connecte=principal if service.connexion is not None else None,
    )  # fmt: skip
    reponse = HTMLResponse(texte, status_code=status, headers={"Content-Security-Policy": _politique(service)})
    deposer(request, reponse, jeton)
    return reponse


def porteur(request: Request, service: ServiceConsole) -> Principal | None:
    """Who looks at the page; None before a login."""
    if service.connexion is None:
        return AdministrateurLocal.PRINCIPAL
    session = service.connexion.session(request.cookies)
    return None if session is None else session.principal


def _politique(service: ServiceConsole) -> str:
    return POLITIQUE if service.connexion is None else f"{POLITIQUE} {service.connexion.origine_du_fournisseur}"


def _se_lit(request: Request) -> bool:
    """Whether a person asks for a page, and not a script for a part of one."""
    return request.method == "GET" and request.headers.get("sec-fetch-mode", "navigate") == "navigate"


def erreur(request: Request, statut: int, phrase: str) -> HTMLResponse:
    """The page of an error: what is wrong, and where to go from there."""
    titre = _TITRES.get(statut, "Demande refusée" if statut < 500 else "Indisponible")
    contexte = {"titre": titre, "phrase": phrase, "statut": statut, "roles": acces.en_mots}
    if statut == httpx.codes.FORBIDDEN and request.method == "GET":
        contexte["titre"] = f"Vous n’avez pas accès {mots.acces_a(request.url.path)}"
    return rendre(request, "erreur.html", contexte, status=statut)


def amont_de(request: Request, service: Service, principal: PrincipalCourant) -> Amont:
    """The services, asked on behalf of who looks at the page: they see and do what their own roles allow."""
    session = None if service.connexion is None else service.connexion.session(request.cookies)
    return service.amont if session is None else service.amont.pour(principal.identifiant, session.jetons.acces)


AmontCourant = Annotated[Amont, Depends(amont_de)]


def caisse_nommee(slug: str) -> Caisse:
    """The caisse of this slug or name. Raises Introuvable."""
    try:
        return charger().caisse(slug)
    except CaisseInconnue as exc:
        raise Introuvable(str(exc)) from None


LaCaisse = Annotated[Caisse, Depends(caisse_nommee)]


def indicateur_nomme(code: str) -> Indicateur:
    """The indicator of this code. Raises Introuvable."""
    try:
        return indicateur(code)
    except IndicateurInconnu as exc:
        raise Introuvable(str(exc)) from None


LIndicateur = Annotated[Indicateur, Depends(indicateur_nomme)]


def aujourdhui(service: ServiceConsole) -> date:
    """The day it is in Paris."""
    return service.clock.now().astimezone(mots.PARIS).date()


def _statut_et_phrase(request: Request, exc: Exception) -> tuple[int, str]:
    """What is expected, in the words of who refused it; anything else is an incident, logged whole."""
    match exc:
        case NonIdentifie():
            return 401, _SESSION_FINIE
        case AmontInjoignable():
            return 503, f"{exc} Réessayez dans un instant ; rien n’a été perdu."
        case RefusAmont():
            return exc.statut if exc.statut < 500 else 503, str(exc)
        case RequestValidationError():
            champs = ", ".join(sorted({str(e["loc"][-1]) for e in exc.errors()}))
            return 422, f"Adresse ou formulaire mal rempli : {champs}."
        case HTTPException():
            return exc.status_code, "Cette page n’existe pas."
        case _:
            probleme = probleme_de(request.scope, exc)
            return probleme.status, probleme.detail
