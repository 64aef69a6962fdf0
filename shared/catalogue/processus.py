"""Processes as data: what a dossier of each kind is made of, loaded and checked from YAML.

A process names its milestones (*jalons*), which start and stop its clock, which suspend it, who holds the file
between them, its attributes with their closed lists, and the clocks its cells keep. Adding a process is adding
a file to ``processus/``; nothing else in Vigie knows a process by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Regle = Literal["premier", "dernier", "multiple"]
"""How several times of one jalon become one: the earliest, the latest, or the sorted list of all."""

Forme = Literal["dossiers", "flux", "releves"]
"""``dossiers`` are opened and closed (run-off cells); ``flux`` are counted at the hour they arrive (calls, visits);
``releves`` are numbers read on a day (a score, a count of people), each kept with how many times it was read."""

FORMES: tuple[str, ...] = get_args(Forme)

DETENTEURS = ("assure", "employeur", "service_medical", "caisse", "prenante")
"""Whose hands a file can be in (core.md, "delay by holder"); the order of the Σ seconds columns of closed cells."""

HORLOGES_DEDUITES = ("jours_calendaires", "jours_ouvres")
"""Clocks that the day opened and the day closed give at query time; cells do not store them."""

HORLOGES_GARDEES = ("heures", "heures_ouvrees", "jours_hors_suspension", "jours_ouvres_hors_suspension")
"""Clocks that two days cannot give; each is a column of the closed cells, filled when the process declares it."""

AUTRE = "autre"
"""What an attribute value outside its closed list becomes; such values are counted."""

GRANDEUR_MAX = 1_000_000
"""Greatest value a quantity may be declared to have: a cell keeps it in four bytes, sums of it in eight."""

_DOSSIER = Path(__file__).parent / "processus"
_CLES = {
    "process", "libelle", "service", "forme", "unite", "jalons", "start", "stops", "suspensions",
    "detenteurs", "clocks", "attributes", "strates", "grandeurs", "source", "hypothese",
}  # fmt: skip


class CatalogueInvalide(ValueError):
    """A catalogue file contradicts itself; the message lists every fault with its place."""


@dataclass(frozen=True, slots=True)
class Arret:
    """A jalon that closes a dossier, and the outcome (*issue*) it gives.

    ``secondes_max``: when set, a stop within that many seconds of the start gives ``issue_avant`` instead.
    """

    jalon: str
    issue: str
    secondes_max: int | None = None
    issue_avant: str | None = None

    @property
    def issues(self) -> tuple[str, ...]:
        return (self.issue,) if self.issue_avant is None else (self.issue_avant, self.issue)


@dataclass(frozen=True, slots=True)
class Processus:
    """One process of the catalogue. Immutable; the definition in force is what reconstruire applies."""

    code: str
    libelle: str
    service: str
    forme: Forme
    unite: str
    jalons: Mapping[str, Regle]
    depart: tuple[str, ...]
    """Jalons that must all be there for the clock to start; it starts at the latest of them."""
    arrets: tuple[Arret, ...]
    suspensions: tuple[tuple[str, str], ...]
    detenteurs: Mapping[str, str]
    """Jalon (or ``start``) -> who holds the file from then on."""
    horloges: tuple[str, ...]
    attributs: Mapping[str, tuple[str, ...]]
    strates: tuple[str, ...]
    """Attributes that split the cells; every other attribute stays with the dossier."""
    grandeurs: Mapping[str, int] = field(default_factory=dict)
    """Of ``releves``: each quantity an event may give, a whole number from 0, and the greatest it can be."""
    source: str | None = None
    hypothese: bool = False
    """True when part of it is not in the sources; ``source`` says which."""

    @property
    def issues(self) -> tuple[str, ...]:
        """Every outcome, in declared order, without repeats."""
        return tuple(dict.fromkeys(issue for arret in self.arrets for issue in arret.issues))

    @property
    def en_heures(self) -> bool:
        """Whether delays are measured in hours: its cells then keep the hour opened."""
        return "heures" in self.horloges or "heures_ouvrees" in self.horloges


class ProcessusInconnu(KeyError):
    """No process has this code. ``str()`` is a French sentence with the closest names."""

    def __init__(self, code: str, connus: tuple[str, ...]) -> None:
        proches = get_close_matches(code, connus, n=3)
        suite = f" Vouliez-vous dire {' ou '.join(proches)} ?" if proches else f" Connus : {', '.join(connus)}."
        self.phrase = f"Processus inconnu : {code!r}.{suite}"
        super().__init__(self.phrase)

    def __str__(self) -> str:
        return self.phrase


@cache
def charger_processus(dossier: Path = _DOSSIER) -> Mapping[str, Processus]:
    """All processes by code, in alphabetical order. Raises CatalogueInvalide naming every fault found."""
    fautes: list[str] = []
    charges: dict[str, Processus] = {}
    for fichier in sorted(dossier.glob("*.yaml")):
        brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        propres = [f"{fichier.name}: {faute}" for faute in fautes_de(brut, fichier.stem)]
        if propres:
            fautes += propres
        else:
            charges[fichier.stem] = lire_processus(brut)
    if fautes:
        raise CatalogueInvalide("\n".join(fautes))
    return charges


@cache
def charger_derives() -> Mapping[str, Processus]:
    """Derived processes by code: no source sends them, their cells come from dossiers read together."""
    return charger_processus(_DOSSIER / "derives")


@cache
def tous_les_processus() -> Mapping[str, Processus]:
    """Every process that has cells, derived ones included."""
    return {**charger_processus(), **charger_derives()}


def processus(code: str) -> Processus:
    """The process of that code, derived or not. Raises ProcessusInconnu."""
    tous = tous_les_processus()
    if code not in tous:
        raise ProcessusInconnu(code, tuple(tous))
    return tous[code]


def processus_du_service(service: str) -> tuple[Processus, ...]:
    """The processes a service owns, in alphabetical order."""
    return tuple(p for p in charger_processus().values() if p.service == service)


def derives_du_service(service: str) -> tuple[Processus, ...]:
    """The derived processes whose cells a service keeps, in alphabetical order."""
    return tuple(p for p in charger_derives().values() if p.service == service)


def lire_processus(brut: Mapping[str, Any]) -> Processus:
    """Build a process from a checked YAML mapping (see ``fautes_de``)."""
    return Processus(
        code=brut["process"],
        libelle=brut["libelle"],
        service=brut["service"],
        forme=brut["forme"],
        unite=brut["unite"],
        jalons=dict(brut["jalons"]),
        depart=_depart(brut["start"]),
        arrets=tuple(_arret(jalon, sens) for jalon, sens in brut["stops"].items()),
        suspensions=tuple((debut, fin) for debut, fin in brut.get("suspensions", ())),
        detenteurs=dict(brut.get("detenteurs", {})),
        horloges=tuple(brut.get("clocks", ())),
        attributs={nom: tuple(str(v) for v in valeurs) for nom, valeurs in brut.get("attributes", {}).items()},
        strates=tuple(brut.get("strates", ())),
        grandeurs=dict(brut.get("grandeurs", {})),
        source=brut.get("source"),
        hypothese=bool(brut.get("hypothese", False)),
    )


def _depart(brut: str | Mapping[str, list[str]]) -> tuple[str, ...]:
    return (brut,) if isinstance(brut, str) else tuple(brut["toutes"])


def _arret(jalon: str, sens: str | Mapping[str, Any]) -> Arret:
    if isinstance(sens, str):
        return Arret(jalon, sens)
    return Arret(jalon, sens["apres"], int(sens["secondes_max"]), sens["avant"])


def fautes_de(brut: Any, nom_fichier: str) -> list[str]:
    """Every contradiction of one process file, as sentences with their place; empty when it is sound."""
    if not isinstance(brut, dict):
        return ["the file is not a mapping"]
    manquants = {"process", "libelle", "service", "forme", "unite", "jalons", "start", "stops"} - brut.keys()
    if manquants:
        return [f"missing: {', '.join(sorted(manquants))}"]
    jalons = set(brut["jalons"])
    cites = {
        "start": set(_depart(brut["start"])),
        "stops": set(brut["stops"]),
        "suspensions": {j for paire in brut.get("suspensions", ()) for j in paire},
        "detenteurs": set(brut.get("detenteurs", {})) - {"start"},
    }
    fautes = [f"unknown key: {cle}" for cle in sorted(brut.keys() - _CLES)]
    if brut["process"] != nom_fichier:
        fautes.append(f"process: {brut['process']} stands in a file named {nom_fichier}.yaml")
    if brut["forme"] not in FORMES:
        fautes.append(f"forme: {brut['forme']} is not one of {', '.join(FORMES)}")
    fautes += _fautes_grandeurs(brut)
    fautes += [f"{ou}: {j} is not a jalon" for ou, noms in cites.items() for j in sorted(noms - jalons)]
    fautes += [
        f"jalons.{j}: {r} is not premier, dernier or multiple"
        for j, r in brut["jalons"].items()
        if r not in ("premier", "dernier", "multiple")
    ]
    fautes += [
        f"detenteurs.{j}: {d} is not one of {', '.join(DETENTEURS)}"
        for j, d in brut.get("detenteurs", {}).items()
        if d not in DETENTEURS
    ]
    fautes += [
        f"clocks: {h} is not a clock"
        for h in brut.get("clocks", ())
        if h not in (*HORLOGES_DEDUITES, *HORLOGES_GARDEES)
    ]
    fautes += [
        f"strates: {s} is not an attribute" for s in brut.get("strates", ()) if s not in brut.get("attributes", {})
    ]
    return fautes


def _fautes_grandeurs(brut: Mapping[str, Any]) -> list[str]:
    releves, grandeurs = brut["forme"] == "releves", brut.get("grandeurs", {})
    fautes = [] if releves == bool(grandeurs) else ["grandeurs: releves have some, other forms none"]
    if releves == bool(brut["stops"]):
        fautes.append("stops: releves have none, other forms some")
    fautes += [
        f"grandeurs.{nom}: {maximum} is not a whole number from 1 to {GRANDEUR_MAX}"
        for nom, maximum in grandeurs.items()
        if not isinstance(maximum, int) or not 0 < maximum <= GRANDEUR_MAX
    ]
    return fautes + [f"grandeurs.{nom}: is an attribute too" for nom in grandeurs if nom in brut.get("attributes", {})]
