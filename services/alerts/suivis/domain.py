"""Audits de processus and accompagnements SI: follow-ups with a state, and the yearly capacity for audits. Pure.

An *accompagnement SI* hastens the integration of a process in Diadème (IGAS 2017, tome I, note 24: 10 caisses in 2016).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from services.alerts.suivis.passages import Passages
from shared.catalogue.processus import CatalogueInvalide

FICHIER = Path(__file__).parent / "donnees" / "capacite.yaml"

Genre = Literal["audit", "accompagnement_si"]
Etat = Literal["propose", "programme", "en_cours", "rendu", "clos"]

PASSAGES: Passages = {
    "propose": {"programme": "libre", "clos": "motivee"},
    "programme": {"en_cours": "libre", "propose": "motivee", "clos": "motivee"},
    "en_cours": {"rendu": "libre", "clos": "motivee"},
    "rendu": {"clos": "libre", "en_cours": "motivee"},
}
"""``rendu`` has a conclusion; closing before it, going back, say why."""

ENGAGES: frozenset[Etat] = frozenset({"programme", "en_cours", "rendu", "clos"})
"""States in which an audit holds its days of its year; one given up before it began has no year any more."""


class Effectif(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    auditeurs: int | None = None
    jours_par_auditeur: int | None = None


class Capacite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of the file; see its comments."""

    auditeurs: int
    auditeurs_max: int
    jours_par_auditeur: int
    jours_par_audit: int
    annees: dict[int, Effectif]

    def jours(self, annee: int) -> int:
        """Auditor-days of a year."""
        propre = self.annees.get(annee, Effectif())
        auditeurs = self.auditeurs if propre.auditeurs is None else propre.auditeurs
        par_auditeur = self.jours_par_auditeur if propre.jours_par_auditeur is None else propre.jours_par_auditeur
        return auditeurs * par_auditeur


@cache
def charger_capacite(fichier: Path = FICHIER) -> Capacite:
    """The capacity a file gives. Raises CatalogueInvalide naming the fault."""
    try:
        brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        capacite = msgspec.convert(brut, Capacite, strict=False)
    except msgspec.ValidationError as exc:
        raise CatalogueInvalide(f"{fichier.name}: {exc}") from exc
    effectifs = [capacite.auditeurs, capacite.jours_par_auditeur, capacite.jours_par_audit]
    effectifs += [n for e in capacite.annees.values() for n in (e.auditeurs, e.jours_par_auditeur) if n is not None]
    if min(effectifs) < 0:
        raise CatalogueInvalide(f"{fichier.name}: a number is negative")
    return capacite


@dataclass(frozen=True, slots=True)
class Candidat:
    """An audit that waits for its turn. ``mois_degrades``: of the last twelve; ``ecart``: % of the seuil d'alerte."""

    id: int
    mois_degrades: int
    ecart: float
    jours: int


@dataclass(frozen=True, slots=True)
class Place:
    """``rang``: from 1, the first to do; ``dans_la_capacite``: its days are left once those before have theirs."""

    rang: int
    dans_la_capacite: bool


def classer(candidats: Iterable[Candidat], jours_restants: int) -> Mapping[int, Place]:
    """Rank by how lasting, then how deep, then how old (the number). One too long leaves its turn to a shorter one."""
    places = {}
    for rang, candidat in enumerate(sorted(candidats, key=lambda c: (-c.mois_degrades, -c.ecart, c.id)), 1):
        tient = candidat.jours <= jours_restants
        jours_restants -= candidat.jours if tient else 0
        places[candidat.id] = Place(rang, tient)
    return places
