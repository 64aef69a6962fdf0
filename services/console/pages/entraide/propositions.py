"""``/entraide/propositions/{numero}``: one proposal, its reasons and what can be done; ``/missions``: what came."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from services.console.amont import Amont, RefusAmont, blocs
from services.console.jeton import RIEN, Saisie, SaisieVerifiee, nouvelle_cle
from services.console.mots import COMMANDES, COORDINATION
from services.console.page import AmontCourant, rendre, routeur
from services.console.pages.actes import dit, fait
from services.console.pages.entraide.lecture import EffetDuCote, effet_du_cote
from services.console.pages.entraide.reseau import RUBRIQUE
from shared.service.erreurs import Introuvable

routes = routeur()


@routes.get("/entraide/propositions")
async def boite(request: Request, amont: AmontCourant, pour: str = "") -> Response:
    """The inbox of a coordinator, or all that waits."""
    options = {"pour": pour, "a_repondre": True if pour else None, "limite": 100}
    lus = await blocs(propositions=amont.lire("entraide", "/v1/propositions", options))
    return rendre(request, "propositions.html", {"pour": pour, **lus}, rubrique=RUBRIQUE)


@routes.get("/entraide/propositions/{numero}")
async def une(request: Request, amont: AmontCourant, numero: int, fait: str = "") -> Response:
    """One proposal."""
    return await _montrer(request, amont, numero, fait=dit(fait))


@routes.post("/entraide/propositions/{numero}/{commande:path}")
async def agir(request: Request, amont: AmontCourant, numero: int, commande: str, saisie: SaisieVerifiee) -> Response:
    """One of the acts that the service says are open."""
    if commande not in COMMANDES:
        raise Introuvable(f"« {commande} » n’est pas un acte connu.")
    par = saisie.texte("par")
    corps: dict[str, Any] = {"motif": saisie.texte("motif")}
    corps["qualite" if par == COORDINATION else "pour"] = par
    corps |= _termes(commande, saisie)
    chemin = f"/v1/propositions/{numero}/{commande}"
    try:
        await amont.agir("POST", "entraide", chemin, corps, cle=saisie.cle, si=saisie.texte("vu"))
    except RefusAmont as exc:
        return await _montrer(request, amont, numero, saisie=saisie, refus=exc)
    return fait(f"/entraide/propositions/{numero}", commande.replace("/", "-"))


def _termes(commande: str, saisie: Saisie) -> Mapping[str, Any]:
    if commande == "amendement":
        etp = (saisie.texte("etp") or "").replace(";", " ").split()
        volume = saisie.texte("volume")
        return {
            "debut": saisie.texte("debut"),
            "etp": [e.replace(",", ".") for e in etp] or None,
            "volume": volume.replace(",", ".") if volume else None,
        }
    return {"semaines": saisie.texte("semaines")} if commande == "prolongation" else {}


async def _montrer(
    request: Request,
    amont: Amont,
    numero: int,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    fait: str | None = None,
) -> Response:
    lu = await amont.lire_avec_etag("entraide", f"/v1/propositions/{numero}")
    contexte = {
        "p": lu.document,
        "vu": lu.etag or "",
        "cle": nouvelle_cle,
        "saisie": saisie,
        "faute": None if refus is None else str(refus),
        "fait": fait,
    }
    return rendre(request, "proposition.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)


async def _effets(amont: Amont, numero: int) -> list[tuple[str, EffetDuCote]]:
    """Both sides, the one that is helped first."""
    lu = await amont.lire("entraide", f"/v1/missions/{numero}/effet")
    return [("Pour la caisse aidée", effet_du_cote(lu, "aidee")), ("Pour l’aidante", effet_du_cote(lu, "aidante"))]


@routes.get("/entraide/missions/{numero}")
async def mission(request: Request, amont: AmontCourant, numero: int) -> Response:
    """What a mission delivered against what was agreed, and what it changed."""
    lus = await blocs(
        proposition=amont.lire("entraide", f"/v1/propositions/{numero}"),
        suivi=amont.lire("entraide", f"/v1/missions/{numero}/suivi"),
        effet=_effets(amont, numero),
    )
    return rendre(request, "mission.html", {"numero": numero, **lus}, rubrique=RUBRIQUE)
