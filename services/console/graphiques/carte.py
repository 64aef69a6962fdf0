"""The map: one tile a department, as many to look at for a small one as for a large."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from markupsafe import Markup

from services.console.graphiques.svg import element, figure, texte

_FICHIER = Path(__file__).with_name("carte.yaml")
COTE = 40
_ECART = 3


class Case(NamedTuple):
    """What one tile shows. ``titre``: the whole of it in words."""

    forme: str
    classe: str
    titre: str
    lien: str


@cache
def places() -> Mapping[str, tuple[int, int]]:
    """Column and row of each department."""
    lignes = yaml.load(_FICHIER.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        nom: (colonne, rang)
        for rang, ligne in enumerate(lignes)
        for colonne, nom in enumerate(ligne.split())
        if nom != "."
    }


def dessiner(cases: Mapping[str, Case], titre: str) -> Markup:
    """The tiles of these departments; the others are left as empty frames."""
    tuiles = [_tuile(nom, x, y, cases.get(nom)) for nom, (x, y) in places().items()]
    largeur = (max(x for x, _ in places().values()) + 1) * COTE
    hauteur = (max(y for _, y in places().values()) + 1) * COTE
    return figure(largeur, hauteur, titre, tuiles, "carte", role="group")


def _tuile(nom: str, x: int, y: int, case: Case | None) -> Markup:
    gauche, haut, cote = x * COTE, y * COTE, COTE - _ECART
    cadre = {"x": gauche, "y": haut, "width": cote, "height": cote, "rx": 4}
    numero = texte(nom, x=gauche + cote / 2, y=haut + 15.0, classe="departement")
    if case is None:
        return element("g", element("rect", **cadre), numero, classe="tuile vide", aria_hidden="true")
    forme = texte(case.forme, x=gauche + cote / 2, y=haut + 31.0, classe="forme")
    dedans = (element("title", Markup.escape(case.titre)), element("rect", **cadre), numero, forme)
    return element("a", *dedans, href=case.lien, classe=f"tuile {case.classe}", aria_label=case.titre)
