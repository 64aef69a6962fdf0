"""What a closed loop gave, as plain values: from the need to the measured effect, beside the same world without aid."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from vigie.boucle.deroulement import INDICATEUR, Tour
from vigie.boucle.reseau import Reseau

Document = dict[str, Any]


def document(tour: Tour, sans: Reseau) -> Document:
    """Delays in days, volumes in the unit of the process. ``avec`` and ``sans``: counted in the twin, of one world.

    ``besoin`` None: the comité decided no aid for the caisse of the crisis; then there is no mission either.
    """
    reglages, avec = tour.reseau.reglages, tour.reseau
    caisse = reglages.caisse
    besoin = _besoin(tour, caisse)
    siennes = [m for m in tour.missions if m["aidee"] == caisse]
    crise = reglages.crise.incidents[0]
    return {
        "graine": reglages.graine, "fraction": reglages.fraction, "caisse": caisse, "process": reglages.process,
        "indicateur": INDICATEUR, "crise": {"du": crise.du, "au": crise.au, "intensite": crise.intensite},
        "evenements": tour.evenements, "refuses": tour.refuses, "secondes": round(tour.secondes, 1),
        "comites": {mois: _comite(tenu) for mois, tenu in tour.comites.items()},
        "besoin": besoin,
        "proposees": [_terme(p) for p in tour.propositions],
        "acceptees_le": sorted({str(jour) for jour in tour.acceptees_le.values()}),
        "missions": [_mission(m) for m in siennes],
        "mois": [
            {"mois": mois, "service": _arrondi(tour.mesures.get(mois)), "avec": v, "sans": sans.par_mois(caisse)[mois]}
            for mois, v in avec.par_mois(caisse).items()
        ],
        "semaines": None if besoin is None else _semaines(avec, sans, caisse, besoin),
        "effet": _effet(siennes),
        "suites": {lundi: [_suite(s) for s in vues] for lundi, vues in tour.suites.items()},
        "liberees_le": [lundi for lundi, vues in tour.suites.items() if any(s["utile"] is False for s in vues)],
        "aidantes": [_aidante(m, avec, sans) for m in siennes],
    }  # fmt: skip


def _besoin(tour: Tour, caisse: str) -> Document | None:
    for mois, tenu in tour.comites.items():
        for b in tenu["besoins"]:
            if b["caisse"] == caisse:
                dim = b["dimensionnement"] or {}
                return {
                    "mois": mois, "trouve_le": tenu["jour"], "debut": b["debut"], "fin": b["fin"],
                    "volume": b["volume"], "unite": dim.get("unite"), "etp_semaines": dim.get("etp_semaines"),
                    "objectif": dim.get("objectif"), "socle": dim.get("socle"), "phrase": b["phrase"],
                    "plan_provisoire_connu": any(p["plans"] for p in tenu["provisoires"]),
                }  # fmt: skip
    return None


def _comite(tenu: Mapping[str, Any]) -> Document:
    return {nom: tenu[nom] for nom in ("jour", "caisses_examinees", "mesures", "courriers")}


def _suite(s: Mapping[str, Any]) -> Document:
    return {nom: s[nom] for nom in ("id", "volume", "utile", "phrase")}


def _terme(p: Mapping[str, Any]) -> Document:
    return {nom: p[nom] for nom in ("id", "aidante", "aidee", "debut", "fin", "etp", "volume", "unite")}


def _mission(m: Mapping[str, Any]) -> Document:
    livree = m["suivi"]["livraison"]
    return {
        **_terme(m), "etat": m["etat"], "close_le": m["close_le"], "etp_semaines": round(sum(m["etp"]), 2),
        **{nom: round(livree[nom]) for nom in ("convenu", "attendu", "livre", "hors_periode")},
    }  # fmt: skip


def _semaines(avec: Reseau, sans: Reseau, caisse: str, besoin: Mapping[str, Any]) -> Document:
    deux = {"avec": avec.par_semaine(caisse), "sans": sans.par_semaine(caisse)}
    return {
        cas: {
            "sous_socle": sum(v > besoin["socle"] for v in serie.values()),
            "sous_objectif": sum(v > besoin["objectif"] for v in serie.values()),
            "retablie": retablissement(serie, besoin["socle"]),
        }
        for cas, serie in deux.items()
    }


def retablissement(serie: Mapping[str, float], socle: float) -> str | None:
    """The Monday of the first week of the last stretch within ``socle``; None when the last week is not."""
    lundi = None
    for semaine, valeur in serie.items():
        if valeur > socle:
            lundi = None
        elif lundi is None:
            lundi = semaine
    return lundi


def _effet(missions: Sequence[Mapping[str, Any]]) -> list[Document]:
    """What the service measured at the aidée, month by month: of its first mission, the others share its months."""
    if not missions:
        return []
    premiere = min(missions, key=lambda m: (m["debut"], m["id"]))
    return [_mesure(e) for e in _effets(premiere, "aidee")]


def _effets(mission: Mapping[str, Any], cote: str) -> list[Mapping[str, Any]]:
    tous = mission["effet"]["effets"]
    return sorted(
        (e for e in tous if e["cote"] == cote and e["indicateur"] == INDICATEUR), key=lambda e: int(e["horizon"])
    )


def _mesure(e: Mapping[str, Any]) -> Document:
    vue, propre = e["comparaison"]["difference"], e["contre_projection"]
    return {
        "mois": e["mois"], "horizon": e["horizon"], "conclusion": e["conclusion"],
        "comparables": None if vue is None else {nom: round(vue[nom], 1) for nom in ("valeur", "bas", "haut")},
        "projection": None if propre is None else {
            "valeur": round(propre["ecart"], 1), "bas": round(propre["bas"], 1), "haut": round(propre["haut"], 1),
            "niveau": propre["attendue"]["niveau"],
        },
        "reserves": e["reserves"],
    }  # fmt: skip


def _aidante(m: Mapping[str, Any], avec: Reseau, sans: Reseau) -> Document:
    """Its delay over the months of the mission and the next, and what the service says of it last."""
    caisse, premier = m["aidante"], date.fromisoformat(m["debut"]).isoformat()[:7]
    deux = avec.par_mois(caisse), sans.par_mois(caisse)
    mesures = _effets(m, "aidante")
    return {
        "caisse": caisse,
        "mois": [{"mois": mois, "avec": v, "sans": deux[1][mois]} for mois, v in deux[0].items() if mois >= premier],
        "objectif_tenu": {e["mois"]: e["objectif_tenu"] for e in mesures},
        "conclusion": mesures[-1]["conclusion"] if mesures else None,
    }


def _arrondi(valeur: float | None) -> float | None:
    return None if valeur is None else round(valeur, 2)
