"""``/sources`` and ``/rejets``: what the sources send, which are silent, and what was refused."""

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel

from services.console.acces import caisses_du_porteur
from services.console.amont import Amont, RefusAmont, blocs, pannes
from services.console.jeton import RIEN, Saisie, SaisieVerifiee, nouvelle_cle
from services.console.mots import ETATS_SOURCE
from services.console.page import AmontCourant, rendre, routeur
from services.console.pages.actes import dit, fait
from shared.service.erreurs import Introuvable
from shared.service.identite import PrincipalCourant

routes = routeur()

_RUBRIQUE = "sources"
SERVICES = ("contacts", "claims")
_PAR_PAGE = 100
FRAICHEUR_S = 30.0
"""The sources of the network are judged over ten weeks, day by day: long to ask, and they change by the minute."""
_ORDRE = {"silencieuse": 0, "incomplete": 1, "inconnue": 2, "complete": 3}


class Choix(BaseModel):
    """The filters of the sources."""

    etat: str = ""
    process: str = ""
    caisse: str = ""
    page: Annotated[int, Query(ge=1)] = 1


@routes.get("/sources")
async def sources(
    request: Request, amont: AmontCourant, principal: PrincipalCourant, choix: Annotated[Choix, Query()]
) -> Response:
    """Every source, the silent ones first, a page at a time; of their own caisse for those who act for one."""
    choix.caisse = choix.caisse or next(iter(caisses_du_porteur(principal)), "")
    lus = await blocs(
        **{s: amont.lire(s, "/v1/sources", {"caisse": choix.caisse}, age_max_s=FRAICHEUR_S) for s in SERVICES},
        **{f"rejets_{s}": amont.lire(s, "/v1/rejets", {"etat": "ouvert", "limite": 1}) for s in SERVICES},
    )
    toutes = [s for service in SERVICES if (v := lus[service].valeur) for s in v["sources"]]
    voulues = sorted(
        (
            s
            for s in toutes
            if (not choix.etat or s["etat"] == choix.etat) and (not choix.process or s["process"] == choix.process)
        ),
        key=lambda s: (_ORDRE.get(s["etat"], 9), s["process"], s["source"]),
    )
    debut = (choix.page - 1) * _PAR_PAGE
    contexte = {
        "choix": choix,
        "pannes": pannes(lus.values()),
        "comptes": {mot: sum(s["etat"] == code for s in toutes) for code, mot in ETATS_SOURCE.items()},
        "processus": sorted({s["process"] for s in toutes}),
        "sources": voulues[debut : debut + _PAR_PAGE],
        "total": len(voulues),
        "suite": choix.page + 1 if debut + _PAR_PAGE < len(voulues) else None,
        "rejets": any(b.valeur and b.valeur["rejets"] for nom, b in lus.items() if nom.startswith("rejets")),
    }
    return rendre(request, "sources.html", contexte, rubrique=_RUBRIQUE)


@routes.get("/rejets")
async def rejets(request: Request, amont: AmontCourant, etat: str = "ouvert", fait: str = "") -> Response:
    """What was refused, by service, the oldest first."""
    lus = await blocs(
        **{s: amont.lire(s, "/v1/rejets", {"etat": etat, "limite": _PAR_PAGE}) for s in SERVICES},
    )
    contexte = {
        "etat": etat,
        "pannes": pannes(lus.values()),
        "rejets": [(s, r) for s in SERVICES if (v := lus[s].valeur) for r in v["rejets"]],
        "encore": any(b.valeur and b.valeur["suivant"] for b in lus.values()),
        "fait": dit(fait),
    }
    return rendre(request, "rejets.html", contexte, rubrique=_RUBRIQUE)


@routes.get("/rejets/{service}/{numero}")
async def un_rejet(request: Request, amont: AmontCourant, service: str, numero: int) -> Response:
    """One refused event: why, and what it held."""
    return await _montrer(request, amont, service, numero)


@routes.post("/rejets/{service}/{numero}/rejeu")
async def rejouer(request: Request, amont: AmontCourant, service: str, numero: int, saisie: SaisieVerifiee) -> Response:
    """Send it again to the log, as it is."""
    chemin = f"/v1/rejets/{numero}/rejeu"
    try:
        await amont.agir("POST", _connu(service), chemin, None, cle=saisie.cle)
    except RefusAmont as exc:
        return await _montrer(request, amont, service, numero, saisie=saisie, refus=exc)
    return fait("/rejets", "rejeu")


async def _montrer(
    request: Request,
    amont: Amont,
    service: str,
    numero: int,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
) -> Response:
    contexte = {
        "service": service,
        "r": await amont.lire(_connu(service), f"/v1/rejets/{numero}"),
        "cle": nouvelle_cle(),
        "saisie": saisie,
        "faute": None if refus is None else str(refus),
    }
    return rendre(request, "rejet.html", contexte, status=refus.statut if refus else 200, rubrique=_RUBRIQUE)


def _connu(service: str) -> str:
    if service not in SERVICES:
        raise Introuvable(f"Aucun service ne se nomme « {service} ».")
    return service
