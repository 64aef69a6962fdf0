"""The acts of a comité: prepare, open, decide, close. Each names the state it was decided on (ETag)."""

from typing import Any

from fastapi import Request, Response

from services.console.amont import RefusAmont
from services.console.jeton import Saisie, SaisieVerifiee
from services.console.page import AmontCourant, LaCaisse, Service, routeur
from services.console.pages.actes import fait
from services.console.pages.comite.dossier import montrer_dossier
from services.console.pages.comite.lecture import lire_mois
from services.console.pages.comite.mois import LeMois, montrer_liste, montrer_mois

routes = routeur()


@routes.post("/comites")
async def preparer(request: Request, service: Service, amont: AmontCourant, saisie: SaisieVerifiee) -> Response:
    """Freeze a month and draw up its case files; done already, show it."""
    mois = saisie.get("mois")
    corps = {"mois": mois, "sans_attendre": saisie.texte("sans_attendre") is not None}
    try:
        await amont.agir("POST", "alerts", "/v1/comites", corps, cle=saisie.cle)
    except RefusAmont as exc:
        return await montrer_liste(request, service, amont, saisie=saisie, refus=exc)
    return fait(f"/comites/{mois}", "preparation")


@routes.post("/comites/{mois}/ouverture")
async def ouvrir(request: Request, amont: AmontCourant, mois: LeMois, saisie: SaisieVerifiee) -> Response:
    """Open the séance with those who are there."""
    membres = [_membre(ligne) for ligne in saisie.get("membres").splitlines() if ligne.strip()]
    corps = {"president": membres[0]["identifiant"] if membres else "", "membres": membres}
    return await _acter(request, amont, mois, saisie, "ouverture", corps)


@routes.post("/comites/{mois}/cloture")
async def clore(request: Request, amont: AmontCourant, mois: LeMois, saisie: SaisieVerifiee) -> Response:
    """Close: decisions, letters, needs and minutes go out together."""
    return await _acter(request, amont, mois, saisie, "cloture", None)


@routes.post("/comites/{mois}/restantes")
async def accepter_le_reste(request: Request, amont: AmontCourant, mois: LeMois, saisie: SaisieVerifiee) -> Response:
    """Accept every measure that is proposed and not decided yet."""
    lu = await lire_mois(amont, mois)
    reste = [
        {"caisse": m["caisse"], "mesure": m["mesure"], "issue": "acceptee"}
        for m in lu.document["mesures"]
        if m["proposee"] and m["decision"] is None
    ]
    return await _acter(request, amont, mois, saisie, "decisions", reste)


@routes.post("/comites/{mois}/dossiers/{slug}/decision")
async def decider(
    request: Request, amont: AmontCourant, mois: LeMois, caisse: LaCaisse, saisie: SaisieVerifiee
) -> Response:
    """Accept, amend, set aside or add one measure."""
    issue = saisie.get("issue")
    dissident = saisie.texte("dissident")
    corps = {
        "caisse": caisse.slug,
        "mesure": saisie.get("mesure"),
        "issue": issue,
        "retenue": saisie.texte("retenue") if issue == "amendee" else None,
        "indicateurs": saisie.textes("indicateurs") or None,
        "motif": saisie.texte("motif"),
        "consigne": saisie.texte("consigne"),
        "dissentiments": [{"membre": dissident, "motif": saisie.get("dissentiment")}] if dissident else [],
    }
    try:
        await amont.agir(
            "POST", "alerts", f"/v1/comites/{mois}/decisions", corps, cle=saisie.cle, si=saisie.texte("vu")
        )
    except RefusAmont as exc:
        return await montrer_dossier(request, amont, mois, caisse.slug, saisie=saisie, refus=exc)
    return fait(f"/comites/{mois}/dossiers/{caisse.slug}", "decision")


async def _acter(request: Request, amont: AmontCourant, mois: str, saisie: Saisie, quoi: str, corps: Any) -> Response:
    try:
        await amont.agir("POST", "alerts", f"/v1/comites/{mois}/{quoi}", corps, cle=saisie.cle, si=saisie.texte("vu"))
    except RefusAmont as exc:
        return await montrer_mois(request, amont, mois, saisie=saisie, refus=exc)
    return fait(f"/comites/{mois}", quoi)


def _membre(ligne: str) -> dict[str, str]:
    """« identifiant : nom », or a name that identifies by itself."""
    identifiant, separateur, nom = ligne.partition(":")
    propre = identifiant.strip()
    return {"identifiant": propre, "nom": nom.strip() if separateur else propre}
