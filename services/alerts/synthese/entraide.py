"""The aid given and the need left unmet, by process and each in its unit, of what entraide has announced. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.alerts.synthese.periode import Periode
from shared.catalogue.processus import tous_les_processus

RENDUES = frozenset({"active", "terminee", "interrompue"})
"""States of a mission that has begun."""

NON_DISPONIBLE = "Non disponible : le service entraide n'a rien annoncé de cette période."
SANS_PLAN = "Non disponible : aucun plan d'entraide reçu n'a dimensionné ce besoin."


@dataclass(slots=True)
class _Aide:
    """One process. Volumes in ``unite``; None: nothing said it."""

    unite: str | None = None
    missions: int = 0
    aidees: set[str] = field(default_factory=set)
    aidantes: set[str] = field(default_factory=set)
    convenu: float = 0.0
    besoin: float | None = None
    non_couvert: float | None = None


def entraide(
    periode: Periode, propositions: Iterable[Mapping[str, Any]], plans: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """``propositions``: every revision heard; the last of each one counts. ``plans``: the provisional plan of each need
    of the comités of the period (``volume`` to absorb, ``volume_apporte`` by the missions it proposes)."""
    dernieres: dict[int, Mapping[str, Any]] = {}
    for p in propositions:
        if p["proposition"] not in dernieres or dernieres[p["proposition"]]["revision"] <= p["revision"]:
            dernieres[p["proposition"]] = p
    par_process: dict[str, _Aide] = {}
    for p in dernieres.values():
        if p["etat"] in RENDUES and _dans(periode, p["debut"], p["fin"]):
            aide = par_process.setdefault(p["process"], _Aide())
            aide.unite = p["unite"]
            aide.missions += 1
            aide.convenu += p["volume"]
            aide.aidees.add(p["aidee"])
            aide.aidantes.add(p["aidante"])
    for plan in (p for p in plans if p.get("process")):
        aide = par_process.setdefault(plan["process"], _Aide())
        if plan.get("volume") is not None:
            aide.unite = aide.unite or plan.get("unite")
            aide.besoin = (aide.besoin or 0.0) + plan["volume"]
            reste = max(0.0, plan["volume"] - (plan.get("volume_apporte") or 0.0))
            aide.non_couvert = (aide.non_couvert or 0.0) + reste
    disponible = bool(par_process)
    return {
        "disponible": disponible,
        "phrase": None if disponible else NON_DISPONIBLE,
        "processus": [_decrire(code, aide) for code, aide in sorted(par_process.items())],
    }


def _dans(periode: Periode, debut: str, fin: str) -> bool:
    return date.fromisoformat(debut) <= periode.au and periode.du <= date.fromisoformat(fin)


def _decrire(code: str, aide: _Aide) -> dict[str, Any]:
    defini = tous_les_processus().get(code)
    return {
        "process": code,
        "libelle": code if defini is None else defini.libelle,
        "unite": aide.unite,
        "missions": aide.missions,
        "caisses_aidees": len(aide.aidees),
        "caisses_aidantes": len(aide.aidantes),
        "volume_convenu": aide.convenu,
        "besoin": aide.besoin,
        "besoin_non_couvert": aide.non_couvert,
        "phrase": SANS_PLAN if aide.besoin is None else None,
    }
