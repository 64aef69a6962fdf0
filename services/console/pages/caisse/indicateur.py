"""``/caisses/{slug}/indicateurs/{code}``: one indicator of one caisse, in time and file by file."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.console.amont import Amont, Bloc, bloc, blocs, pannes
from services.console.graphiques.courbe import carte_xmr
from services.console.mots import ASSURANCES, DETENTEURS
from services.console.page import AmontCourant, LaCaisse, LIndicateur, Service, aujourdhui, rendre, routeur
from services.console.pages.caisse.chaleur import barres_de_stock, tableau_de_chaleur
from services.console.releves import fenetre
from shared.catalogue.indicateurs import Indicateur
from shared.service.reponses import Jour

routes = routeur()

MOIS = 24
_DELAIS = ("delai_moyen", "delai_quantile")
_A_PROJETER = (*_DELAIS, "stock", "stock_age_quantile", "echeance")


@routes.get("/caisses/{slug}/indicateurs/{code}")
async def indicateur(
    request: Request,
    service: Service,
    amont: AmontCourant,
    caisse: LaCaisse,
    indicateur: LIndicateur,
    du: Annotated[Jour | None, Query()] = None,
    au: Annotated[Jour | None, Query()] = None,
    a_date: Annotated[Jour | None, Query()] = None,
) -> Response:
    """Control chart, explanation, triangle, stock and holders; the projection is asked for apart."""
    fin = au or min(a_date or aujourdhui(service), aujourdhui(service))
    debut = du or fenetre(fin)[0]
    lus = await _lire(amont, indicateur, caisse.slug, debut, fin, a_date)
    serie = lus["spc"].valeur["series"][0] if lus["spc"].valeur and lus["spc"].valeur["series"] else None
    contexte = {
        "caisse": caisse,
        "indicateur": indicateur,
        "du": debut,
        "au": fin,
        "a_date": a_date,
        "serie": serie,
        "carte": carte_xmr(serie, indicateur.unite, indicateur.libelle) if serie else None,
        "assurances": ASSURANCES,
        "detenteurs_noms": DETENTEURS,
        "delai": indicateur.genre in _DELAIS,
        "projetable": indicateur.genre in _A_PROJETER and a_date is None,
        "chaleur": tableau_de_chaleur(lus["triangle"].valeur) if lus["triangle"].valeur else None,
        "barres": barres_de_stock(lus["triangle"].valeur) if lus["triangle"].valeur else None,
        **lus,
    }
    return rendre(request, "indicateur.html", contexte, rubrique="reseau")


async def _lire(
    amont: Amont, defini: Indicateur, slug: str, du: date, au: date, a_date: date | None
) -> dict[str, Bloc[Any]]:
    chemin = f"/v1/indicateurs/{defini.code}"
    periode = {"caisse": slug, "du": du, "au": au, "a_date": a_date}
    lectures = {
        "explication": amont.lire(defini.service, f"{chemin}/explication", periode),
        "spc": amont.lire(defini.service, f"{chemin}/spc", {"caisse": slug, "mois": MOIS, "a_date": a_date}),
    }
    if defini.genre in _DELAIS:
        lectures |= {
            "triangle": amont.lire(defini.service, f"{chemin}/triangle", {"caisse": slug, "au": au, "a_date": a_date}),
            "survie": amont.lire(defini.service, f"{chemin}/survie", periode),
            "detenteurs": amont.lire(defini.service, f"{chemin}/detenteurs", periode),
        }
    rien: dict[str, Bloc[Any]] = {nom: Bloc(None) for nom in ("triangle", "survie", "detenteurs")}
    return rien | await blocs(**lectures)


@routes.get("/caisses/{slug}/indicateurs/{code}/projection")
async def projection(request: Request, amont: AmontCourant, caisse: LaCaisse, indicateur: LIndicateur) -> Response:
    """Where the indicator will be at the end of the month: a page, or a part of one for the script."""
    chemin = f"/v1/indicateurs/{indicateur.code}/projection"
    lu = await bloc(amont.lire(indicateur.service, chemin, {"caisse": caisse.slug}))
    gabarit = "morceaux/projection.html" if "x-fragment" in request.headers else "projection.html"
    contexte = {"caisse": caisse, "indicateur": indicateur, "projection": lu}
    return rendre(request, gabarit, contexte, rubrique="reseau")


@routes.get("/caisses/{slug}/surveillance")
async def surveillance(
    request: Request, service: Service, amont: AmontCourant, caisse: LaCaisse, process: str = "", a_date: str = ""
) -> Response:
    """What the sources of a caisse sent, of one ``process`` or all, and what embellishes its indicators more than its
    service. ``a_date``: of the page around, which says what was known then; what was sent is known of today only.
    """
    du = aujourdhui(service) - timedelta(days=27)
    lus = await blocs(
        sources_contacts=amont.lire("contacts", "/v1/sources", {"caisse": caisse.slug}),
        sources_claims=amont.lire("claims", "/v1/sources", {"caisse": caisse.slug}),
        detecteurs_contacts=amont.lire("contacts", "/v1/detecteurs", {"caisse": caisse.slug, "du": du}),
        detecteurs_claims=amont.lire("claims", "/v1/detecteurs", {"caisse": caisse.slug, "du": du}),
    )
    toutes = _reunis(lus, "sources")
    contexte = {
        "caisse": caisse,
        "pannes": pannes(lus.values()),
        "reserve": any(b.reserve for b in lus.values()),
        "sources": [s for s in toutes if process in ("", s["process"])],
        "processus": sorted({s["process"] for s in toutes}),
        "process": process,
        "a_date": a_date,
        "signaux": [d for d in _reunis(lus, "detecteurs") if any(c["alerte"] for c in d["caisses"])],
        "suivis": len(_reunis(lus, "detecteurs")),
    }
    gabarit = "morceaux/surveillance.html" if "x-fragment" in request.headers else "surveillance.html"
    return rendre(request, gabarit, contexte, rubrique="reseau")


def _reunis(lus: dict[str, Bloc[Any]], quoi: str) -> list[Any]:
    return [x for service in ("contacts", "claims") if (v := lus[f"{quoi}_{service}"].valeur) for x in v[quoi]]
