"""``/entraide``: needs, the last plan, what waits for an answer, missions."""

from fastapi import Request, Response

from services.console.amont import Amont, RefusAmont, blocs
from services.console.jeton import SaisieVerifiee, nouvelle_cle
from services.console.page import AmontCourant, rendre, routeur
from services.console.pages.actes import dit, fait
from services.console.pages.entraide.lecture import VIVANTES, dernier_plan

routes = routeur()

RUBRIQUE = "entraide"


@routes.get("/entraide")
async def entraide(request: Request, amont: AmontCourant, fait: str = "") -> Response:
    """The whole mutual aid, today."""
    return await _montrer(request, amont, fait=dit(fait))


@routes.post("/entraide/allocations")
async def allouer(request: Request, amont: AmontCourant, saisie: SaisieVerifiee) -> Response:
    """Make a plan of the open needs: its proposals go to the coordinators."""
    try:
        await amont.agir("POST", "entraide", "/v1/allocations", None, cle=saisie.cle)
    except RefusAmont as exc:
        return await _montrer(request, amont, refus=exc)
    return fait("/entraide", "allocation")


async def _montrer(
    request: Request, amont: Amont, *, refus: RefusAmont | None = None, fait: str | None = None
) -> Response:
    lus = await blocs(
        besoins=amont.lire("entraide", "/v1/besoins", {"limite": 100}),
        plan=dernier_plan(amont),
        coordination=amont.lire("entraide", "/v1/coordination"),
        propositions=amont.lire("entraide", "/v1/propositions", {"limite": 100}),
        missions=amont.lire("entraide", "/v1/missions", {"limite": 100}),
        fragilites=amont.lire("entraide", "/v1/fragilites"),
    )
    vivantes = [p for p in (lus["propositions"].valeur or {}).get("propositions", ()) if p["etat"] in VIVANTES]
    contexte = {
        "vivantes": vivantes,
        "cle": nouvelle_cle(),
        "faute": None if refus is None else str(refus),
        "fait": fait,
        **lus,
    }
    return rendre(request, "entraide.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)
