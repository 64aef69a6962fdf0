"""Targets that an évocation adapted for a time, and what live alerts and the comité judge by while they hold. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.alerts.contestations.domain import Adaptation, adapter, seuil_adapte
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.modele_conventions import Cible
from shared.catalogue.seuils import Surveille
from shared.indicators.verdicts import verdict


@dataclass(frozen=True, slots=True)
class CibleAdaptee:
    """What the comité granted to one caisse, and the day it did."""

    caisse: str
    indicateur: str
    adaptation: Adaptation
    decidee_le: date

    @property
    def phrase(self) -> str:
        """The trace, as every figure judged by it shows it."""
        return (
            f"Cible adaptée jusqu'au {self.adaptation.au:%d/%m/%Y}, décision du {self.decidee_le:%d/%m/%Y} "
            f"(évocation n° {self.adaptation.evocation})."
        )

    @property
    def trace(self) -> dict[str, Any]:
        """The same for programs."""
        du, au, evocation = self.adaptation.du, self.adaptation.au, self.adaptation.evocation
        return {
            "du": du.isoformat(), "au": au.isoformat(), "decidee_le": self.decidee_le.isoformat(),
            "evocation": evocation, "phrase": self.phrase,
        }  # fmt: skip


Adaptees = Mapping[tuple[str, str], CibleAdaptee]
"""(caisse, indicator) -> the one that holds on the day judged."""


def indexer(presentes: Iterable[CibleAdaptee]) -> Adaptees:
    """Those of one day: never two for a caisse and an indicator."""
    return {(a.caisse, a.indicateur): a for a in presentes}


def surveille_pour(surveille: Surveille, adaptee: CibleAdaptee | None) -> Surveille:
    """The watched row as one caisse is judged by it: its seuil never asks for more than what was granted.

    ``retour`` moves as much as ``seuil``: what ends an alert stays as far from what opens it.
    """
    if adaptee is None:
        return surveille
    seuil = seuil_adapte(surveille.seuil, adaptee.adaptation.bornes, indicateur(surveille.indicateur).sens)
    return replace(surveille, seuil=seuil, retour=surveille.retour + seuil - surveille.seuil)


def regroupees(surveille: Surveille, adaptees: Adaptees) -> list[tuple[Surveille, Collection[str] | None]]:
    """The watched row and, apart, each one that differs from it by its seuil with its caisses; None: all the others."""
    propres: dict[Surveille, list[str]] = {}
    for (caisse, code), adaptee in adaptees.items():
        if code == surveille.indicateur:
            propre = surveille_pour(surveille, adaptee)
            if propre != surveille:
                propres.setdefault(propre, []).append(caisse)
    return [(surveille, None), *propres.items()]


def juger(
    surveille: Surveille, valeur: Fraction | None, lue: Mapping[str, Any] | None, adaptee: CibleAdaptee
) -> tuple[dict[str, Any], str]:
    """The target of a figure once adapted, with its trace, and the verdict. ``lue``: as its owner answered it."""
    defini = indicateur(surveille.indicateur)
    lue = dict(lue or {})
    cible = Cible(
        lue.get("annee") or adaptee.adaptation.du.year, lue.get("statut") or "absente", _borne(lue.get("objectif")),
        None, date.min, socle=_borne(lue.get("socle")), seuil_alerte=surveille.seuil,
    )  # fmt: skip
    obtenue = adapter(cible, adaptee.adaptation.bornes, defini.sens)
    document = lue | {
        "objectif": _nombre(obtenue.valeur), "socle": _nombre(obtenue.socle),
        "seuil_alerte": _nombre(obtenue.seuil_alerte),
        "adaptee": adaptee.trace | {"objectif_commun": lue.get("objectif"), "socle_commun": lue.get("socle")},
    }  # fmt: skip
    return document, verdict(valeur, obtenue, defini.sens)


def _borne(valeur: float | None) -> Decimal | None:
    return None if valeur is None else Decimal(str(valeur))


def _nombre(borne: Decimal | None) -> float | None:
    return None if borne is None else float(borne)
