"""What a template receives: every figure, date and name already written as it will be printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.alerts.comite.lettre import NOMS, Modele
from services.alerts.lettres.contenu import Adaptee, Aide, Constat, Courrier, Decision, Part, ProcesVerbal
from services.alerts.lettres.graphique import tracer
from services.alerts.lettres.typographie import (
    INSECABLE,
    decimales_utiles,
    du_mois,
    en_cours_de_phrase,
    grandeur,
    instant,
    intervalle,
    jour,
    mois,
    nombre,
    phrase,
)

Document = dict[str, Any]

_VERDICTS: Mapping[str, str] = {
    "atteint": "objectif atteint",
    "socle_atteint": "socle atteint",
    "sous_le_socle": "sous le socle",
    "seuil_alerte_franchi": "seuil d’alerte franchi",
    "non_mesure": "non mesuré",
    "sans_cible": "sans cible",
    "a_determiner": "cible à déterminer",
}
_DETENTEURS: Mapping[str, str] = {
    "assure": "l’assuré",
    "employeur": "l’employeur",
    "service_medical": "le service médical",
    "caisse": "la caisse",
    "prenante": "la caisse prenante",
    "non_attribue": "non attribué",
}
_A_SA_MAIN = frozenset({"caisse"})
"""What the caisse can change by itself."""
_ISSUES: Mapping[str, str] = {
    "acceptee": "acceptée", "amendee": "amendée", "ecartee": "écartée", "ajoutee": "ajoutée en séance",
}  # fmt: skip
_SIGNE = {"haut": "≥", "bas": "≤"}


@dataclass(frozen=True, slots=True)
class Tirage:
    """What the printing itself adds. ``gabarit``: « preconisation v1 · 3f2a9c01 »."""

    reference: str
    gabarit: str


def vue_courrier(courrier: Courrier, tirage: Tirage) -> Document:
    return {
        "reference": tirage.reference,
        "gabarit": tirage.gabarit,
        "date": jour(courrier.date),
        "jour_iso": courrier.date.isoformat(),
        "mois": phrase(courrier.mois_en_clair).replace(" ", INSECABLE),
        "du-mois": du_mois(courrier.mois_en_clair),
        "caisse": phrase(courrier.caisse.nom),
        "constats": [_constat(c) for c in courrier.indicateurs],
        "motifs": [phrase(m) for m in courrier.motifs],
        "consigne": None if courrier.consigne is None else phrase(courrier.consigne),
        "president": phrase(courrier.president),
        "echeance": None if courrier.echeance is None else jour(courrier.echeance),
        "empreinte": courrier.empreinte,
        "repondre_a": phrase(courrier.repondre_a.nom),
        "moyen": phrase(courrier.repondre_a.moyen),
        "precedents": [phrase(p) for p in courrier.precedents],
        "aides": [_aide(aide) for aide in courrier.aides],
    }


def vue_proces_verbal(pv: ProcesVerbal, tirage: Tirage) -> Document:
    presents = [m for m in pv.membres if m.present]
    return {
        "reference": tirage.reference,
        "gabarit": tirage.gabarit,
        "date": jour(pv.date),
        "jour_iso": pv.date.isoformat(),
        "mois": phrase(pv.mois_en_clair).replace(" ", INSECABLE),
        "du-mois": du_mois(pv.mois_en_clair),
        "president": phrase(pv.president),
        "presents": [_membre(m.nom, m.qualite) for m in presents],
        "absents": [_membre(m.nom, m.qualite) for m in pv.membres if not m.present],
        "quorum": None if pv.quorum is None else str(pv.quorum),
        "nombre_presents": str(len(presents)),
        "empreinte": pv.empreinte,
        "pris_le": None if pv.pris_le is None else instant(pv.pris_le),
        "catalogue": pv.catalogue,
        "caisses_examinees": None if pv.caisses_examinees is None else str(pv.caisses_examinees),
        "fausses_attendues": None if pv.fausses_attendues is None else nombre(pv.fausses_attendues),
        "comptes": _comptes(pv.decisions),
        "caisses": _par_caisse(pv.decisions),
        "observations": [phrase(o) for o in pv.observations],
    }


def _constat(constat: Constat) -> Document:
    unite, cible = constat.unite, constat.cible
    seuil = constat.seuil if constat.seuil is not None or cible is None else cible.seuil_alerte
    valeur = constat.valeur
    decimales = 1 if valeur is None else decimales_utiles(valeur, seuil)
    bornes = constat.intervalle
    executee = constat.executante is not None
    return {
        "libelle": phrase(constat.libelle),
        "libelle_courant": en_cours_de_phrase(phrase(constat.libelle)),
        "valeur": "non mesuré" if valeur is None else grandeur(valeur, unite, decimales),
        "intervalle": "" if bornes is None else intervalle(*bornes, unite),
        "seuil": _borne(seuil, unite),
        "objectif": _borne(None if cible is None else cible.objectif, unite, _SIGNE.get(constat.sens or "", "")),
        "socle": _borne(None if cible is None else cible.socle, unite),
        "verdict": _VERDICTS.get(constat.verdict, phrase(constat.verdict.replace("_", " "))),
        "n": nombre(constat.n, 0),
        "formule": None if constat.formule is None else phrase(constat.formule),
        "periode": None
        if constat.du is None or constat.au is None
        else f"du{INSECABLE}{jour(constat.du)} au{INSECABLE}{jour(constat.au)}",
        "vue": "responsable" if constat.vue == "responsable" else "executante",
        "executante": phrase(constat.executante.nom) if executee and constat.executante else None,
        "graphique": tracer(constat, seuil, decimales),
        "depuis": mois(constat.serie[0].du) if constat.serie else None,
        "detenteurs": _detenteurs(constat.detenteurs or {}),
        "hypothese": cible is not None and cible.hypothese and cible.adaptee is None,
        "adaptee": None if cible is None or cible.adaptee is None else _adaptee(cible.adaptee),
        "contestee": None if constat.contestee is None else phrase(constat.contestee),
        "reserve": None if constat.reserve is None else phrase(constat.reserve),
    }


def _adaptee(adaptee: Adaptee) -> str:
    return f"jusqu’au {jour(adaptee.au)}, par décision du {jour(adaptee.decidee_le)} (évocation n° {adaptee.evocation})"


def _borne(valeur: float | None, unite: str, signe: str = "") -> str | None:
    if valeur is None:
        return None
    texte = grandeur(valeur, unite, 2)
    return f"{signe}{INSECABLE}{texte}" if signe else texte


def _detenteurs(parts: Mapping[str, Part]) -> list[Document]:
    """Holders that held something, the longest first; shares are those of what is shown."""
    tenus = sorted(((d, p) for d, p in parts.items() if p.jours > 0), key=lambda dp: (-dp[1].jours, dp[0]))
    total = sum(p.jours for _, p in tenus)
    return [
        {
            "nom": _DETENTEURS.get(d, phrase(d.replace("_", " "))),
            "jours": grandeur(p.jours, "jours"),
            "part": grandeur(100 * p.jours / total, "%", 0),
            "fraction": round(p.jours / total, 4),
            "a_sa_main": d in _A_SA_MAIN,
        }
        for d, p in tenus
    ]


def _aide(aide: Aide) -> Document:
    return {
        "processus": phrase(aide.processus),
        "volume": f"{nombre(aide.volume, 0)}{INSECABLE}{aide.unite}",
        "periode": f"du{INSECABLE}{jour(aide.du)} au{INSECABLE}{jour(aide.au)}",
        "etp": None if aide.etp is None else f"{nombre(aide.etp)}{INSECABLE}ETP",
        "aidantes": [phrase(a.nom) for a in aide.aidantes],
        "sans_aide": None if aide.sans_aide is None else phrase(aide.sans_aide),
        "avec_aide": None if aide.avec_aide is None else phrase(aide.avec_aide),
    }


def _membre(nom: str, qualite: str | None) -> str:
    return phrase(f"{nom}, {qualite}" if qualite else nom)


def nom_de_mesure(mesure: str) -> str:
    """The French name of a measure by its code."""
    return phrase(next((nom for code, nom in NOMS.items() if code == mesure), mesure.replace("_", " ")))


def _comptes(decisions: tuple[Decision, ...]) -> list[Document]:
    retenues = [d.retenue for d in decisions if d.retenue is not None]
    ordre = [m for m in NOMS if m in retenues] + sorted({r for r in retenues if r not in NOMS})
    lignes: list[Document] = []
    for mesure in ordre:
        concernees = {d.caisse.slug for d in decisions if d.retenue == mesure}
        nom = nom_de_mesure(mesure)
        lignes.append({"mesure": nom, "nombre": str(retenues.count(mesure)), "caisses": str(len(concernees))})
    return lignes


def _par_caisse(decisions: tuple[Decision, ...]) -> list[Document]:
    caisses: dict[str, Document] = {}
    for d in decisions:
        ligne = caisses.setdefault(d.caisse.slug, {"nom": phrase(d.caisse.nom), "decisions": []})
        ligne["decisions"].append(
            {
                "mesure": nom_de_mesure(d.mesure),
                "retenue": None if d.retenue in (None, d.mesure) else nom_de_mesure(d.retenue or ""),
                "issue": _ISSUES[d.issue],
                "indicateurs": [phrase(i) for i in d.indicateurs],
                "motif": None if d.motif is None else phrase(d.motif),
                "dissentiments": [
                    phrase(x.membre if x.motif is None else f"{x.membre} : {x.motif}") for x in d.dissentiments
                ],
            }
        )
    return sorted(caisses.values(), key=lambda c: str(c["nom"]))


def vue_de(modele: Modele, contenu: Courrier | ProcesVerbal, tirage: Tirage) -> Document:
    """The view of any document, with its title."""
    vue = vue_proces_verbal(contenu, tirage) if isinstance(contenu, ProcesVerbal) else vue_courrier(contenu, tirage)
    return {"titre": phrase(NOMS[modele]), **vue}
