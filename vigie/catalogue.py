"""``vigie indicateurs``: every row of every convention, then what Vigie computes beside them."""

from collections.abc import Iterator, Mapping

from shared.catalogue.conventions import charger_conventions
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.modele_conventions import Cible, Convention, Ligne

CALCULE = "calcule"
DECLARE = "declare"


def lignes() -> Iterator[dict[str, object]]:
    """Rows by convention, oldest first; then the computed indicators that no convention names.

    ``etat``: ``calcule`` (``calcul`` names the computed indicator) or ``declare`` (its values are posted).
    """
    calcules = charger_indicateurs()
    cites: set[str] = set()
    for convention in sorted(charger_conventions().values(), key=lambda c: (c.du, c.code)):
        for ligne in convention.lignes.values():
            if ligne.calcul is not None:
                cites.add(ligne.calcul)
            yield _de_convention(convention, ligne, calcules)
    yield from (_hors_convention(i) for code, i in calcules.items() if code not in cites)


def _de_convention(convention: Convention, ligne: Ligne, calcules: Mapping[str, Indicateur]) -> dict[str, object]:
    calcule = None if ligne.calcul is None else calcules[ligne.calcul]
    return {
        "code": ligne.code,
        "convention": convention.code,
        "libelle": ligne.nom,
        "statistique": ligne.statistique,
        "unite": ligne.unite,
        "sens": ligne.sens,
        "cibles": [_cible(c) for c in ligne.cibles],
        "etat": DECLARE if calcule is None else CALCULE,
        "calcul": ligne.calcul,
        "version": None if calcule is None else calcule.version,
        "lignes": list(ligne.lignes),
    }


def _cible(cible: Cible) -> dict[str, object]:
    return {
        "annee": cible.annee,
        "statut": cible.statut,
        "objectif": None if cible.valeur is None else str(cible.valeur),
        "socle": None if cible.socle is None else str(cible.socle),
        "seuil_alerte": None if cible.seuil_alerte is None else str(cible.seuil_alerte),
        "segment": cible.segment,
        "connu_le": str(cible.connu_le),
        "hypothese": cible.hypothese,
    }


def _hors_convention(indicateur: Indicateur) -> dict[str, object]:
    return {
        "code": indicateur.code,
        "convention": None,
        "libelle": indicateur.libelle,
        "statistique": indicateur.genre,
        "unite": indicateur.unite,
        "sens": indicateur.sens,
        "cibles": [],
        "etat": CALCULE,
        "calcul": indicateur.code,
        "version": indicateur.version,
        "lignes": [],
    }
