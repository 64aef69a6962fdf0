"""``/comites`` and ``/comites/{mois}``: the months, and one of them."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import Path, Request, Response

from services.console.amont import Amont, Bloc, RefusAmont, bloc
from services.console.jeton import RIEN, Saisie, nouvelle_cle
from services.console.page import AmontCourant, Service, aujourdhui, rendre, routeur
from services.console.pages.actes import dit
from services.console.pages.comite.lecture import lire_mois

routes = routeur()

RUBRIQUE = "comite"
LeMois = Annotated[str, Path(pattern=r"^\d{4}-\d{2}$")]


@routes.get("/comites")
async def liste(request: Request, service: Service, amont: AmontCourant, fait: str = "") -> Response:
    """The months, and the form that prepares one."""
    return await montrer_liste(request, service, amont, fait=dit(fait))


async def montrer_liste(
    request: Request,
    service: Service,
    amont: Amont,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    fait: str | None = None,
) -> Response:
    """The list, with what an act on it came to."""
    dernier = aujourdhui(service).replace(day=1) - timedelta(days=1)
    comites, synthese = await asyncio.gather(
        bloc(amont.lire("alerts", "/v1/comites")),
        bloc(amont.lire("alerts", f"/v1/syntheses/{dernier.year}")),
    )
    contexte = {
        "comites": comites,
        "synthese": synthese,
        "dernier": f"{dernier:%Y-%m}",
        "cle": nouvelle_cle(),
        "saisie": saisie,
        "faute": None if refus is None else str(refus),
        "fait": fait,
    }
    return rendre(request, "comites.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)


@routes.get("/comites/{mois}")
async def un_mois(request: Request, amont: AmontCourant, mois: LeMois, fait: str = "") -> Response:
    """One month: what is ready, what is decided, what is left."""
    return await montrer_mois(request, amont, mois, fait=dit(fait))


async def montrer_mois(
    request: Request,
    amont: Amont,
    mois: str,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    fait: str | None = None,
) -> Response:
    """The month, with what an act on it came to."""
    lu = await lire_mois(amont, mois)
    lettres: Bloc[dict[str, object]] = await bloc(amont.lire("alerts", f"/v1/comites/{mois}/lettres"))
    contexte = {
        "c": lu.document,
        "vu": lu.vu,
        "dossiers": lu.dossiers,
        "mesures": lu.mesures_par_caisse,
        "lettres": lettres,
        "cle": nouvelle_cle(),
        "saisie": saisie,
        "faute": None if refus is None else str(refus),
        "fait": fait,
    }
    return rendre(request, "comite.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)
