"""Needs for entraide, announced on the log: provisional ones at the preparation, decided ones at the closing. Pure.

A volume is not sized here: entraide projects it and converts it in the process's own unit. What is said is where,
why, from when, and what was seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from services.alerts.comite.calendrier import FUSEAU, Mois, mois_de
from services.alerts.comite.seance import Decision
from services.alerts.domain import NOM

TYPE_PROVISOIRES = "vigie.comite.besoins_provisoires.v1"
TYPE_DECIDES = "vigie.comite.besoins.v1"
TYPE_SEANCE = "vigie.comite.seance.v1"
TYPE_LETTRE = "vigie.comite.lettre.v1"


def provisoires(mois: Mois, instant: datetime, dossiers: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One need for each caisse and process that an entraide is proposed for."""
    besoins = []
    for caisse, dossier in dossiers.items():
        constats = {c["indicateur"]: c for c in dossier["constats"]}
        for proposition in dossier["propositions"]:
            if proposition["mesure"] == "courrier_entraide":
                concernes = [constats[c] for c in proposition["indicateurs"]]
                besoins += _par_process(mois, instant, caisse, concernes, "preparation_comite")
    return besoins


def decides(
    mois: Mois, instant: datetime, decisions: Iterable[Decision], dossiers: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One need for each caisse and process that the comité decided an entraide for."""
    besoins = []
    for d in decisions:
        if d.retenue == "courrier_entraide":
            constats = [c for c in dossiers[d.caisse]["constats"] if c["indicateur"] in d.indicateurs]
            besoins += _par_process(mois, instant, d.caisse, constats, "decision_comite")
    return besoins


def _par_process(
    mois: Mois, instant: datetime, caisse: str, constats: Sequence[Mapping[str, Any]], motif: str
) -> list[dict[str, Any]]:
    """From the Monday that comes to the end of the month after: aid is punctual."""
    debut = _lundi_suivant(instant.astimezone(FUSEAU).date())
    return [
        {
            "cle": f"{mois}|{caisse}|{process}",
            "caisse": caisse,
            "process": process,
            "motif": motif,
            "debut": debut.isoformat(),
            "fin": mois_de(debut).plus(1).au.isoformat(),
            "constats": [
                {c: constat[c] for c in ("indicateur", "valeur", "n", "seuil", "unite", "stock", "projection")}
                for constat in constats
                if constat["process"] == process
            ],
        }
        for process in dict.fromkeys(c["process"] for c in constats)
    ]


def _lundi_suivant(jour: date) -> date:
    return jour + timedelta(days=7 - jour.weekday())


def evenement(
    type_: str, identifiant: str, instant: datetime, mois: Mois, donnees: Mapping[str, Any]
) -> dict[str, Any]:
    """A CloudEvent of the comité. Its ``id`` is the same each time it is made: a receiver can tell a double."""
    return {
        "specversion": "1.0",
        "id": identifiant,
        "source": f"urn:vigie:service:{NOM}",
        "type": type_,
        "subject": str(mois),
        "time": instant,
        "data": {"mois": str(mois), **donnees},
    }
