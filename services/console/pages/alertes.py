"""``/alertes``: what is beyond its threshold, and who answers for it."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel

from services.console.acces import caisses_du_porteur
from services.console.amont import Amont, RefusAmont, bloc
from services.console.jeton import RIEN, Saisie, SaisieVerifiee, nouvelle_cle
from services.console.page import AmontCourant, rendre, routeur
from services.console.pages.actes import dit, fait
from shared.network.reseau import charger
from shared.service.identite import PrincipalCourant

routes = routeur()

_RUBRIQUE = "alertes"
_PAR_PAGE = 100


class Choix(BaseModel):
    """The filters of the list, as the alerts service names them."""

    etat: str = ""
    caisse: str = ""
    genre: str = ""
    gravite: str = ""
    curseur: str = ""


@routes.get("/alertes")
async def liste(
    request: Request, amont: AmontCourant, principal: PrincipalCourant, choix: Annotated[Choix, Query()]
) -> Response:
    """The living alerts, the most recent first; of their own caisse for those who act for one."""
    choix.caisse = choix.caisse or next(iter(caisses_du_porteur(principal)), "")
    options = {**choix.model_dump(), "limite": _PAR_PAGE}
    contexte = {
        "choix": choix,
        "alertes": await bloc(amont.lire("alerts", "/v1/alertes", options)),
        "caisses": charger().caisses,
    }
    return rendre(request, "alertes.html", contexte, rubrique=_RUBRIQUE)


@routes.get("/alertes/{numero}")
async def une(request: Request, amont: AmontCourant, numero: int, fait: str = "") -> Response:
    """One alert and its history."""
    return await _montrer(request, amont, numero, fait=dit(fait))


@routes.post("/alertes/{numero}/prise-en-compte")
async def prendre(request: Request, amont: AmontCourant, numero: int, saisie: SaisieVerifiee) -> Response:
    """Somebody answers for it."""
    return await _acter(request, amont, numero, saisie, "prise-en-compte", "motif", "prise")


@routes.post("/alertes/{numero}/commentaire")
async def commenter(request: Request, amont: AmontCourant, numero: int, saisie: SaisieVerifiee) -> Response:
    """A word in its history."""
    return await _acter(request, amont, numero, saisie, "commentaire", "texte", "commentaire")


async def _acter(
    request: Request, amont: Amont, numero: int, saisie: Saisie, quoi: str, champ: str, mot: str
) -> Response:
    corps = {champ: saisie.texte(champ) or ""}
    try:
        await amont.agir("POST", "alerts", f"/v1/alertes/{numero}/{quoi}", corps, cle=saisie.cle, si=saisie.texte("vu"))
    except RefusAmont as exc:
        return await _montrer(request, amont, numero, saisie=saisie, refus=exc)
    return fait(f"/alertes/{numero}", mot)


async def _montrer(
    request: Request,
    amont: Amont,
    numero: int,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    fait: str | None = None,
) -> Response:
    lu = await amont.lire_avec_etag("alerts", f"/v1/alertes/{numero}")
    contexte: dict[str, Any] = {
        "a": lu.document,
        "vu": lu.etag or "",
        "cle": nouvelle_cle(),
        "saisie": saisie,
        "faute": None if refus is None else str(refus),
        "fait": fait,
    }
    return rendre(request, "alerte.html", contexte, status=refus.statut if refus else 200, rubrique=_RUBRIQUE)
