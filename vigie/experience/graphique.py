"""The chart of the experiment: paired differences and their intervals, as a small SVG that needs no library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, isnan

from vigie.experience.bilan import Intervalle

_LARGEUR, _MARGE, _DROITE, _LIGNE = 760, 190, 30, 46
_COULEURS = {"premier_demandeur": "#b35900", "premier_prudent": "#6b6b6b", "vigie": "#005a9c"}


@dataclass(frozen=True, slots=True)
class Ligne:
    """One row of the chart: its label and, by policy, the difference with no aid."""

    libelle: str
    points: dict[str, Intervalle]


def dessiner(titre: str, lignes: Sequence[Ligne], noms: dict[str, str]) -> str:
    """The SVG: a point and a whisker per policy and row, around a line at zero."""
    bornes = [0.0] + [v for ligne in lignes for i in ligne.points.values() for v in (i.bas, i.haut, i.moyenne)]
    connues = [v for v in bornes if not isnan(v)]
    pas = _pas(max(connues) - min(connues))
    bas, haut = pas * (-ceil(-min(connues) / pas)), pas * ceil(max(connues) / pas)
    haut = max(haut, bas + pas)
    largeur = _LARGEUR - _MARGE - _DROITE

    def x(valeur: float) -> float:
        return round(_MARGE + largeur * (valeur - bas) / (haut - bas), 1)

    hauteur = 84 + _LIGNE * len(lignes)
    traits = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LARGEUR} {hauteur}" role="img"',
        '  font-family="sans-serif">',
        f"<title>{escape(titre)}</title>",
        f'<rect width="{_LARGEUR}" height="{hauteur}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(titre)}</text>',
    ]
    for rang, (cle, nom) in enumerate(noms.items()):
        gauche = _MARGE + 190 * rang
        traits.append(f'<circle cx="{gauche}" cy="40" r="5" fill="{_COULEURS[cle]}"/>')
        traits.append(f'<text x="{gauche + 12}" y="45" font-size="13">{escape(nom)}</text>')
    fond = 56 + _LIGNE * len(lignes)
    for k in range(round((haut - bas) / pas) + 1):
        valeur = bas + k * pas
        couleur, epais = ("#333333", 1.5) if abs(valeur) < pas / 2 else ("#dddddd", 1)
        traits.append(
            f'<line x1="{x(valeur)}" x2="{x(valeur)}" y1="56" y2="{fond}" stroke="{couleur}" stroke-width="{epais}"/>'
        )
        texte = f"{valeur:+.0f}" if valeur else "0"
        traits.append(f'<text x="{x(valeur)}" y="{fond + 18}" font-size="12" text-anchor="middle">{texte}</text>')
    for rang, ligne in enumerate(lignes):
        milieu = 56 + _LIGNE * rang + _LIGNE / 2
        traits.append(f'<text x="12" y="{milieu + 4}" font-size="13">{escape(ligne.libelle)}</text>')
        for place, (cle, i) in enumerate(ligne.points.items()):
            y = milieu + 14 * (place - (len(ligne.points) - 1) / 2)
            if not isnan(i.bas):
                traits.append(_trait(x(i.bas), x(i.haut), y, y, _COULEURS[cle], 2.5))
            traits.append(f'<circle cx="{x(i.moyenne)}" cy="{y}" r="5" fill="{_COULEURS[cle]}"/>')
    return "\n".join([*traits, "</svg>", ""])


def _trait(x1: float, x2: float, y1: float, y2: float, couleur: str, epais: float) -> str:
    return f'<line x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}" stroke="{couleur}" stroke-width="{epais}"/>'


def _pas(etendue: float) -> float:
    """A round step that cuts the span in ten at most."""
    pas = 1.0
    for facteur in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000):
        pas = float(facteur)
        if etendue / pas <= 10:
            break
    return pas
