"""Open action plans in the case file: is the caisse on the trajectory it agreed to? Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.alerts.comite.calendrier import Mois, mois_de
from services.alerts.comite.releves import Serie
from services.alerts.domain.performance import exacte
from services.alerts.plans.domain import compter, taux_de_completion
from services.alerts.plans.store import Complet
from services.alerts.plans.trajectoire import Mesure, comparer, situer
from shared.catalogue.indicateurs import indicateur


def decrire_plans(ouverts: Sequence[Complet], caisse: str, series: Mapping[str, Serie], mois: Mois) -> list[Any]:
    """The plans of a caisse as its file prints them, each indicator against the values of ``series``."""
    return [
        {
            "plan": complet.plan.id,
            "lettre": complet.plan.lettre,
            "depose_le": complet.plan.depose_le.isoformat(),
            "indicateurs": sorted(complet.attendus),
            "actions": len(complet.actions),
            "completion": _completion(complet),
            "trajectoires": {code: _situer(complet, code, caisse, series, mois) for code in sorted(complet.attendus)},
        }
        for complet in ouverts
    ]


def sur_la_trajectoire(plans: Sequence[Mapping[str, Any]] | None, code: str) -> bool | None:
    """Whether the last month measured is at what its plans expected or better; None: no plan, or not measured."""
    etats = [t["etat"] for plan in plans or () for c, t in plan["trajectoires"].items() if c == code]
    jugees = [etat == "tenue" for etat in etats if etat in ("tenue", "en_retard")]
    return all(jugees) if jugees else None


def _completion(complet: Complet) -> float | None:
    taux = taux_de_completion(compter(action.etat for action in complet.actions))
    return None if taux is None else float(taux)


def _situer(complet: Complet, code: str, caisse: str, series: Mapping[str, Serie], mois: Mois) -> dict[str, Any]:
    serie, defini = series.get(code), indicateur(code)
    mesures: dict[Mois, Mesure] = {}
    if serie is not None and caisse in serie.par_caisse:
        for ligne, lue in zip(serie.par_caisse[caisse], serie.mesures(caisse), strict=True):
            mesures[mois_de(date.fromisoformat(ligne["du"]))] = Mesure(exacte(lue, defini.unite), lue.n)
    situation = situer(comparer(complet.attendus[code], mesures, mois, defini.sens))
    return {
        "etat": situation.etat,
        "mois": None if situation.mois is None else str(situation.mois),
        "ecart": situation.ecart,
        "mois_en_retard": situation.mois_en_retard,
    }
