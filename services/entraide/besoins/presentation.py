"""Needs as the API shows them: plain JSON values, of which the ETag is made."""

from typing import Any

from sqlalchemy import Row

_CHAMPS = (
    "id", "cle", "caisse", "process", "motif", "provisoire", "mois", "debut", "fin", "voies", "remise", "couloir",
    "obstacles", "priorite", "arrivees_en_plus", "capacite_en_moins", "constats", "commentaire", "volume",
    "volume_donne", "dimensionnement", "raison", "etat", "revision", "cree_le", "cree_par", "change_le", "clos_le",
    "alloue_par", "dimensionne_le",
)  # fmt: skip

_HORS_ETIQUETTE = ("alloue_par", "raison", "dimensionne_le")
"""What changes without anybody's doing, and does not keep a coordinator from amending."""


def presenter(ligne: Row[Any], couvert: float = 0.0) -> dict[str, Any]:
    """``couvert``: volume that its propositions take off it."""
    document = {champ: getattr(ligne, champ) for champ in _CHAMPS}
    reste = None if ligne.volume is None else max(0.0, round(ligne.volume - couvert, 3))
    return document | {"couvert": round(couvert, 3), "reste": reste, "phrase": _phrase(ligne, reste)}


def pour_l_etiquette(ligne: Row[Any]) -> dict[str, Any]:
    """What the ETag of a need stands for."""
    return {champ: getattr(ligne, champ) for champ in _CHAMPS if champ not in _HORS_ETIQUETTE}


def _phrase(ligne: Row[Any], reste: float | None) -> str:
    if ligne.etat == "clos":
        return "Ce besoin est clos."
    if ligne.etat == "a_dimensionner":
        return f"Pas encore dimensionné. {ligne.raison or ''}".strip()
    if ligne.etat == "non_dimensionne":
        return str(ligne.raison)
    dim = ligne.dimensionnement
    if not ligne.volume:
        return "Rien à absorber : la projection tient l'objectif chaque semaine."
    etp = ligne.volume / dim["volume_par_etp_semaine"]
    phrase = (
        f"{_nombre(ligne.volume, 0)} {dim['unite']}s à absorber, soit {_nombre(etp, 1)} ETP-semaines ; "
        f"il en reste {_nombre(reste or 0.0, 0)}."
    )
    return phrase + (" Conversion en ETP : hypothèse." if dim["hypothese"] else "")


def _nombre(valeur: float, decimales: int) -> str:
    return f"{valeur:,.{decimales}f}".replace(",", "\u202f").replace(".", ",")
