"""A plan as people and programs read it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from services.alerts.comite.calendrier import Mois
from services.alerts.plans.domain import RESTANTES, Comptes, compter, jours_de_retard, taux_de_completion
from services.alerts.plans.rappels import calendrier_et_jour
from services.alerts.plans.store import Attendus, Complet, Demande
from services.alerts.plans.trajectoire import Mesure, comparer, situer
from shared.catalogue.indicateurs import indicateur
from shared.network.reseau import charger


def presenter(complet: Complet, maintenant: datetime) -> dict[str, Any]:
    """The plan, its actions, its trajectories and how far it went."""
    plan = complet.plan
    decrites = [presenter_action(action, plan.caisse, maintenant) for action in complet.actions]
    comptes = compter(action.etat for action in complet.actions)
    return {
        **plan._mapping,
        "caisse_nom": charger().par_slug[plan.caisse].nom,
        "actions": decrites,
        "trajectoires": [_trajectoire(code, complet.attendus) for code in complet.attendus],
        "comptes": decrire_comptes(comptes),
        "actions_en_retard": sum(action["jours_de_retard"] > 0 for action in decrites),
    }


def decrire_comptes(comptes: Comptes) -> dict[str, Any]:
    """Counts, and the rate of completion in %; None when nothing is planned."""
    taux = taux_de_completion(comptes)
    return {
        "prevues": comptes.prevues, "faites": comptes.faites, "partielles": comptes.partielles, "non": comptes.non,
        "obsoletes": comptes.obsoletes, "taux_completion": None if taux is None else float(100 * taux),
    }  # fmt: skip


def presenter_action(action: Row[Any], caisse: str, maintenant: datetime) -> dict[str, Any]:
    """``jours_de_retard``: working days of the caisse, up to now, or to the day it was done."""
    calendrier, jour = calendrier_et_jour(caisse, action.terminee_le or maintenant)
    comptent = action.etat in RESTANTES or action.etat == "faite"
    retard = jours_de_retard(action.echeance, jour, calendrier) if comptent else 0
    champs = ("plan", "numero", "intitule", "responsable", "echeance", "etat", "terminee_le", "version")
    return {champ: action._mapping[champ] for champ in champs} | {
        "jours_de_retard": retard,
        "en_retard": retard > 0 and action.etat in RESTANTES,
        "etag": etiquette_action(action),
    }


def etiquette(plan: Row[Any]) -> str:
    """Of the plan itself and the list of its actions; each action has its own."""
    return f'"plan-{plan.id}-{plan.version}"'


def etiquette_action(action: Row[Any]) -> str:
    return f'"action-{action.plan}-{action.numero}-{action.version}"'


def _trajectoire(code: str, attendus: Attendus) -> dict[str, Any]:
    points = [{"mois": str(mois), "attendu": float(attendu)} for mois, attendu in attendus[code].items()]
    return {"indicateur": code, "unite": indicateur(code).unite, "points": points}


def comparaison(
    code: str, attendus: Attendus, mesures: Mapping[Mois, Mesure] | None, dernier_fini: Mois
) -> dict[str, Any]:
    """A trajectory against what was measured. ``mesures`` None: nobody answered, and nothing is said of it."""
    defini = indicateur(code)
    points = comparer(attendus[code], mesures or {}, dernier_fini, defini.sens)
    situation = situer(points)
    return {
        "indicateur": code,
        "libelle": defini.libelle,
        "unite": defini.unite,
        "sens": defini.sens,
        "situation": None if mesures is None else {
            "etat": situation.etat, "mois": None if situation.mois is None else str(situation.mois),
            "ecart": situation.ecart, "averee": situation.averee, "mois_en_retard": situation.mois_en_retard,
        },
        "points": [
            {
                "mois": str(p.mois), "attendu": float(p.attendu), "valeur": p.valeur, "n": p.n, "ecart": p.ecart,
                "etat": p.etat if mesures is not None or p.etat == "a_venir" else None, "averee": p.averee,
            }
            for p in points
        ],
    }  # fmt: skip


def presenter_demande(demande: Demande, maintenant: datetime) -> dict[str, Any]:
    """A request that no plan answers yet."""
    calendrier, jour = calendrier_et_jour(demande.caisse, maintenant)
    echeance: date | None = demande.echeance
    return {
        "lettre": demande.lettre,
        "caisse": demande.caisse,
        "indicateurs": list(demande.indicateurs),
        "echeance": echeance,
        "jours_de_retard": 0 if echeance is None else jours_de_retard(echeance, jour, calendrier),
        "demande_le": demande.creee_le,
    }
