"""The run-off triangle as a heat map, and the open files by age, from what ``/triangle`` gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from services.console.graphiques.svg import element, figure
from services.console.mots import avec_unite

_PALIERS = 9
_LARGEUR_BARRE, _HAUTEUR_BARRE = 240, 14
VIEUX_JOURS = 28


@dataclass(frozen=True, slots=True)
class Chaleur:
    """``entetes``: weeks since the opening; each row is a week of openings with its cells (words, class)."""

    entetes: Sequence[str]
    lignes: Sequence[tuple[str, int, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Barre:
    """The open files of one age."""

    age: str
    dossiers: int
    dessin: Markup


def tableau_de_chaleur(triangle: Mapping[str, Any]) -> Chaleur:
    """The share of each week's files that are closed so many weeks later; empty where the week is to come."""
    rangs = triangle["semaines"]
    entetes = [f"S+{rang}" if rang else "S" for rang in range(rangs)]
    lignes = []
    for ligne in triangle["lignes"]:
        parts = [_cellule(clos, ligne["ouverts"]) for clos in ligne["clos"]]
        lignes.append((ligne["du"], ligne["ouverts"], [*parts, *[("", "")] * (rangs - len(parts))]))
    return Chaleur(entetes, lignes)


def _cellule(clos: int, ouverts: int) -> tuple[str, str]:
    if not ouverts:
        return "–", ""
    part = clos / ouverts
    return f"{100 * part:.0f}", f"h{min(_PALIERS, int(part * (_PALIERS + 1)))}"


def barres_de_stock(triangle: Mapping[str, Any]) -> list[Barre]:
    """One bar an age; the files older than four weeks are marked."""
    ages = triangle["stock"]
    plus = max((a["dossiers"] for a in ages), default=0) or 1
    return [Barre(_age(a), a["dossiers"], _barre(a, plus)) for a in ages]


def _age(age: Mapping[str, Any]) -> str:
    return f"{age['de']} à {age['a']} jours" if age["a"] is not None else f"{age['de']} jours et plus"


def _barre(age: Mapping[str, Any], plus: int) -> Markup:
    largeur = _LARGEUR_BARRE * age["dossiers"] / plus
    classe = "barre vieille" if age["de"] >= VIEUX_JOURS else "barre"
    dedans = [element("rect", x=0, y=1, width=largeur, height=_HAUTEUR_BARRE - 2)]
    titre = f"{_age(age)} : {avec_unite(age['dossiers'], 'dossiers', 0)}"
    return figure(_LARGEUR_BARRE, _HAUTEUR_BARRE, titre, dedans, classe)
