"""``/``: the network; ``/flux``: what tells open pages to look again; ``/caisses``: finding one."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.console.graphiques.carte import Case, dessiner
from services.console.mots import CASES_ALERTE, COLONNES, PROCESSUS
from services.console.page import AmontCourant, Service, caisse_nommee, rendre, routeur
from services.console.pages.reseau.lecture import Colonne, EtatReseau, lire_reseau
from services.console.pages.reseau.vue import (
    Choix,
    Ligne,
    carte_voulue,
    colonnes_voulues,
    lignes_voulues,
    premieres,
    sens_du_tri,
)
from shared.catalogue.conventions import charger_conventions
from shared.network.reseau import charger

routes = routeur()

_RUBRIQUE = "reseau"
_PING_S = 15
_REESSAYER_MS = 5_000


@routes.get("/")
async def reseau(request: Request, amont: AmontCourant, choix: Annotated[Choix, Query()]) -> Response:
    """The whole network, sorted and filtered by links."""
    etat = await lire_reseau(amont)
    colonnes = colonnes_voulues(etat, choix)
    lignes = lignes_voulues(etat, colonnes, choix)
    contexte = {
        "etat": etat,
        "choix": choix,
        "colonnes": colonnes,
        "lignes": lignes,
        "premieres": premieres(etat, choix, colonnes),
        "carte": _carte(etat, lignes, colonnes, choix),
        "alertes": _compter(etat),
        "noms": COLONNES,
        "cases_alerte": CASES_ALERTE,
        "sens": sens_du_tri,
        **_filtres(etat),
    }
    return rendre(request, "reseau.html", contexte, rubrique=_RUBRIQUE)


def _filtres(etat: EtatReseau) -> dict[str, object]:
    citees = {(c.cible or {}).get("convention") for c in etat.colonnes}
    process = dict.fromkeys(c.indicateur.process for c in etat.colonnes)
    return {
        "regions": [(g.code, g.nom) for g in charger().hierarchies["region"].groupes.values()],
        "processus": [(code, PROCESSUS.get(code, code)) for code in process],
        "conventions": [(code, code) for code in charger_conventions() if code in citees],
    }


def _compter(etat: EtatReseau) -> dict[str, int] | None:
    """Living alerts by state; None when they could not be read."""
    if etat.alertes.valeur is None:
        return None
    vivantes = etat.alertes.valeur["alertes"]
    ouvertes = [a for a in vivantes if a["etat"] == "ouverte"]
    return {
        "ouvertes": len(ouvertes),
        "averees": sum(a["gravite"] == "avere" for a in ouvertes),
        "prises": sum(a["etat"] == "prise_en_compte" for a in vivantes),
        "observees": sum(a["etat"] == "en_observation" for a in vivantes),
        "muettes": sum(a["genre"] == "source_muette" for a in vivantes),
    }


def _carte(etat: EtatReseau, lignes: list[Ligne], colonnes: list[Colonne], choix: Choix) -> str:
    cases = {
        departement: Case(
            verdict.forme,
            verdict.classe,
            f"{ligne.caisse.departement_nom}, {ligne.caisse.nom} : {verdict.mot}",
            f"/caisses/{ligne.caisse.slug}",
        )
        for departement, (ligne, verdict) in carte_voulue(etat, lignes, colonnes, choix).items()
    }
    return dessiner(cases, "Carte du réseau : une case par département")


@routes.get("/caisses")
async def trouver(q: str = "") -> Response:
    """The page of the caisse of that name, department or town."""
    if not q.strip():
        return RedirectResponse("/", status_code=303)
    return RedirectResponse(f"/caisses/{caisse_nommee(q.strip()).slug}", status_code=303)


@routes.get("/flux")
async def flux(service: Service) -> Response:
    """Server-sent events: « reseau », with the digest of what the page of the network shows."""

    async def evenements() -> AsyncIterator[ServerSentEvent]:
        async for empreinte in service.direct.suivre():
            yield ServerSentEvent(data=empreinte, event="reseau", retry=_REESSAYER_MS)

    return EventSourceResponse(evenements(), ping=_PING_S)
