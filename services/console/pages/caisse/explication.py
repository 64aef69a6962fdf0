"""The files behind a figure, and one file: pseudonyms and dates, nothing that names a person."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.console.page import AmontCourant, LaCaisse, LIndicateur, rendre, routeur
from services.console.releves import aujourdhui_de, fenetre
from shared.service.reponses import Jour

routes = routeur()

_PAR_PAGE = 50


@routes.get("/caisses/{slug}/indicateurs/{code}/explication")
async def explication(
    request: Request,
    amont: AmontCourant,
    caisse: LaCaisse,
    indicateur: LIndicateur,
    du: Annotated[Jour | None, Query()] = None,
    au: Annotated[Jour | None, Query()] = None,
    a_date: Annotated[Jour | None, Query()] = None,
    curseur: str = "",
) -> Response:
    """How the figure was made, and the files that made it, page by page; by default over the window shown."""
    premier, dernier = fenetre(au or aujourdhui_de(amont))
    du, au = du or premier, au or dernier
    options = {
        "caisse": caisse.slug, "du": du, "au": au, "a_date": a_date, "limite": _PAR_PAGE, "curseur": curseur,
    }  # fmt: skip
    lue = await amont.lire(indicateur.service, f"/v1/indicateurs/{indicateur.code}/explication", options)
    contexte = {
        "caisse": caisse,
        "indicateur": indicateur,
        "du": du,
        "au": au,
        "a_date": a_date,
        "e": lue,
        "curseur": curseur,
    }
    return rendre(request, "explication.html", contexte, rubrique="reseau")


@routes.get("/dossiers/{service}/{process}/{identifiant}")
async def dossier(
    request: Request, amont: AmontCourant, service: str, process: str, identifiant: str, namespace: str = ""
) -> Response:
    """One file: its milestones, its attributes, how it counts."""
    du_service = "contacts" if service == "contacts" else "claims"
    lus = await amont.lire(du_service, f"/v1/dossiers/{process}/{identifiant}", {"namespace": namespace})
    contexte = {"dossiers": lus["dossiers"], "identifiant": identifiant}
    return rendre(request, "dossier.html", contexte, rubrique="reseau")
