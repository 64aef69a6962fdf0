"""Indicators as data: what each one measures, on which process and population, in which unit and version."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from shared.catalogue.derives import charger_regles
from shared.catalogue.processus import CatalogueInvalide, Forme, Processus, charger_derives, tous_les_processus

Genre = Literal[
    "rapport", "nombre", "attente_quantile", "attente_moyenne", "attente_part",
    "delai_moyen", "delai_quantile", "part_issue", "echeance", "stock", "stock_age_quantile",
    "part_strate", "releve_moyenne", "releve_part", "ecart_sources", "part_chaine", "part_nette", "echeance_nette",
]  # fmt: skip
"""Kinds of statistic; shared.indicators computes each from cells."""

FORMES_DU_GENRE: Mapping[Genre, tuple[Forme, ...]] = {
    **dict.fromkeys(("rapport", "nombre", "attente_quantile", "attente_moyenne", "attente_part"), ("flux",)),
    **dict.fromkeys(
        ("delai_moyen", "delai_quantile", "part_issue", "echeance", "stock", "stock_age_quantile", "echeance_nette"),
        ("dossiers",),
    ),
    **dict.fromkeys(("releve_moyenne", "releve_part", "ecart_sources"), ("releves",)),
    "part_chaine": ("flux",),
    **dict.fromkeys(("part_strate", "part_nette"), ("dossiers", "flux")),
}
"""The forms of process whose cells hold what a kind needs."""

SANS_STRATE: tuple[Genre, ...] = ("attente_quantile", "attente_moyenne", "attente_part")
"""Kinds read in the waits, which no stratum splits: a population would be asked and not applied."""

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
    mesures: tuple["Mesure", ...] = ()
    """What it measures in turn, the oldest first, under one name; empty: one thing since ever."""

    def mesure(self, du: date, au: date) -> "Indicateur | None":
        """What it measures from ``du`` to ``au``, both included; None when that changes on the way."""
        if not self.mesures:
            return self
        debut, fin = (
            next(m.indicateur for m in self.mesures if m.jusqu_au is None or jour <= m.jusqu_au) for jour in (du, au)
        )
        return fin if debut is fin else None


@dataclass(frozen=True, slots=True)
class Mesure:
    """What an indicator measures until ``jusqu_au``, included; None: since then."""

    jusqu_au: date | None
    indicateur: Indicateur


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
    brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
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
    for serie in brut.get("series", ()):
        propres = _fautes_de_serie(serie, charges)
        if propres:
            fautes += [f"{serie['code']}: {faute}" for faute in propres]
        else:
            charges[serie["code"]] = _lire_serie(serie, charges)
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
    """The five indicators of a delay: mean, 9th decile, median, open stock and its age."""
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
        "code": f"delai_{suffixe}_mediane",
        "libelle": f"Délai médian : {nom}",
        "statistique": {"delai_quantile": {"issues": issues, "q": [1, 2], "horloge": "jours_calendaires"}},
        "unite": "jours",
        "version": "rang-1",
        "formule": "plus petit délai, en jours entiers, qu'au moins la moitié des dossiers clos n'ont pas dépassé",
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
        service=tous_les_processus()[brut["process"]].service,
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


def _lire_serie(brut: Mapping[str, Any], charges: Mapping[str, Indicateur]) -> Indicateur:
    """An indicator that is others in turn: what it says of itself is what the last one says."""
    mesures = tuple(Mesure(m.get("jusqu_au"), charges[m["de"]]) for m in brut["mesures"])
    return replace(mesures[-1].indicateur, code=brut["code"], libelle=brut["libelle"], mesures=mesures)


def _fautes_de_serie(brut: Mapping[str, Any], charges: Mapping[str, Indicateur]) -> list[str]:
    if brut["code"] in charges:
        return ["declared twice"]
    inconnus = [m["de"] for m in brut["mesures"] if m["de"] not in charges]
    if inconnus:
        return [f"mesures: {code} is not an indicator declared before" for code in inconnus]
    *fins, derniere = [m.get("jusqu_au") for m in brut["mesures"]]
    if not fins or derniere is not None or any(type(jour) is not date for jour in fins) or fins != sorted(set(fins)):
        return ["mesures: every one but the last ends on a day (jusqu_au), in order"]
    communs = {(charges[m["de"]].service, charges[m["de"]].unite, charges[m["de"]].sens) for m in brut["mesures"]}
    return [] if len(communs) == 1 else ["mesures: of different services, units or better ways"]


def _fautes(brut: Mapping[str, Any]) -> list[str]:
    processus = tous_les_processus().get(brut["process"])
    if processus is None:
        return [f"process: {brut['process']} does not exist"]
    ((genre, parametres),) = brut["statistique"].items()
    fautes = [
        f"population: {nom}={valeur} is not a stratum of {processus.code}"
        for nom, valeur in brut.get("population", {}).items()
        if nom not in processus.strates or valeur not in processus.attributs[nom]
    ]
    if genre not in Genre.__args__:  # type: ignore[attr-defined]
        return [*fautes, f"statistique: {genre} is not a kind"]
    if processus.forme not in FORMES_DU_GENRE[genre]:
        fautes.append(f"statistique: {genre} is not known of {processus.code}, whose form is {processus.forme}")
    if genre in SANS_STRATE and brut.get("population"):
        fautes.append(f"population: waits have no stratum, {genre} would not apply it")
    if genre == "echeance_nette" and charger_regles().delais.get(processus.code) != parametres["limite"]:
        fautes.append(
            f"statistique: the réitérations of {processus.code} are not told apart by {parametres['limite']} h"
        )
    return fautes + _fautes_parametres(parametres, processus) + _fautes_sans(parametres.get("sans"))


def _fautes_parametres(parametres: Mapping[str, Any], processus: Processus) -> list[str]:
    """What the parameters of a statistic name that the process does not have."""
    connus: Mapping[str, Collection[str]] = {
        **dict.fromkeys(("issues", "numerateur", "denominateur", "parmi", "tenues", "exclues"), processus.issues),
        "horloge": processus.horloges,
        "attribut": processus.strates,
        "valeurs": processus.attributs.get(parametres.get("attribut", ""), ()),
        "grandeur": processus.grandeurs,
    }
    if processus.forme == "releves":
        connus = {**connus, "numerateur": processus.grandeurs, "denominateur": processus.grandeurs}
    return [
        f"statistique: {nom} is not one of the {cle} of {processus.code}"
        for cle, permis in connus.items()
        for nom in _liste(parametres.get(cle, ()))
        if nom not in permis
    ]


def _fautes_sans(sans: Mapping[str, Any] | None) -> list[str]:
    """What is to be taken away is of a derived process, by one of its strata."""
    if sans is None:
        return []
    derive = charger_derives().get(sans["process"])
    if derive is None:
        return [f"statistique: sans.process: {sans['process']} is not a derived process"]
    if sans["attribut"] not in derive.strates:
        return [f"statistique: sans.attribut: {sans['attribut']} is not a stratum of {derive.code}"]
    permises = derive.attributs[sans["attribut"]]
    return [
        f"statistique: sans.valeurs: {valeur} is not a value of {sans['attribut']}"
        for valeur in sans["valeurs"]
        if valeur not in permises
    ]


def _liste(valeur: str | list[str] | tuple[str, ...]) -> Sequence[str]:
    return (valeur,) if isinstance(valeur, str) else valeur
