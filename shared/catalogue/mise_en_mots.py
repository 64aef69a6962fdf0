"""Targets, results and clocks as a French reader expects them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.modele_conventions import Cible, Ligne, Resultat

_STATUTS: Mapping[str, str] = {
    "a_determiner": "à déterminer",
    "absente": "absente",
    "non_applicable": "sans objet",
    "non_fourni": "non fourni",
    "abandonne": "abandonné",
    "non_significatif": "non significatif",
}
_STATISTIQUES: Mapping[str, str] = {
    "moyenne": "moyenne",
    "quantile 9/10": "9e décile",
    "evolution": "évolution",
    "ecart": "écart",
    "non_precisee": "statistique non précisée",
}
_HORLOGES: Mapping[str, str] = {
    "heures": "heures calendaires",
    "heures_ouvrees": "heures des jours ouvrés",
    "jours_calendaires": "jours calendaires",
    "jours_ouvres": "jours ouvrés",
    "jours_hors_suspension": "jours calendaires, suspensions exclues",
    "jours_ouvres_hors_suspension": "jours ouvrés, suspensions exclues",
}


def nombre(valeur: Decimal) -> str:
    """``Decimal("-1234.50")`` as « -1 234,50 », with narrow no-break spaces."""
    return f"{valeur:,}".replace(",", "\u202f").replace(".", ",")


def unite(ligne: Ligne) -> str:
    """The unit of a row, and its statistic where the unit does not tell it."""
    dite = _STATISTIQUES.get(ligne.statistique)
    return f"{ligne.unite}, {dite}" if dite else ligne.unite


def cibles(ligne: Ligne) -> str:
    """The targets of a row, years of one same target together: « 2018-2019 : ≤ 28 ; 2020 : ≤ 27 »."""
    par_annee = [
        (annee, ", ".join(_cible(c) for c in groupe)) for annee, groupe in groupby(ligne.cibles, key=lambda c: c.annee)
    ]
    return "<br>".join(f"{annees} : {mots}" for annees, mots in _suites(par_annee)) or "aucune"


def resultats(ligne: Ligne) -> str:
    """The published results of a row, year by year."""
    par_annee = [
        (annee, ", ".join(_resultat(r) for r in groupe))
        for annee, groupe in groupby(ligne.resultats, key=lambda r: r.annee)
    ]
    return "<br>".join(f"{annees} : {mots}" for annees, mots in _suites(par_annee)) or "aucun"


def horloge(indicateur: Indicateur) -> str:
    """How a computed indicator counts time."""
    nom = indicateur.parametres.get("horloge")
    if nom is not None:
        return _HORLOGES.get(nom, str(nom).replace("_", " "))
    if indicateur.genre == "delai_moyen":
        return "secondes exactes, suspensions comprises, rendues en jours"
    return "secondes" if indicateur.genre.startswith("attente_") else "sans objet"


def _suites(par_annee: Sequence[tuple[int, str]]) -> Iterable[tuple[str, str]]:
    """Consecutive years that say the same, as one."""
    debut = 0
    for i, (annee, mots) in enumerate(par_annee):
        suivante = par_annee[i + 1] if i + 1 < len(par_annee) else None
        if suivante != (annee + 1, mots):
            premiere = par_annee[debut][0]
            yield (str(annee) if premiere == annee else f"{premiere}-{annee}"), mots
            debut = i + 1


def _cible(cible: Cible) -> str:
    mots = _STATUTS.get(cible.statut, "")
    if cible.valeur is not None:
        signe = "+" if cible.base is not None and cible.valeur > 0 else ""
        borne = {">=": "≥ ", "<=": "≤ "}.get(cible.operateur or "", "")
        mots = f"{borne}{signe}{nombre(cible.valeur)}"
        mots += f" ± {nombre(cible.marge)}" if cible.marge is not None else ""
        mots += f" par rapport à {cible.base}" if cible.base is not None else ""
    elif cible.imprime is not None:
        mots = f"{mots} (« {cible.imprime} »)" if mots else cible.imprime
    mots = f"{cible.segment} {mots}" if cible.segment else mots
    mots += f", socle {nombre(cible.socle)}" if cible.socle is not None else ""
    mots += f", seuil d'alerte {nombre(cible.seuil_alerte)}" if cible.seuil_alerte is not None else ""
    mots += " (provisoire)" if cible.statut == "provisoire" else ""
    return mots + (" (hypothèse)" if cible.hypothese else "")


def _resultat(resultat: Resultat) -> str:
    mots = _STATUTS.get(resultat.statut, "")
    if resultat.valeur is not None:
        mots = nombre(resultat.valeur) + (" (prévision)" if resultat.statut == "prevision" else "")
    elif resultat.statut == "qualitatif":
        mots = f"« {resultat.imprime} »"
    return f"{resultat.segment} {mots}" if resultat.segment else mots
