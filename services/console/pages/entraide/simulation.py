"""``/entraide/simulation``: what if the pôles lent more or less? A plan that proposes nothing."""

from typing import Any

from fastapi import Request, Response

from services.console.amont import Amont, Bloc, RefusAmont, blocs
from services.console.jeton import RIEN, Saisie, SaisieVerifiee, nouvelle_cle
from services.console.page import AmontCourant, rendre, routeur
from services.console.pages.entraide.lecture import dernier_plan
from services.console.pages.entraide.reseau import RUBRIQUE

routes = routeur()

POLES_MAX = 60


@routes.get("/entraide/simulation")
async def formulaire(request: Request, amont: AmontCourant) -> Response:
    """One slider for each pôle."""
    return await _montrer(request, amont)


@routes.post("/entraide/simulation")
async def simuler(request: Request, amont: AmontCourant, saisie: SaisieVerifiee) -> Response:
    """The plan that would be, beside the last one."""
    poles = await _poles(amont)
    suppose = [
        {"cle": p["cle"], "etp": voulu}
        for p in poles
        if (voulu := saisie.texte(f"etp-{p['cle']}")) is not None and float(voulu) != float(p["etp"])
    ]
    try:
        corps = {"poles": suppose}
        plan = await amont.agir("POST", "entraide", "/v1/allocations/simulation", corps, cle=saisie.cle)
    except RefusAmont as exc:
        return await _montrer(request, amont, saisie=saisie, refus=exc)
    return await _montrer(request, amont, saisie=saisie, plan=plan)


async def _poles(amont: Amont) -> list[dict[str, Any]]:
    lus = await amont.lire("entraide", "/v1/poles", {"limite": POLES_MAX})
    return [p for p in lus["poles"] if p["retire_le"] is None]


async def _montrer(
    request: Request,
    amont: Amont,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    plan: Any = None,
) -> Response:
    lus: dict[str, Bloc[Any]] = await blocs(poles=_poles(amont), dernier=dernier_plan(amont))
    contexte = {
        "saisie": saisie,
        "contenu": None if plan is None else plan.get("plan", plan),
        "cle": nouvelle_cle(),
        "faute": None if refus is None else str(refus),
        **lus,
    }
    return rendre(request, "simulation.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)
