"""What the twin is told: the YAML files beside it, checked. Each figure's source, or its mark, stands in the file."""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import yaml

DOSSIERS = ("courriel", "fsp", "ij", "cmuc_acs")
"""Processes worked as files, in the order of the twin's arrays."""
PROCESS = ("appel", *DOSSIERS)
"""The five activities PHARE covers (IGAS 2017, tome II, L2844-2851), in the order of the twin's arrays."""


class Entree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files of one way in: days before their last piece comes, then days before they can be worked.

    ``avant``: their DSIJ came before the AAT and waited for it.
    """

    part: float
    retard: int = 0
    integration: int = 0
    avant: bool = False


class Dossier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One process of files; meanings and units in ``parametres.yaml``."""

    volume: int
    etp: float
    source: str
    occupation: float
    norme: float
    dispersion: float
    impatience: int
    appels: float
    hypothese: bool = False
    apres: int = 0
    cycle: int = 0
    incomplets: float = 0.0
    suspension: int = 1
    reprise: float = 0.0
    entrees: tuple[Entree, ...] = (Entree(1.0),)

    @property
    def passages(self) -> float:
        """Times an agent handles a file on average: an incomplete one comes twice."""
        return 1 + self.incomplets


class Pilotage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rappel: float
    surcroit: float
    memoire: int


class Telephone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    volume: int
    etp: float
    source: str
    spontanes: float
    traitement: float
    patience: float
    presence: float
    rigidite: float
    choc_jour: float
    choc_heure: float
    rappel: float
    rappel_meme_jour: float
    dispersion: float
    cycle: float


class Formation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: float
    absents: float


class Effectifs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dispersion: float
    conges: float
    ete: float
    absence: float
    inertie: float
    formation: Formation


class Arrivees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    choc: float
    niveau: float
    inertie: float


class Frequence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Incidents of one kind in an ordinary year: number per caisse and process, days and intensity (from, to)."""

    frequence: float
    jours: tuple[int, int]
    intensite: tuple[float, float]


class Parametres(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``parametres.yaml``."""

    jours_ouvres: int
    dossiers: dict[str, Dossier]
    pilotage: Pilotage
    telephone: Telephone
    effectifs: Effectifs
    arrivees: Arrivees
    tendance: dict[str, float]
    montee_en_charge: tuple[float, ...]
    ordinaire: dict[str, Frequence]

    def etp(self, process: str) -> float:
        """ETP of a process in the whole network."""
        return self.telephone.etp if process == "appel" else self.dossiers[process].etp

    def volume(self, process: str) -> int:
        """Yearly items of a process in the whole network."""
        return self.telephone.volume if process == "appel" else self.dossiers[process].volume

    def rendement(self, process: str) -> float:
        """Handlings per ETP and day worked, when files are there to be worked."""
        d = self.dossiers[process]
        return d.volume * d.passages * (1 + d.reprise) / (d.etp * d.occupation * self.jours_ouvres)


class Conges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """School holidays as (first, last) ``mm-dd``, by zone; ``regions``: zone -> codes of region."""

    regions: dict[str, tuple[str, ...]]
    communs: tuple[tuple[str, str], ...]
    ete: tuple[str, str]
    zones: dict[str, tuple[tuple[str, str], ...]]

    def zone(self, region: str) -> str:
        return next((z for z, regions in self.regions.items() if region in regions), "B")


def lire(nom: str) -> Any:
    """The content of a data file of the twin."""
    return yaml.load((files("simulator.jumeau") / "donnees" / nom).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def parametres() -> Parametres:
    """The settings as shipped."""
    return msgspec.convert(lire("parametres.yaml"), Parametres)


@cache
def conges() -> Conges:
    return msgspec.convert(lire("conges.yaml"), Conges)
