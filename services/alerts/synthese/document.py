"""A summary on paper, in the house style of the letters: figures arrive in the template already written."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.alerts.comite.calendrier import lire_mois
from services.alerts.comite.lettre import NOMS
from services.alerts.comite.regles import MESURES
from services.alerts.lettres.gabarits import DOSSIER
from services.alerts.lettres.rendu import composer
from services.alerts.lettres.typographie import INSECABLE, grandeur, jour, nombre, phrase
from services.alerts.synthese.comptes import BORNES

GABARIT = DOSSIER / "synthese" / "v1.typ"

ABSENT = "—"

_SUIVIS = {"audit": "Audits de processus", "accompagnement_si": "Accompagnements SI"}
_ETATS = {"propose": "proposé", "programme": "programmé", "en_cours": "en cours", "rendu": "rendu", "clos": "clos"}
_ACCORDES = frozenset({"propose", "programme", "rendu"})
_SEANCES = {"en_preparation": "en préparation", "preparee": "préparé", "en_seance": "en séance", "close": "clos"}


def en_pdf(document: Mapping[str, Any], le: date) -> bytes:
    """The PDF of a summary printed on a day. Takes about 50 ms of processor: call it in a thread."""
    (octets,) = composer(GABARIT, vue(document, le), le, "pdf")
    return octets


def pages(document: Mapping[str, Any], le: date) -> list[bytes]:
    """Each page as a PNG."""
    return composer(GABARIT, vue(document, le), le, "png")


def vue(d: Mapping[str, Any], le: date) -> dict[str, Any]:
    """What the template prints."""
    return {
        "titre": f"Synthèse du réseau, {d['libelle']}",
        "reference": f"synthese/{d['periode']}",
        "gabarit": "synthese v1",
        "date": jour(le),
        "jour_iso": le.isoformat(),
        "periode": phrase(d["libelle"]).replace(" ", INSECABLE),
        "total": {nom: nombre(valeur, 0) for nom, valeur in d["total"].items()},
        "mesures": [{"nom": phrase(NOMS[m]), "nombre": nombre(d["total"][m], 0)} for m in MESURES],
        "comites": [_comite(c) for c in d["comites"]],
        "indicateurs": [{"libelle": phrase(i["libelle"]), **_comparaison(i)} for i in d["indicateurs"]],
        "mois_lu": _mois_lu(d["reduction"]["mois"]),
        "reduction": _reduction(d["reduction"]),
        "suivis": [_suivi(genre, etats) for genre, etats in d["suivis"].items()],
        "entraide": [_aide(p) for p in d["entraide"]["processus"]],
        "entraide_phrase": None if d["entraide"]["disponible"] else phrase(d["entraide"]["phrase"]),
    }


def _mois_lu(mois: str | None) -> str | None:
    return None if mois is None else lire_mois(mois).en_clair.replace(" ", INSECABLE)


def _comite(c: Mapping[str, Any]) -> dict[str, str]:
    comptes = ("caisses_examinees", "courriers", "caisses_concernees", "franchissements", *BORNES)
    return {"mois": lire_mois(c["mois"]).en_clair, "etat": _SEANCES[c["etat"]], **{n: nombre(c[n], 0) for n in comptes}}


def _comparaison(ligne: Mapping[str, Any]) -> dict[str, Any]:
    """For each bound: how many caisses, a year before, and the change."""
    return {
        nom: {
            "nombre": nombre(ligne[nom], 0),
            "avant": _ou_absent(ligne["un_an_avant"][nom]),
            "evolution": _evolution(ligne["evolution"][nom]),
            "tenu": ligne["objectif_tenu"][nom],
        }
        for nom in BORNES
    }


def _reduction(r: Mapping[str, Any]) -> dict[str, Any]:
    objectif = grandeur(r["objectif"], "%")
    return {"objectif": objectif, "bornes": None if r["mois"] is None else _comparaison(r)}


def _evolution(valeur: float | None) -> str:
    if valeur is None:
        return ABSENT
    signe = "+" if valeur > 0 else "\N{MINUS SIGN}" if valeur < 0 else ""
    return signe + grandeur(abs(valeur), "%")


def _ou_absent(valeur: float | None) -> str:
    return ABSENT if valeur is None else nombre(valeur, 0)


def _suivi(genre: str, etats: Mapping[str, int]) -> dict[str, str]:
    dits = [f"{n}{INSECABLE}{_ETATS[e]}{'s' if n > 1 and e in _ACCORDES else ''}" for e, n in etats.items()]
    return {"nom": _SUIVIS[genre], "nombre": nombre(sum(etats.values()), 0), "etats": ", ".join(dits) or "aucun"}


def _aide(p: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "libelle": phrase(p["libelle"]),
        "missions": nombre(p["missions"], 0),
        "aidees": nombre(p["caisses_aidees"], 0),
        "aidantes": nombre(p["caisses_aidantes"], 0),
        "convenu": _volume(p["volume_convenu"], p["unite"]),
        "besoin": _volume(p["besoin"], p["unite"]),
        "non_couvert": _volume(p["besoin_non_couvert"], p["unite"]),
    }


def _volume(valeur: float | None, unite: str | None) -> str:
    if valeur is None:
        return "non disponible"
    pluriel = "s" if unite and valeur >= 2 else ""
    return nombre(valeur, 0) if not unite else f"{nombre(valeur, 0)}{INSECABLE}{unite}{pluriel}"
