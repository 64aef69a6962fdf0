"""Gaming detectors as data: what each compares, on which process, and from when it is worth a question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from shared.catalogue.champs import Chargeur
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.processus import CatalogueInvalide, Processus, charger_processus

_FICHIER = Path(__file__).with_name("detecteurs.yaml")

GenreDetecteur = Literal[
    "ecremage", "clotures_rouvertes", "accords_incomplets", "abandons_apres_echeance", "gonflement_abandons_courts"
]


@dataclass(frozen=True, slots=True)
class Detecteur:
    """One detector on one process. ``seuil``: beyond it, not at it, with ``minimum`` items or more, it alerts.

    ``parametres``: those of its kind (delai and age: codes of indicators; issues, parmi, horloge, limite).
    """

    code: str
    libelle: str
    formule: str
    genre: GenreDetecteur
    process: str
    service: str
    seuil: Fraction
    minimum: int
    parametres: Mapping[str, Any]


@cache
def charger_detecteurs(fichier: Path = _FICHIER) -> Mapping[str, Detecteur]:
    """All detectors by code, in the order of the file. Raises CatalogueInvalide."""
    # A SafeLoader: only plain values come out of it.
    brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=Chargeur)  # noqa: S506
    charges: dict[str, Detecteur] = {}
    fautes: list[str] = []
    for ligne in brut["detecteurs"]:
        fautes += [f"{fichier.name}, {ligne['code']}: {faute}" for faute in _fautes(ligne)]
        if not fautes:
            charges |= {d.code: d for d in _detecteurs(ligne, int(brut["minimum"]))}
    if fautes:
        raise CatalogueInvalide("\n".join(fautes))
    return charges


def detecteurs_du_service(service: str) -> tuple[Detecteur, ...]:
    """The detectors of a service's processes, in the order of the file."""
    return tuple(d for d in charger_detecteurs().values() if d.service == service)


def _detecteurs(ligne: Mapping[str, Any], minimum: int) -> Iterator[Detecteur]:
    for suffixe, processus, parametres in _cas(ligne):
        yield Detecteur(
            code=ligne["code"] + suffixe,
            libelle=ligne["libelle"],
            formule=ligne["formule"],
            genre=ligne["genre"],
            process=processus.code,
            service=processus.service,
            seuil=Fraction(ligne["seuil"]),
            minimum=minimum,
            parametres=parametres,
        )


def _cas(ligne: Mapping[str, Any]) -> Iterator[tuple[str, Processus, Mapping[str, Any]]]:
    """What one row of the file stands for: (end of the code, process, parameters)."""
    tous = charger_processus()
    if ligne["genre"] == "ecremage":
        for code, indicateur in charger_indicateurs().items():
            suffixe = code.removeprefix("delai").removesuffix("_d9")
            age = f"age_stock{suffixe}_d9"
            if code == f"delai{suffixe}_d9" and age in charger_indicateurs():
                yield suffixe, tous[indicateur.process], {"delai": code, "age": age}
    elif ligne["genre"] == "clotures_rouvertes":
        yield from ((f"_{p.code}", p, {}) for p in tous.values() if p.forme == "dossiers")
    else:
        cles = ("issues", "parmi", "horloge", "limite")
        yield "", tous[ligne["processus"]], {cle: ligne[cle] for cle in cles if cle in ligne}


def _fautes(ligne: Mapping[str, Any]) -> list[str]:
    if ligne["genre"] not in get_args(GenreDetecteur):
        return [f"genre: {ligne['genre']} is not a kind"]
    code = ligne.get("processus")
    if code is None:
        return []
    if code not in charger_processus():
        return [f"processus: {code} does not exist"]
    issues = {*ligne.get("issues", ()), *ligne.get("parmi", ())}
    return [f"{i} is not an outcome of {code}" for i in sorted(issues - set(charger_processus()[code].issues))]
