"""The conventions (COG) and the targets they set, loaded and checked from YAML; chosen by regime and date.

A target has two times: the year it is for, and the day it became known. A past verdict keeps the target that was
known when it was made, whatever an amendment says later.
"""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml

from shared.catalogue.champs import Chargeur
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.lecture_conventions import lire_convention
from shared.catalogue.modele_conventions import Cible, Convention, Ligne, Statistique
from shared.catalogue.processus import CatalogueInvalide

_DOSSIER = Path(__file__).with_name("conventions")
_STATISTIQUE_DU_GENRE: Mapping[str, Statistique] = {"delai_moyen": "moyenne", "delai_quantile": "quantile 9/10"}
"""Kinds of computed indicators that measure one statistic only; a row of another statistic is another measure."""


class ConventionInconnue(KeyError):
    """No convention, row or segment has this name. ``str()`` is a French sentence with the closest names."""

    def __init__(self, quoi: str, nom: str, connus: tuple[str, ...]) -> None:
        proches = get_close_matches(nom, connus, n=3)
        suite = f" Vouliez-vous dire {' ou '.join(proches)} ?" if proches else f" Connus : {', '.join(connus)}."
        self.phrase = f"{quoi} : {nom!r}.{suite}"
        super().__init__(self.phrase)

    def __str__(self) -> str:
        return self.phrase


@cache
def charger_conventions(dossier: Path = _DOSSIER) -> Mapping[str, Convention]:
    """All conventions by code, in alphabetical order. Raises CatalogueInvalide naming every fault with its place."""
    fautes: list[str] = []
    chargees: dict[str, Convention] = {}
    for fichier in sorted(dossier.glob("*.yaml")):
        try:
            # A SafeLoader: only plain values come out of it.
            brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=Chargeur)  # noqa: S506
        except yaml.YAMLError as faute:
            fautes.append(f"{fichier.name}: {' '.join(str(faute).split())}")
            continue
        convention = lire_convention(brut, fichier.name, fautes)
        if convention.code != fichier.stem:
            fautes.append(f"{fichier.name}: convention: {convention.code} stands in a file of another name")
        fautes += _fautes_de_calcul(convention, fichier.name)
        chargees[fichier.stem] = convention
    fautes += _chevauchements(tuple(chargees.values()))
    if fautes:
        raise CatalogueInvalide("\n".join(fautes))
    return chargees


def convention(code: str) -> Convention:
    """The convention of that code. Raises ConventionInconnue."""
    toutes = charger_conventions()
    if code not in toutes:
        raise ConventionInconnue("Convention inconnue", code, tuple(toutes))
    return toutes[code]


def ligne(code_convention: str, code: str) -> Ligne:
    """One row of a convention. Raises ConventionInconnue."""
    lignes = convention(code_convention).lignes
    if code not in lignes:
        raise ConventionInconnue(f"Indicateur inconnu de {code_convention}", code, tuple(lignes))
    return lignes[code]


def convention_de(regime: str, jour: date) -> Convention | None:
    """The convention that binds a regime on a day; None when our sources have none for it."""
    return next((c for c in charger_conventions().values() if c.regime == regime and c.du <= jour <= c.au), None)


@cache
def lignes_calculees() -> Mapping[str, tuple[tuple[Convention, Ligne], ...]]:
    """Code of a computed indicator -> the rows it measures, each with its convention, the oldest first.

    One row of a convention at most: a second would be another target for the same figure.
    """
    trouvees: dict[str, list[tuple[Convention, Ligne]]] = {}
    for conv in sorted(charger_conventions().values(), key=lambda c: (c.du, c.code)):
        for rangee in conv.lignes.values():
            if rangee.calcul is not None:
                trouvees.setdefault(rangee.calcul, []).append((conv, rangee))
    return {calcul: tuple(lignes) for calcul, lignes in trouvees.items()}


def cible(
    code_convention: str, code: str, annee: int, connu_le: date | None = None, segment: str | None = None
) -> Cible:
    """The target of a row for a year, as known on the evening of ``connu_le`` (None: as known now).

    A year the source leaves empty, or one not yet known that day, is *absente*; a year outside the convention is
    *non applicable*. A target given for the whole population holds for each of its segments.

    Raises ConventionInconnue: no such convention, row or segment, or no segment named for a year that has them.
    """
    rangee, en_vigueur = ligne(code_convention, code), convention(code_convention)
    de_l_annee = [c for c in rangee.cibles if c.annee == annee]
    segments = tuple(dict.fromkeys(c.segment for c in de_l_annee if c.segment is not None))
    if segments and segment not in segments:
        raise ConventionInconnue(f"{code}, {annee} : précisez le segment ; inconnu", str(segment), segments)
    connues = [c for c in de_l_annee if c.segment in (segment, None) and (connu_le is None or c.connu_le <= connu_le)]
    if connues:
        return max(connues, key=lambda c: (c.segment is not None, c.connu_le))
    dedans = en_vigueur.du.year <= annee <= en_vigueur.au.year
    return Cible(annee, "absente" if dedans else "non_applicable", None, None, en_vigueur.signature, segment)


def _fautes_de_calcul(convention: Convention, lieu: str) -> list[str]:
    """A computed row measures what the computed indicator does: same unit, same better way, same statistic."""
    calcules = charger_indicateurs()
    fautes = []
    for rangee in convention.lignes.values():
        ou = f"{lieu}, {rangee.code}, calcul"
        if rangee.calcul is None:
            continue
        if any(c.segment is not None for c in rangee.cibles):
            fautes.append(f"{ou}: a computed value has no segments, the targets of the row have")
        if convention.regime is not None and sum(r.calcul == rangee.calcul for r in convention.lignes.values()) > 1:
            fautes.append(f"{ou}: {rangee.calcul} measures several rows of this convention")
        if rangee.calcul not in calcules:
            fautes.append(f"{ou}: {rangee.calcul} is not a computed indicator")
            continue
        calcule = calcules[rangee.calcul]
        if (calcule.unite, calcule.sens) != (rangee.unite, rangee.sens):
            fautes.append(
                f"{ou}: {rangee.calcul} is in {calcule.unite} ({calcule.sens}), "
                f"the row in {rangee.unite} ({rangee.sens})"
            )
        attendue = _STATISTIQUE_DU_GENRE.get(calcule.genre, rangee.statistique)
        if attendue != rangee.statistique:
            fautes.append(f"{ou}: {rangee.calcul} is a {attendue}, the row a {rangee.statistique}")
    return fautes


def _chevauchements(conventions: tuple[Convention, ...]) -> list[str]:
    """Two conventions of one regime never hold on the same day."""
    datees = sorted((c for c in conventions if c.regime is not None), key=lambda c: (c.regime or "", c.du))
    return [
        f"{avant.code} and {apres.code} both bind {avant.regime} on {apres.du}"
        for avant, apres in pairwise(datees)
        if avant.regime == apres.regime and apres.du <= avant.au
    ]
