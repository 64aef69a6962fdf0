"""``/ma-caisse/{slug}``: the inbox of a caisse and what it has under way."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from services.console.acces import caisses_du_porteur
from services.console.amont import Amont, RefusAmont, blocs
from services.console.jeton import SaisieVerifiee, nouvelle_cle
from services.console.page import AmontCourant, LaCaisse, rendre, routeur
from services.console.pages.actes import dit, fait
from services.console.releves import alertes_vivantes
from shared.network.reseau import charger
from shared.service.identite import PrincipalCourant

routes = routeur()

RUBRIQUE = "ma-caisse"
COOKIE = "vigie_caisse"
_UN_AN_S = 365 * 86_400


@routes.get("/ma-caisse")
async def choisir(request: Request, principal: PrincipalCourant, caisse: str = "") -> Response:
    """Which one: that of the roles of who asks; for who follows the network, the one the browser remembers."""
    siennes = caisses_du_porteur(principal)
    if len(siennes) == 1:
        return RedirectResponse(f"/ma-caisse/{siennes[0]}", status_code=303)
    connues = {slug: c for slug, c in charger().par_slug.items() if not siennes or slug in siennes}
    voulue = caisse or ("" if "changer" in request.query_params else request.cookies.get(COOKIE, ""))
    if voulue in connues:
        return RedirectResponse(f"/ma-caisse/{voulue}", status_code=303)
    return rendre(request, "ma_caisse_choix.html", {"caisses": connues.values()}, rubrique=RUBRIQUE)


@routes.get("/ma-caisse/{slug}")
async def espace(request: Request, amont: AmontCourant, caisse: LaCaisse, fait: str = "") -> Response:
    """Everything that waits for the caisse."""
    reponse = await montrer_espace(request, amont, caisse, fait=dit(fait))
    https = request.app.reglages.https
    reponse.set_cookie(COOKIE, caisse.slug, max_age=_UN_AN_S, httponly=True, samesite="strict", secure=https)
    return reponse


async def montrer_espace(
    request: Request, amont: Amont, caisse: LaCaisse, *, refus: RefusAmont | None = None, fait: str | None = None
) -> Response:
    """The space of the caisse, with what an act came to."""
    slug = caisse.slug
    lus = await blocs(
        boite=amont.lire("alerts", "/v1/boite", {"caisse": slug, "limite": 50}),
        alertes=alertes_vivantes(amont, slug),
        attendus=amont.lire("alerts", "/v1/plans/attendus", {"caisse": slug}),
        plans=amont.lire("alerts", "/v1/plans", {"caisse": slug}),
        contestations=amont.lire("alerts", "/v1/contestations", {"caisse": slug}),
        declarations=amont.lire("alerts", "/v1/declarations", {"caisse": slug}),
        propositions=amont.lire("entraide", "/v1/propositions", {"pour": slug, "a_repondre": True}),
        besoins=amont.lire("entraide", "/v1/besoins", {"caisse": slug}),
    )
    contexte = {
        "caisse": caisse,
        "cle": nouvelle_cle,
        "faute": None if refus is None else str(refus),
        "fait": fait,
        **lus,
    }
    return rendre(request, "ma_caisse.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)


@routes.post("/ma-caisse/{slug}/boite/{identifiant}/accuse")
async def accuser(
    request: Request, amont: AmontCourant, caisse: LaCaisse, identifiant: str, saisie: SaisieVerifiee
) -> Response:
    """Say that a letter or a notice was received."""
    try:
        await amont.agir("POST", "alerts", f"/v1/notifications/{identifiant}/accuse", None, cle=saisie.cle)
    except RefusAmont as exc:
        return await montrer_espace(request, amont, caisse, refus=exc)
    return fait(f"/ma-caisse/{caisse.slug}", "accuse")


@routes.post("/ma-caisse/{slug}/declarations/{numero}/fin")
async def finir_declaration(
    request: Request, amont: AmontCourant, caisse: LaCaisse, numero: int, saisie: SaisieVerifiee
) -> Response:
    """Say that the situation is over."""
    chemin = f"/v1/declarations/{numero}"
    lu = await amont.lire_avec_etag("alerts", chemin)
    try:
        await amont.agir("DELETE", "alerts", chemin, None, cle=saisie.cle, si=lu.etag)
    except RefusAmont as exc:
        return await montrer_espace(request, amont, caisse, refus=exc)
    return fait(f"/ma-caisse/{caisse.slug}", "fin_declaration")
