"""A value with its interval and its target lines on one axis; and the spread of the network on the same."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from services.console.graphiques.svg import element, figure, ligne
from services.console.mots import avec_unite

_LARGEUR, _HAUTEUR = 220, 26
_MILIEU = 13.0
_MARGE = 0.08
_NOMS = {"objectif": "objectif", "socle": "socle", "seuil_alerte": "seuil d’alerte"}


def jauge(
    valeur: float | None,
    bornes: tuple[float | None, float | None],
    cible: Mapping[str, Any] | None,
    reseau: tuple[float, float, float] | None,
    unite: str,
) -> Markup:
    """``bornes``: the 95 % interval; ``reseau``: D1, median and D9 of the caisses, drawn under it as a band."""
    reperes: dict[str, float | None] = {nom: (cible or {}).get(nom) for nom in _NOMS}
    poses = [v for v in (valeur, *bornes, *reperes.values(), *(reseau or ())) if v is not None]
    if not poses:
        return Markup("")
    bas, haut = min(poses), max(poses)
    marge = ((haut - bas) or abs(haut) or 1.0) * _MARGE
    bas, haut = bas - marge, haut + marge

    def x(v: float) -> float:
        return float((v - bas) / (haut - bas) * _LARGEUR)

    dessin: list[str] = [ligne(0, _MILIEU, _LARGEUR, _MILIEU, "axe")]
    if reseau is not None:
        d1, mediane, d9 = reseau
        dessin.append(element("rect", x=x(d1), y=9, width=max(1.0, x(d9) - x(d1)), height=8, classe="etendue"))
        dessin.append(ligne(x(mediane), 9, x(mediane), 17, "mediane"))
    for nom, repere in reperes.items():
        if repere is not None:
            dessin.append(ligne(x(repere), 2, x(repere), 24, f"repere {nom.replace('_', '-')}"))
    if valeur is not None:
        debut, fin = x(bas if bornes[0] is None else bornes[0]), x(haut if bornes[1] is None else bornes[1])
        dessin.append(ligne(debut, _MILIEU, fin, _MILIEU, "intervalle"))
        dessin.append(element("circle", cx=x(valeur), cy=_MILIEU, r=4.5, classe="valeur"))
    return figure(_LARGEUR, _HAUTEUR, _phrase(valeur, bornes, reperes, reseau, unite), dessin, "jauge")


def _phrase(
    valeur: float | None,
    bornes: tuple[float | None, float | None],
    reperes: Mapping[str, float | None],
    reseau: tuple[float, float, float] | None,
    unite: str,
) -> str:
    dit = [avec_unite(valeur, unite)]
    if bornes != (None, None) and valeur is not None:
        bas, haut = (("sans borne" if b is None else avec_unite(b, unite)) for b in bornes)
        dit.append(f"intervalle à 95 % de {bas} à {haut}")
    dit += [f"{_NOMS[nom]} {avec_unite(v, unite)}" for nom, v in reperes.items() if v is not None]
    if reseau is not None:
        dit.append("réseau : " + ", ".join(avec_unite(v, unite) for v in reseau) + " (1er décile, médiane, 9e décile)")
    return " ; ".join(dit)
