"""How a dossier counts, said in one sentence to whoever looks for it on a Monday morning."""

from collections.abc import Callable, Mapping, Sequence

from shared.catalogue.processus import Processus
from shared.dossiers.chronologie import instant_depart
from shared.dossiers.contributions import ATTENTE_MAX, CLOS, DIMENSIONS, EN_COURS, FLUX, OUVERT, RELEVE, Contribution
from shared.dossiers.etat import Valeur
from shared.network.jours import date_de

Nom = Callable[[str, int], str]
"""(column, code) -> the name behind a code."""


def phrase(
    processus: Processus, jalons: Mapping[str, Valeur], a_une_caisse: bool, compte: Sequence[Contribution], nom: Nom
) -> str:
    """How the dossier counts. ``compte``: its kept contributions."""
    if not jalons:
        return "Ne compte pas : tous ses événements ont été retirés, ou n'apportent aucun jalon."
    if not a_une_caisse:
        return "Ne compte pas encore : aucun événement ne dit de quelle caisse il relève."
    if not compte:
        manquants = [j for j in processus.depart if j not in jalons]
        quoi = f"il manque {', '.join(manquants)} pour que l'horloge parte" if manquants else "rien ne le date"
        return f"Ne compte pas encore : {quoi}."
    cellules = {genre: dict(zip(DIMENSIONS[genre], dims, strict=True)) for genre, dims, _ in compte}
    fois = compte[0][2][0]
    pour = f" Compte pour {fois}." if fois != 1 else ""
    if FLUX in cellules:
        return _flux(cellules[FLUX], [dims[-1] for genre, dims, _ in compte if genre != FLUX], nom) + pour
    if RELEVE in cellules:
        return _releve([dict(zip(DIMENSIONS[RELEVE], dims, strict=True)) for _, dims, _ in compte], nom) + pour
    if CLOS in cellules:
        return _clos(cellules[CLOS], nom) + pour
    return _ouvert(processus, jalons, cellules[OUVERT]) + pour


def _flux(cellule: Mapping[str, int], attentes: Sequence[int], nom: Nom) -> str:
    quand = f"arrivé le {_date(cellule['jour'])} à {cellule['heure']} h"
    issue = nom("issue", cellule["issue"])
    if issue == EN_COURS:
        return f"Compte comme {quand}, sans issue encore : il n'entre dans aucun taux."
    if not attentes:
        return f"Compte comme {quand}, issue « {issue} » ; son attente n'est pas connue."
    attente = f"{attentes[0]} s" if attentes[0] < ATTENTE_MAX else f"{ATTENTE_MAX} s ou plus"
    return f"Compte comme {quand}, issue « {issue} », après {attente} d'attente."


def _releve(cellules: Sequence[Mapping[str, int]], nom: Nom) -> str:
    quoi = ", ".join(f"{nom('grandeur', c['grandeur'])} = {c['valeur']}" for c in cellules)
    return f"Compte comme relevé le {_date(cellules[0]['jour'])} : {quoi}."


def _clos(cellule: Mapping[str, int], nom: Nom) -> str:
    jours = cellule["jour_clos"] - cellule["jour_ouvert"]
    duree = "le jour même" if jours == 0 else f"{jours} jour{'s' if jours > 1 else ''} après"
    ailleurs = ""
    if cellule["productrice"] != cellule["caisse"]:
        ailleurs = f" Relève de {nom('caisse', cellule['caisse'])}, traité par {nom('caisse', cellule['productrice'])}."
    return (
        f"Compte comme ouvert le {_date(cellule['jour_ouvert'])} et clos le {_date(cellule['jour_clos'])} ({duree}), "
        f"issue « {nom('issue', cellule['issue'])} »." + ailleurs
    )


def _ouvert(processus: Processus, jalons: Mapping[str, Valeur], cellule: Mapping[str, int]) -> str:
    depuis = f"Compte comme ouvert depuis le {_date(cellule['jour'])}, dans le stock"
    avant = [a.jalon for a in processus.arrets if a.jalon in jalons]
    if avant and instant_depart(processus, jalons) is not None:
        return f"{depuis} : {', '.join(avant)} est daté d'un jour antérieur à l'ouverture, à corriger."
    return f"{depuis}."


def _date(jour: int) -> str:
    return f"{date_de(jour):%d/%m/%Y}"
