"""Series month by month: a control chart (XmR) with its limits and target lines, and a small line without axes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from services.console.graphiques.svg import element, figure, ligne, polyligne, texte
from services.console.mots import avec_unite, mois_clair, mois_court, nombre

_GRADUATIONS = 5
_ECART_ETIQUETTES = 15.0
_REPERES = {"seuil_alerte": "seuil d’alerte", "socle": "socle", "objectif": "objectif"}

Points = Sequence[Mapping[str, Any]]


class _Cadre(NamedTuple):
    """Size of a chart and its margins; ``mois``: the most of them that are named. Labels of lines stand in the right
    margin when there is one, else in the chart."""

    classe: str
    largeur: int
    hauteur: int
    gauche: int
    marge: int
    mois: int

    haut: int = 14
    bas: int = 30

    @property
    def droite(self) -> int:
        return self.largeur - self.marge


_CADRES = (_Cadre("xmr", 760, 300, 48, 128, 12), _Cadre("xmr etroite", 330, 240, 34, 4, 6))
"""A chart shrunk to a phone cannot be read: it has its own, and the stylesheet shows one of the two."""


def carte_xmr(serie: Mapping[str, Any], unite: str, libelle: str) -> Markup | None:
    """The control chart of one caisse, as ``/spc`` gives it, for wide and narrow windows; None with fewer than two
    measured months."""
    if sum(p["valeur"] is not None for p in serie["points"]) < 2:
        return None
    return Markup("").join(_carte(serie, unite, libelle, cadre) for cadre in _CADRES)


def _carte(serie: Mapping[str, Any], unite: str, libelle: str, cadre: _Cadre) -> Markup:
    points = _a_partir_du_premier(serie["points"])
    limites, cible = serie["limites"] or {}, serie["cible"] or {}
    reperes = {mot: cible[nom] for nom, mot in _REPERES.items() if cible.get(nom) is not None}
    poses = [
        *(p["valeur"] for p in points if p["valeur"] is not None),
        *(limites[nom] for nom in ("bas", "haut") if nom in limites),
        *reperes.values(),
    ]
    bas, haut = _plancher(min(poses), unite), _plafond(max(poses), unite)
    x, y = _abscisse(cadre, len(points)), _ordonnee(cadre, bas, haut)
    dessin = _grille(cadre, bas, haut, y)
    if limites:
        dessin.append(_bande(cadre, y(_dans(limites["haut"], bas, haut)), y(_dans(limites["bas"], bas, haut))))
        dessin.append(_trait(cadre, y(limites["moyenne"]), "moyenne"))
    dessin += [_trait(cadre, y(v), f"repere {_classe(nom)}") for nom, v in reperes.items()]
    dessin += [polyligne([(x(i), y(p["valeur"])) for i, p in suite], "serie") for suite in _suites(points)]
    dessin += [_marque(x(i), y(p["valeur"]), p) for i, p in enumerate(points) if p["valeur"] is not None]
    noms = reperes | ({"moyenne": limites["moyenne"]} if limites else {})
    dessin += _etiquettes(cadre, {f"{nom} {nombre(v)}": y(v) for nom, v in noms.items()})
    pas = -(-len(points) // cadre.mois)
    dessin += [
        texte(mois_court(p["du"]), x=x(i), y=float(cadre.hauteur - 10), classe="mois")
        for i, p in enumerate(points)
        if i % pas == 0
    ]
    return figure(cadre.largeur, cadre.hauteur, _phrase(points, libelle, unite), dessin, cadre.classe)


def etincelle(points: Points, libelle: str, unite: str) -> Markup:
    """A small line of the last months, with its last point."""
    largeur, hauteur = 110, 26
    mesures = [p["valeur"] for p in points if p["valeur"] is not None]
    if len(mesures) < 2:
        return Markup("")
    bas, etendue = min(mesures), (max(mesures) - min(mesures)) or 1.0

    def place(rang: int, valeur: float) -> tuple[float, float]:
        return 4 + rang * (largeur - 8) / max(1, len(points) - 1), 4 + (1 - (valeur - bas) / etendue) * (hauteur - 8)

    dessin: list[str] = [polyligne([place(i, p["valeur"]) for i, p in suite], "serie") for suite in _suites(points)]
    rang, valeur = max((i, p["valeur"]) for i, p in enumerate(points) if p["valeur"] is not None)
    cx, cy = place(rang, valeur)
    dessin.append(element("circle", cx=cx, cy=cy, r=3.0, classe="point"))
    return figure(largeur, hauteur, _phrase(points, libelle, unite), dessin, "etincelle")


def _a_partir_du_premier(points: Points) -> Points:
    premier = next((i for i, p in enumerate(points) if p["valeur"] is not None), 0)
    return points[premier:]


def _suites(points: Points) -> list[list[tuple[int, Mapping[str, Any]]]]:
    """Runs of measured months: a missing one breaks the line."""
    suites: list[list[tuple[int, Mapping[str, Any]]]] = [[]]
    for rang, point in enumerate(points):
        if point["valeur"] is None:
            suites.append([])
        else:
            suites[-1].append((rang, point))
    return [s for s in suites if s]


def _abscisse(cadre: _Cadre, n: int) -> Any:
    pas = (cadre.droite - cadre.gauche) / n
    return lambda rang: cadre.gauche + (rang + 0.5) * pas


def _ordonnee(cadre: _Cadre, bas: float, haut: float) -> Any:
    etendue = (haut - bas) or 1.0
    return lambda v: cadre.haut + (1 - (v - bas) / etendue) * (cadre.hauteur - cadre.haut - cadre.bas)


def _plancher(valeur: float, unite: str) -> float:
    return max(0.0, valeur - 1) if unite != "%" else max(0.0, valeur - 2)


def _plafond(valeur: float, unite: str) -> float:
    return min(100.0, valeur + 2) if unite == "%" else valeur + 1


def _dans(valeur: float, bas: float, haut: float) -> float:
    return min(haut, max(bas, valeur))


def _grille(cadre: _Cadre, bas: float, haut: float, y: Any) -> list[str]:
    pas = (haut - bas) / (_GRADUATIONS - 1)
    dessin: list[str] = []
    for valeur in (bas + rang * pas for rang in range(_GRADUATIONS)):
        dessin.append(_trait(cadre, y(valeur), "grille"))
        dessin.append(
            texte(nombre(valeur, 0 if pas >= 2 else 1), x=cadre.gauche - 6.0, y=y(valeur) + 4, classe="graduation")
        )
    return dessin


def _trait(cadre: _Cadre, y: float, classe: str) -> Markup:
    return ligne(cadre.gauche, y, cadre.droite, y, classe)


def _bande(cadre: _Cadre, haut: float, bas: float) -> Markup:
    largeur = cadre.droite - cadre.gauche
    return element("rect", x=cadre.gauche, y=haut, width=largeur, height=max(0.0, bas - haut), classe="limites")


def _marque(x: float, y: float, point: Mapping[str, Any]) -> Markup:
    if point.get("signal"):
        return element("path", d=f"M{x - 6:.1f},{y:.1f}l6,-6l6,6l-6,6z", classe="signal")
    return element("circle", cx=x, cy=y, r=3.5, classe="point")


def _etiquettes(cadre: _Cadre, hauteurs: Mapping[str, float]) -> list[str]:
    """Labels of the lines, beside or on them, pushed down where they would overlap."""
    dessin: list[str] = []
    a_cote = cadre.marge > _ECART_ETIQUETTES
    x, sous = (cadre.droite + 6.0, 4.0) if a_cote else (cadre.droite - 4.0, -3.0)
    derniere = -_ECART_ETIQUETTES
    for nom, hauteur in sorted(hauteurs.items(), key=lambda e: e[1]):
        derniere = max(hauteur + sous, derniere + _ECART_ETIQUETTES)
        dessin.append(texte(nom, x=x, y=derniere, classe="etiquette"))
    return dessin


def _classe(nom: str) -> str:
    return "seuil-alerte" if nom.startswith("seuil") else nom


def _phrase(points: Points, libelle: str, unite: str) -> str:
    lus = [p for p in points if p["valeur"] is not None]
    dernier = lus[-1]
    return (
        f"{libelle}, {len(lus)} mois mesurés : {avec_unite(lus[0]['valeur'], unite)} en {mois_clair(lus[0]['du'])}, "
        f"{avec_unite(dernier['valeur'], unite)} en {mois_clair(dernier['du'])}."
    )
