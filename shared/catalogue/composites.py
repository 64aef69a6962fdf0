"""Composites as data: which indicators they gather, for how many points, on what scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import yaml

from shared.catalogue.champs import Chargeur
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.processus import CatalogueInvalide

_FICHIER = Path(__file__).with_name("composite_cpg.yaml")


@dataclass(frozen=True, slots=True)
class Bareme:
    """How caisses are scored. ``points``: of each indicator, in the order of the file. ``au_socle``, ``a_l_objectif``:
    share of them there, bounds included. ``reduction_visee``: of the caisses that miss a bound, in a year, in %."""

    code: str
    libelle: str
    points: Mapping[str, Fraction]
    au_socle: Fraction
    a_l_objectif: Fraction
    reduction_visee: Fraction
    hypothese: bool


@cache
def charger_bareme(fichier: Path = _FICHIER) -> Bareme:
    """The scale packaged with Vigie. Raises CatalogueInvalide naming every fault."""
    # A SafeLoader: only plain values come out of it.
    brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=Chargeur)  # noqa: S506
    codes = [ligne["indicateur"] for ligne in brut["composantes"]]
    au_socle, a_l_objectif = Fraction(brut["echelle"]["socle"]), Fraction(brut["echelle"]["objectif"])
    points = {ligne["indicateur"]: Fraction(ligne["points"]) for ligne in brut["composantes"]}
    fautes = [f"{code} is not a computed indicator" for code in codes if code not in charger_indicateurs()]
    fautes += [f"{code} is given twice" for code in points if codes.count(code) > 1]
    fautes += [f"{code}: points must be positive" for code, p in points.items() if p <= 0]
    if not 0 <= au_socle <= a_l_objectif <= 1:
        fautes.append("echelle: socle and objectif are shares, in this order")
    if fautes:
        raise CatalogueInvalide("\n".join(f"{fichier.name}: {faute}" for faute in fautes))
    visee = Fraction(brut["reduction_visee"])
    return Bareme(brut["composite"], brut["libelle"], points, au_socle, a_l_objectif, visee, bool(brut["hypothese"]))
