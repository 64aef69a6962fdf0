"""Rules of the derived processes as data: which dossiers are contacts, from when a file is late, what is flagged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.catalogue.processus import CatalogueInvalide, charger_derives, charger_processus

TENU = "tenu"
"""A reply that came within the hours of its channel."""

REITERATION, CONTACT_INDUIT = "reiteration", "contact_induit"
"""The two derived processes. The chains of persons that make both are the dossiers of the first."""

AUCUN = "aucun"
"""No earlier contact within ECART_MAX days; no late file."""

ECART_MAX = 30
"""Longest gap told apart, in days: the most that can be asked."""

_FICHIER = Path(__file__).with_name("derives.yaml")


@dataclass(frozen=True, slots=True)
class Limite:
    """Calendar days after which an open file is late. ``population``: attribute -> the only value meant."""

    jours: int
    source: str
    population: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Regles:
    """``jours``: the default number of days of a réitération; ``plus_de`` and ``taux`` (%): a motif above both is
    flagged. ``delais``: channel -> hours within which its replies are counted apart."""

    contacts: tuple[str, ...]
    motif_propre: Mapping[str, str]
    jours: int
    plus_de: int
    taux: int
    limites: Mapping[str, Limite]
    delais: Mapping[str, int] = field(default_factory=dict)


@cache
def charger_regles(fichier: Path = _FICHIER) -> Regles:
    """The rules in force. Raises CatalogueInvalide naming every fault."""
    brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    fautes = list(_fautes(brut))
    if fautes:
        raise CatalogueInvalide("\n".join(f"{fichier.name}: {faute}" for faute in fautes))
    reiteration = brut["reiteration"]
    return Regles(
        contacts=tuple(brut["contacts"]),
        motif_propre=dict(brut["motif_propre"]),
        jours=reiteration["jours"],
        plus_de=reiteration["signal"]["plus_de"],
        taux=reiteration["signal"]["taux"],
        limites={p: Limite(li["jours"], li["source"], li.get("population", {})) for p, li in brut["limites"].items()},
        delais=dict(brut["delais"]),
    )


def tenu_par(process: str) -> str:
    """The process whose dossiers make the cells of another: its own, or the chains of persons."""
    return REITERATION if process in charger_derives() else process


def _fautes(brut: Mapping[str, Any]) -> list[str]:
    tous, induit = charger_processus(), charger_derives()[CONTACT_INDUIT]
    fautes = [f"{p}: not a process" for p in (*brut["contacts"], *brut["limites"]) if p not in tous]
    if not 0 <= brut["reiteration"]["jours"] <= ECART_MAX:
        fautes.append(f"reiteration.jours: from 0 to {ECART_MAX}")
    if fautes:
        return fautes
    fautes += [f"contacts.{p}: not a channel" for p in brut["contacts"] if p not in induit.attributs["canal"]]
    fautes += [
        f"contacts.{p}: the outcome {issue} is not one of {derive.code}"
        for derive in charger_derives().values()
        for p in brut["contacts"]
        for issue in tous[p].issues
        if issue not in derive.issues
    ]
    fautes += [
        f"delais.{p}: not a channel of files"
        for p in brut["delais"]
        if p not in brut["contacts"] or tous[p].forme != "dossiers"
    ]
    for p, limite in brut["limites"].items():
        if p not in induit.attributs["retard"]:
            fautes.append(f"limites.{p}: not a value of retard")
        fautes += [
            f"limites.{p}: {nom}={valeur} is not known"
            for nom, valeur in limite.get("population", {}).items()
            if valeur not in tous[p].attributs.get(nom, ())
        ]
    return fautes
