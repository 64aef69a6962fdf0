"""A small chart as plain geometry: what the template draws, in fractions of its frame. No text but the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.alerts.lettres.contenu import Cible, Constat, Point
from services.alerts.lettres.typographie import mois_court, nombre

_MARGE = 0.25
"""Share of the height left free above and below what is drawn."""
_POINTS_MAX = 13
_ECART_ETIQUETTES = 0.13
"""Least distance between two labels of lines, in share of the height."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """A horizontal line of reference. ``etiquette``: where its label goes, apart from the others."""

    nom: str
    y: float
    etiquette: float


def tracer(constat: Constat, seuil: float | None, decimales: int) -> dict[str, Any] | None:
    """The series of an indicator with its lines of reference; None with fewer than two measured points.

    ``segments``: runs of measured points, broken where a month is missing; x and y from 0 (left, top) to 1.
    """
    points = constat.serie[-_POINTS_MAX:]
    mesures = [p.valeur for p in points if p.valeur is not None]
    if len(mesures) < 2:
        return None
    references = _references(constat, seuil)
    bas, haut = min(*mesures, *references.values()), max(*mesures, *references.values())
    etendue = (haut - bas) or 1.0
    bas, haut = bas - _MARGE * etendue, haut + _MARGE * etendue

    def y(valeur: float) -> float:
        return round(1 - (valeur - bas) / (haut - bas), 4)

    return {
        "segments": _segments(points, y),
        "lignes": [{"nom": li.nom, "y": li.y, "etiquette": li.etiquette} for li in _etiqueter(references, y)],
        "mois": [{"x": _x(i, len(points)), "nom": mois_court(p.du)} for i, p in enumerate(points)],
        "dernier": _dernier(points, y, decimales),
    }


def _references(constat: Constat, seuil: float | None) -> dict[str, float]:
    cible = constat.cible or Cible()
    lues = {"seuil d’alerte": seuil, "objectif": cible.objectif, "socle": cible.socle}
    return {f"{nom} {nombre(v)}": v for nom, v in lues.items() if v is not None}


def _etiqueter(references: dict[str, float], y: Any) -> list[Ligne]:
    lignes: list[Ligne] = []
    derniere = -1.0
    for nom, valeur in sorted(references.items(), key=lambda r: -r[1]):
        derniere = max(y(valeur), derniere + _ECART_ETIQUETTES)
        lignes.append(Ligne(nom, y(valeur), round(derniere, 4)))
    return lignes


def _x(rang: int, nombre_points: int) -> float:
    return round((rang + 0.5) / nombre_points, 4)


def _segments(points: Sequence[Point], y: Any) -> list[list[tuple[float, float]]]:
    segments: list[list[tuple[float, float]]] = [[]]
    for rang, point in enumerate(points):
        if point.valeur is not None:
            segments[-1].append((_x(rang, len(points)), y(point.valeur)))
        elif segments[-1]:
            segments.append([])
    return [s for s in segments if s]


def _dernier(points: Sequence[Point], y: Any, decimales: int) -> dict[str, Any]:
    rang, valeur = max((i, p.valeur) for i, p in enumerate(points) if p.valeur is not None)
    return {"x": _x(rang, len(points)), "y": y(valeur), "texte": nombre(valeur, decimales)}
