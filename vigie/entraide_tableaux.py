"""What ``vigie entraide`` shows: documents of the service as tables and sentences. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rich.table import Table

Morceaux = list[Any]
"""Tables and lines, in order."""

AUCUN = "Rien à montrer."


def jour(iso: str | None) -> str:
    return "" if iso is None else f"{date.fromisoformat(iso):%d/%m/%Y}"


def nombre(valeur: float | None, decimales: int = 0) -> str:
    """« 1 234,5 », and nothing for None."""
    if valeur is None:
        return ""
    texte = f"{valeur:,.{decimales}f}".replace(",", " ").replace(".", ",")
    return texte.rstrip("0").rstrip(",") if "," in texte else texte


def etp(semaines: Sequence[float]) -> str:
    """« 1,5 » for an even series, « 0,5 à 2 » for another."""
    bas, haut = min(semaines), max(semaines)
    return nombre(haut, 2) if bas == haut else f"{nombre(bas, 2)} à {nombre(haut, 2)}"


def poles(lus: Sequence[Mapping[str, Any]]) -> Morceaux:
    table = tableau("Pôle", "Caisse", libres=("Process", "ETP", "Hypothèse"))
    for p in lus:
        table.add_row(p["cle"], p["caisse"], ", ".join(p["process"]), nombre(p["etp"], 2), _oui(p["hypothese"]))
    return [table, f"{len(lus)} pôles, {nombre(sum(p['etp'] for p in lus), 1)} ETP."] if lus else [AUCUN]


def bilan_d_import(bilan: Mapping[str, Any]) -> Morceaux:
    lignes = [f"Pôles créés : {bilan['crees']} ; modifiés : {bilan['modifies']} ; inchangés : {bilan['inchanges']}."]
    lignes += [f"Ligne {r['ligne']}, {r['colonne'] or 'ligne entière'} : {r['raison']}" for r in bilan["refusees"]]
    return lignes


def besoins(lus: Sequence[Mapping[str, Any]]) -> Morceaux:
    table = tableau("N°", "Caisse", "Process", libres=("Motif", "Période", "Besoin"))
    for b in lus:
        motif = b["motif"].replace("_", " ")
        table.add_row(str(b["id"]), b["caisse"], b["process"], motif, _periode(b), b["phrase"])
    return [table] if lus else [AUCUN]


def besoin(b: Mapping[str, Any]) -> Morceaux:
    return besoins([b])


def plan(document: Mapping[str, Any]) -> Morceaux:
    """A plan kept, or one that is only supposed."""
    contenu = document["plan"]
    titre = f"Plan n° {document['id']}" if "id" in document else "Plan supposé : rien n'est proposé"
    missions = tableau("Aidante", "Aidée", "Process", libres=("Période", "ETP", "Volume"))
    for m in contenu["missions"]:
        semaines = [centiemes / 100 for centiemes in m["etp"]]
        missions.add_row(m["aidante"], m["aidee"], m["process"], _periode(m), etp(semaines), _volume(m))
    suites = tableau("Caisse", "Process", libres=("À absorber", "Sous l'objectif", "Retard final", "Ce qui le retient"))
    for b in contenu["besoins"]:
        suites.add_row(
            b["caisse"], b["process"], _volume(b), _avec_et_sans(b["semaines_sous_objectif"], " sem."),
            _avec_et_sans(b["retard_final"]), b["phrase"],
        )  # fmt: skip
    ecart = "" if contenu["ecart"] is None else f", à {100 * contenu['ecart']:.2f} % au plus du gain idéal"
    entete = f"{titre} ({contenu['methode']}{ecart}), missions : {len(contenu['missions'])}."
    tables = [missions] if contenu["missions"] else []
    propositions_faites = document.get("propositions")
    faites = [f"Propositions : {', '.join(map(str, propositions_faites))}."] if propositions_faites else []
    return [entete, *tables, *([suites] if contenu["besoins"] else []), *faites]


def propositions(lues: Sequence[Mapping[str, Any]]) -> Morceaux:
    table = tableau("N°", "Aidante", "Aidée", "Process", libres=("Termes", "État"))
    for p in lues:
        termes = f"{_periode(p)}, {etp(p['etp'])} ETP, {_volume(p)}"
        attente = f" ; au plus tard le {jour(p['echeance'])} : {', '.join(p['attendues'])}" if p["attendues"] else ""
        table.add_row(str(p["id"]), p["aidante"], p["aidee"], p["process"], termes, p["etat"] + attente)
    return [table] if lues else [AUCUN]


def proposition(p: Mapping[str, Any]) -> Morceaux:
    histoire = Table("Quand", "Commande", "État", "Qui", "Motif", title=f"Proposition n° {p['id']}")
    for ligne in p["historique"]:
        qui = ligne["auteur"] if ligne["au_nom_de"] is None else f"{ligne['auteur']} pour {ligne['au_nom_de']}"
        histoire.add_row(
            ligne["instant"][:16].replace("T", " "), ligne["commande"].replace("_", " "), ligne["vers"],
            f"{qui} ({ligne['par']})", ligne["motif"] or "",
        )  # fmt: skip
    morceaux: Morceaux = [*propositions([p]), histoire]
    if p["prolongation"] is not None:
        demandee = p["prolongation"]
        morceaux.append(f"Prolongation demandée par {demandee['demandee_par']} : jusqu'au {jour(demandee['fin'])}.")
    phrase = p["explication"].get("phrase")
    if phrase:
        morceaux.append(f"Le plan : {phrase}")
    morceaux += [
        f"Possible : {a['commande']}{' (avec un motif)' if a['motif_requis'] else ''}, par {', '.join(a['par'])}"
        for a in p["actions"]
    ]
    return morceaux


def coordination(vue: Mapping[str, Any]) -> Morceaux:
    etats = ", ".join(f"{n} {etat}" for etat, n in vue["par_etat"].items()) or "aucune proposition vivante"
    attentes = Table("Caisse", "Réponses attendues", "Au plus tard", title="Réponses attendues")
    for ligne in vue["reponses_attendues"]:
        attentes.add_row(ligne["caisse"], str(ligne["nombre"]), jour(ligne["prochaine_echeance"]))
    morceaux: Morceaux = [f"En ce moment : {etats}."]
    if vue["reponses_attendues"]:
        morceaux.append(attentes)
    if vue["ordres_attendus"]:
        morceaux += ["Ordres de mission attendus :", *propositions(vue["ordres_attendus"])]
    liberables = [p for p in vue["suites"] if p["utile"] is False]
    if liberables:
        morceaux += ["Équipes qui peuvent être libérées :", *propositions(liberables)]
        morceaux += [f"N° {p['id']}. {p['phrase']}" for p in liberables]
    rendus = vue["besoins_a_reallouer"]
    return [*morceaux, f"Besoins à réallouer : {', '.join(rendus)}."] if rendus else morceaux


def tableau(*entiers: str, libres: Sequence[str]) -> Table:
    """A table whose columns ``entiers`` are never cut, whatever the width of the terminal."""
    table = Table()
    for nom in entiers:
        table.add_column(nom, no_wrap=True)
    for nom in libres:
        table.add_column(nom, overflow="fold")
    return table


def _periode(d: Mapping[str, Any]) -> str:
    return f"du {jour(d['debut'])} au {jour(d['fin'])}"


def _avec_et_sans(paire: Mapping[str, float | None], unite: str = "") -> str:
    """« 9 → 2 »: without aid, then with it; nothing when it has no meaning."""
    if paire["sans"] is None:
        return ""
    return f"{nombre(paire['sans'])} → {nombre(paire['avec'])}{unite}"


def _volume(d: Mapping[str, Any]) -> str:
    return f"{nombre(d['volume'])} {d['unite']}{'s' if d['volume'] >= 2 else ''}"


def _oui(valeur: Any) -> str:
    return "oui" if valeur else ""
