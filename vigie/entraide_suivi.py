"""What the follow-up commands of ``vigie entraide`` show: documents of the service as tables and sentences. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from vigie.entraide_tableaux import AUCUN, Morceaux, jour, nombre, tableau

Document = Mapping[str, Any]

_COTES = {"aidee": "aidée", "aidante": "aidante"}

_CONCLUSIONS = {
    "amelioree": "améliorée", "degradee": "dégradée", "non_distinguee": "pas d'effet distingué",
    "pas_assez_de_donnees": "pas assez de données",
}  # fmt: skip

_OUI_NON = {True: "oui", False: "non", None: ""}


def suivi(d: Document) -> Morceaux:
    """Delivered against agreed by week, both caisses, the aidée without the aid, and what is left to do."""
    livree, sans = d["livraison"], d["contrefactuel"]
    semaines = tableau("Semaine du", libres=("Attendu", "Livré", ""))
    for s in livree["semaines"]:
        notes = [mot for mot, vrai in (("en cours", not s["finie"]), ("retard", s["en_retard"])) if vrai]
        notes += ["après la fin"] if s["hors_periode"] else []
        semaines.add_row(jour(s["lundi"]), nombre(s["attendu"]), nombre(s["livre"]), ", ".join(notes))
    vues = tableau("Indicateur", libres=("Aidée", "… productrice", "Aidante", "… productrice"))
    for li in d["attribution"]["indicateurs"]:
        cases = [_valeur(li[cote][vue]) for cote in _COTES for vue in ("responsable", "productrice")]
        vues.add_row(f"{li['libelle']} ({li['unite']})", *cases)
    periode = d["attribution"]
    morceaux: Morceaux = [f"Mission n° {d['mission']['id']}. {livree['phrase']}", semaines]
    morceaux += [f"Du {jour(periode['du'])} au {jour(periode['au'])} :", vues, sans["phrase"], sans["hypothese"]]
    return [*morceaux, d["suite"]["phrase"]] if d["suite"] else morceaux


def _valeur(lue: Document | None) -> str:
    return "" if lue is None else nombre(lue["valeur"], 1)


def effet(d: Document) -> Morceaux:
    """Every month measured, against comparables and against the projection, then what is still to be measured."""
    mesures = tableau("Mois", "Côté", libres=("Indicateur", "Contre ses semblables", "Conclusion", "Attendu", "Vu"))
    for e in d["effets"]:
        propre = e["contre_projection"]
        mesures.add_row(
            e["mois"], _COTES[e["cote"]], e["indicateur"], _intervalle(e["comparaison"]["difference"], e["relative"]),
            _CONCLUSIONS[e["conclusion"]], "" if propre is None else nombre(propre["attendue"]["valeur"], 1),
            nombre(e["comparaison"]["apres"] if propre is None else propre["observee"], 1),
        )  # fmt: skip
    phrases = [f"- {phrase}" for phrase in d["synthese"]["phrases"]]
    reserves = [f"Réserve : {r}" for r in dict.fromkeys(r for e in d["effets"] for r in e["reserves"])]
    attente = sorted({(a["mois"], a["mesurable_le"]) for a in d["a_mesurer"]})
    suite = [f"{mois} sera mesuré le {jour(quand)}." for mois, quand in attente]
    return [f"Mission n° {d['mission']['id']}.", *([mesures] if d["effets"] else []), *phrases, *reserves, *suite]


def _intervalle(vue: Document | None, relative: bool) -> str:
    if vue is None:
        return ""
    return f"{_signe(vue['valeur'])}{_unite(relative)} [{_signe(vue['bas'])} ; {_signe(vue['haut'])}]"


def _unite(relative: bool) -> str:
    return " %" if relative else ""


def _signe(valeur: float) -> str:
    texte = nombre(abs(valeur), 1)
    return texte if texte == "0" else f"{'+' if valeur > 0 else '−'}{texte}"


def rapport(d: Document) -> Morceaux:
    """A line for each process in its own unit, and what could not be read."""
    lignes = tableau(
        "Process", "Missions", "ETP-sem.", libres=("Livré / convenu", "Aidées / aidantes", "Besoin / laissé")
    )
    for p in d["processus"]:
        livre = "inconnu" if p["livre"] is None else nombre(p["livre"])
        lignes.add_row(
            f"{p['process']} ({p['unite']}s)", str(p["missions"]), nombre(p["etp_semaines"], 1),
            f"{livre} / {nombre(p['convenu'])}", f"{len(p['aidees'])} / {len(p['aidantes'])}",
            f"{nombre(p['besoin'])} / {nombre(p['besoin_non_couvert'])}",
        )  # fmt: skip
    effets = tableau("Process", "Côté", libres=("Indicateur", "Caisses", "Effet moyen"))
    for p in d["processus"]:
        for m in p["effets_moyens"]:
            effets.add_row(p["process"], _COTES[m["cote"]], m["indicateur"], str(m["n"]), _moyen(m))
    entete = f"Entraide {d['annee']}, chaque process dans son unité."
    mesures: Morceaux = ["Ce que les missions ont changé, en moyenne des caisses :", effets] if effets.row_count else []
    return [entete, *([lignes] if d["processus"] else [AUCUN]), *mesures, *d["manques"]]


def _moyen(m: Document) -> str:
    return _intervalle(m, m["relative"]) if m["bas"] is not None else f"{_signe(m['valeur'])}{_unite(m['relative'])}"


def fragilites(lues: Sequence[Document]) -> Morceaux:
    lignes = tableau("Caisse", "Process", libres=("Depuis", "Missions"))
    for f in lues:
        lignes.add_row(f["caisse"], f["process"], jour(f["depuis"]), ", ".join(map(str, f["missions"])))
    return [lignes] if lues else [AUCUN]
