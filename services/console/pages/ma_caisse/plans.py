"""The action plans of a caisse: filing the one a letter asks for, and following its actions."""

from typing import Any

from fastapi import Request, Response

from services.console.amont import Amont, RefusAmont, bloc
from services.console.jeton import RIEN, Saisie, SaisieVerifiee, nouvelle_cle
from services.console.page import AmontCourant, LaCaisse, rendre, routeur
from services.console.pages.actes import dit, fait
from services.console.pages.ma_caisse.espace import RUBRIQUE
from shared.catalogue.indicateurs import indicateur
from shared.network.reseau import Caisse

routes = routeur()

ACTIONS_MAX = 30
"""Rows the form can grow to."""
MOIS_PROMIS = 6

ETATS_ACTION = {"a_faire": "à faire", "partielle": "partielle", "faite": "faite", "obsolete": "sans objet"}


@routes.get("/ma-caisse/{slug}/plan")
async def formulaire(request: Request, amont: AmontCourant, caisse: LaCaisse, lettre: str = "") -> Response:
    """The form of the plan that a letter asks for."""
    return await _montrer(request, amont, caisse, lettre)


@routes.post("/ma-caisse/{slug}/plan")
async def deposer(request: Request, amont: AmontCourant, caisse: LaCaisse, saisie: SaisieVerifiee) -> Response:
    """File it; or, asked for one more action, show the form again with what is written in it."""
    lettre = saisie.get("lettre")
    if saisie.texte("ajouter") is not None:
        return await _montrer(request, amont, caisse, lettre, saisie=saisie, de_plus=1)
    corps = {
        "lettre": lettre,
        "caisse": caisse.slug,
        "actions": _actions(saisie),
        "trajectoires": [
            {"indicateur": code, "points": points}
            for code in saisie.textes("indicateurs")
            if (points := _points(saisie, code))
        ],
        "commentaire": saisie.texte("commentaire"),
        "auteur": saisie.texte("auteur"),
    }
    try:
        plan = await amont.agir("POST", "alerts", "/v1/plans", corps, cle=saisie.cle)
    except RefusAmont as exc:
        return await _montrer(request, amont, caisse, lettre, saisie=saisie, refus=exc)
    return fait(f"/ma-caisse/{caisse.slug}/plans/{plan['id']}", "plan")


def _actions(saisie: Saisie) -> list[dict[str, str | None]]:
    lues = (
        {nom: saisie.texte(f"{nom}-{rang}") for nom in ("intitule", "responsable", "echeance")}
        for rang in range(_rangees(saisie))
    )
    return [a for a in lues if any(a.values())]


def _rangees(saisie: Saisie) -> int:
    """How many actions the form that was sent had room for."""
    dites = saisie.get("rangees")
    return min(ACTIONS_MAX, max(1, int(dites))) if dites.isascii() and dites.isdigit() else 1


def _points(saisie: Saisie, code: str) -> list[dict[str, str | None]]:
    return [
        {"mois": saisie.texte(f"mois-{code}-{rang}"), "attendu": attendu.replace(",", ".")}
        for rang in range(MOIS_PROMIS)
        if (attendu := saisie.texte(f"attendu-{code}-{rang}")) is not None
    ]


async def _montrer(
    request: Request,
    amont: Amont,
    caisse: Caisse,
    lettre: str,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    de_plus: int = 0,
) -> Response:
    rangees = min(ACTIONS_MAX, _rangees(saisie) + de_plus)
    attendus = await bloc(amont.lire("alerts", "/v1/plans/attendus", {"caisse": caisse.slug}))
    demandes = attendus.valeur["demandes"] if attendus.valeur else []
    demande = next((d for d in demandes if d["lettre"] == lettre), demandes[0] if demandes else None)
    contexte: dict[str, Any] = {
        "caisse": caisse,
        "attendus": attendus,
        "demande": demande,
        "indicateurs": [indicateur(code) for code in demande["indicateurs"]] if demande else [],
        "mois": _mois_suivants(amont),
        "rangees": rangees,
        "nouvelle": rangees - 1 if de_plus else None,
        "pleine": rangees == ACTIONS_MAX,
        "saisie": saisie,
        "cle": nouvelle_cle(),
        "faute": None if refus is None else str(refus),
    }
    return rendre(request, "plan_depot.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)


def _mois_suivants(amont: Amont) -> list[str]:
    """The months that a trajectory may promise, this one first."""
    maintenant = amont.clock.now()
    debut = 12 * maintenant.year + maintenant.month - 1
    return [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in range(debut, debut + MOIS_PROMIS)]


@routes.get("/ma-caisse/{slug}/plans/{numero}")
async def un_plan(request: Request, amont: AmontCourant, caisse: LaCaisse, numero: int, fait: str = "") -> Response:
    """One plan: its actions, what it promised and what is measured."""
    return await _montrer_plan(request, amont, caisse, numero, fait=dit(fait))


@routes.post("/ma-caisse/{slug}/plans/{numero}/actions/{rang}")
async def changer_action(
    request: Request, amont: AmontCourant, caisse: LaCaisse, numero: int, rang: int, saisie: SaisieVerifiee
) -> Response:
    """Say how far an action is."""
    corps = {"etat": saisie.texte("etat"), "motif": saisie.texte("motif")}
    chemin = f"/v1/plans/{numero}/actions/{rang}"
    try:
        await amont.agir("PATCH", "alerts", chemin, corps, cle=saisie.cle, si=saisie.texte("vu"))
    except RefusAmont as exc:
        return await _montrer_plan(request, amont, caisse, numero, refus=exc)
    return fait(f"/ma-caisse/{caisse.slug}/plans/{numero}", "action")


async def _montrer_plan(
    request: Request,
    amont: Amont,
    caisse: Caisse,
    numero: int,
    *,
    refus: RefusAmont | None = None,
    fait: str | None = None,
) -> Response:
    contexte = {
        "caisse": caisse,
        "p": await amont.lire("alerts", f"/v1/plans/{numero}"),
        "trajectoire": await bloc(amont.lire("alerts", f"/v1/plans/{numero}/trajectoire")),
        "etats": ETATS_ACTION,
        "cle": nouvelle_cle,
        "faute": None if refus is None else str(refus),
        "fait": fait,
    }
    return rendre(request, "plan.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)
