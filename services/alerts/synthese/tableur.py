"""A summary as CSV (RFC 4180): one figure a row, so that a spreadsheet pivots it. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from services.alerts.comite.regles import MESURES
from services.alerts.synthese.comptes import BORNES

COLONNES = ("periode", "partie", "mois", "objet", "mesure", "valeur", "unite")

_COMPTES = ("courriers", "caisses_concernees", *MESURES)


def en_csv(document: Mapping[str, Any]) -> bytes:
    """Every figure of the summary; one that is not known is an empty value."""
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, lineterminator="\r\n")
    ecrivain.writerow(COLONNES)
    for ligne in _lignes(document):
        ecrivain.writerow((document["periode"], *("" if v is None else v for v in ligne)))
    return sortie.getvalue().encode()


Ligne = tuple[str, str | None, str | None, str, float | str | None, str | None]


def _lignes(d: Mapping[str, Any]) -> Iterator[Ligne]:
    for mois in d["comites"]:
        for mesure in ("caisses_examinees", *_COMPTES, "franchissements", *BORNES):
            yield "comite", mois["mois"], mois["etat"], mesure, mois[mesure], None
    for mesure in (*_COMPTES, "comites_clos"):
        yield "total", None, None, mesure, d["total"][mesure], None
    for ligne in d["indicateurs"]:
        yield "indicateur", ligne["mois"], ligne["indicateur"], "mesurees", ligne["mesurees"], "caisses"
        yield from _comparaison("indicateur", ligne["indicateur"], ligne)
    if d["reduction"]["mois"] is not None:
        yield from _comparaison("reduction", "reseau", d["reduction"])
    yield "reduction", None, "reseau", "objectif", d["reduction"]["objectif"], "%"
    for genre, etats in d["suivis"].items():
        for etat, nombre in etats.items():
            yield "suivi", None, genre, etat, nombre, None
    for p in d["entraide"]["processus"]:
        for mesure in ("missions", "caisses_aidees", "caisses_aidantes"):
            yield "entraide", None, p["process"], mesure, p[mesure], None
        for mesure in ("volume_convenu", "besoin", "besoin_non_couvert"):
            yield "entraide", None, p["process"], mesure, p[mesure], p["unite"]
    if not d["entraide"]["disponible"]:
        yield "entraide", None, None, "non disponible", None, None


def _comparaison(partie: str, objet: str, ligne: Mapping[str, Any]) -> Iterator[Ligne]:
    for nom in BORNES:
        yield partie, ligne["mois"], objet, nom, ligne[nom], "caisses"
        yield partie, ligne["mois"], objet, f"{nom}_un_an_avant", ligne["un_an_avant"][nom], "caisses"
        yield partie, ligne["mois"], objet, f"{nom}_evolution", ligne["evolution"][nom], "%"
