"""Indicators as data: what each one measures, on which process and population, in which unit and version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from shared.catalogue.processus import CatalogueInvalide, charger_processus

Genre = Literal[
    "rapport", "attente_quantile", "attente_moyenne", "attente_part",
    "delai_moyen", "delai_quantile", "part_issue", "echeance", "stock", "stock_age_quantile",
]  # fmt: skip
"""Kinds of statistic; shared.indicators computes each from cells."""

_FICHIER = Path(__file__).with_name("indicateurs.yaml")
SECONDES_PAR_JOUR = 86_400


@dataclass(frozen=True, slots=True)
class Indicateur:
    """One computed indicator. ``parametres`` are those of its kind (see shared.indicators.statistiques)."""

    code: str
    libelle: str
    service: str
    process: str
    population: Mapping[str, str]
    """Attribute (a stratum of the process) -> value kept; empty: everyone."""
    genre: Genre
    parametres: Mapping[str, Any]
    unite: str
    sens: Literal["haut", "bas"]
    version: str
    formule: str
    source: str | None
    hypothese: bool


class IndicateurInconnu(KeyError):
    """No indicator has this code. ``str()`` is a French sentence with the closest names."""

    def __init__(self, code: str, connus: tuple[str, ...]) -> None:
        proches = get_close_matches(code, connus, n=3)
        suite = f" Vouliez-vous dire {' ou '.join(proches)} ?" if proches else ""
        self.phrase = f"Indicateur inconnu : {code!r}.{suite} La liste : vigie indicateurs."
        super().__init__(self.phrase)

    def __str__(self) -> str:
        return self.phrase


@cache
def charger_indicateurs(fichier: Path = _FICHIER) -> Mapping[str, Indicateur]:
    """All computed indicators by code, in the order of the file. Raises CatalogueInvalide."""
    brut = yaml.safe_load(fichier.read_text(encoding="utf-8"))
    charges: dict[str, Indicateur] = {}
    fautes: list[str] = []
    for entree in (*brut["indicateurs"], *(e for famille in brut["delais"] for e in _famille(famille))):
        propres = _fautes(entree)
        if entree["code"] in charges:
            propres.append("declared twice")
        if propres:
            fautes += [f"{entree['code']}: {faute}" for faute in propres]
        else:
            charges[entree["code"]] = _lire(entree)
    if fautes:
        raise CatalogueInvalide("\n".join(fautes))
    return charges


def indicateur(code: str) -> Indicateur:
    """The indicator of that code. Raises IndicateurInconnu."""
    tous = charger_indicateurs()
    if code not in tous:
        raise IndicateurInconnu(code, tuple(tous))
    return tous[code]


def indicateurs_du_service(service: str) -> tuple[Indicateur, ...]:
    """The indicators computed by a service, in the order of the file."""
    return tuple(i for i in charger_indicateurs().values() if i.service == service)


def _famille(famille: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The four indicators of a delay: mean, 9th decile, open stock and its age."""
    commun = {"process": famille["process"], "population": famille["population"], "sens": "bas"}
    suffixe, nom, issues = famille["suffixe"], famille["nom"], famille["issues"]
    yield commun | {
        "code": f"delai_{suffixe}_moyen",
        "libelle": f"Délai moyen : {nom}",
        "statistique": {"delai_moyen": {"issues": issues}},
        "unite": "jours",
        "version": "secondes-exactes-1",
        "formule": "somme des durées (en secondes, suspensions comprises) / 86 400 / dossiers clos dans la période",
    }
    yield commun | {
        "code": f"delai_{suffixe}_d9",
        "libelle": f"9e décile du délai : {nom}",
        "statistique": {"delai_quantile": {"issues": issues, "q": [9, 10], "horloge": "jours_calendaires"}},
        "unite": "jours",
        "version": "rang-1",
        "formule": "plus petit délai, en jours entiers, qu'au moins 90 % des dossiers clos n'ont pas dépassé",
    }
    yield commun | {
        "code": f"stock_{suffixe}",
        "libelle": f"Dossiers en instance : {nom}",
        "statistique": {"stock": {}},
        "unite": "dossiers",
        "version": "ouverts-moins-clos-1",
        "formule": "dossiers ouverts moins dossiers clos, au soir du dernier jour de la période",
    }
    yield commun | {
        "code": f"age_stock_{suffixe}_d9",
        "libelle": f"9e décile de l'âge du stock : {nom}",
        "statistique": {"stock_age_quantile": {"q": [9, 10], "horloge": "jours_calendaires"}},
        "unite": "jours",
        "version": "rang-1",
        "formule": "plus petit âge qu'au moins 90 % des dossiers en instance n'ont pas dépassé, au dernier jour",
    }


def _lire(brut: Mapping[str, Any]) -> Indicateur:
    ((genre, parametres),) = brut["statistique"].items()
    return Indicateur(
        code=brut["code"],
        libelle=brut["libelle"],
        service=charger_processus()[brut["process"]].service,
        process=brut["process"],
        population=dict(brut.get("population", {})),
        genre=genre,
        parametres=parametres,
        unite=brut["unite"],
        sens=brut["sens"],
        version=brut["version"],
        formule=brut["formule"],
        source=brut.get("source"),
        hypothese=bool(brut.get("hypothese", False)),
    )


def _fautes(brut: Mapping[str, Any]) -> list[str]:
    processus = charger_processus().get(brut["process"])
    if processus is None:
        return [f"process: {brut['process']} does not exist"]
    ((genre, parametres),) = brut["statistique"].items()
    fautes = [
        f"population: {nom}={valeur} is not a stratum of {processus.code}"
        for nom, valeur in brut.get("population", {}).items()
        if nom not in processus.strates or valeur not in processus.attributs[nom]
    ]
    if genre not in Genre.__args__:  # type: ignore[attr-defined]
        fautes.append(f"statistique: {genre} is not a kind")
    issues = {
        issue
        for cle in ("issues", "numerateur", "denominateur", "parmi", "tenues", "exclues")
        for issue in parametres.get(cle, ())
    }
    fautes += [
        f"statistique: {i} is not an outcome of {processus.code}" for i in sorted(issues - set(processus.issues))
    ]
    return fautes
