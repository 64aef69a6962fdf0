"""What PHARE covers and since when, and what an ETP does in a year: data read once, with their sources.

IGAS 2017, tome II, L2844-2851 (activities) and tome I [64] (staff); COG 2018-2022, action 1.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import yaml

from shared.network.jours import jour_de

_DONNEES = Path(__file__).parent.parent / "donnees"


class ProductiviteInconnue(LookupError):
    """No sourced or assumed volume per ETP for this process. The message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Activite:
    """A process PHARE covers from day ``du`` to day ``au`` included (``None``: no end)."""

    process: str
    libelle: str
    voie: str
    remises: tuple[str, ...]
    du: int
    au: int | None
    source: str
    hypothese: bool

    def couvre(self, jour: int) -> bool:
        return self.du <= jour and (self.au is None or jour <= self.au)


@dataclass(frozen=True, slots=True)
class Productivite:
    """Yearly volume per ETP, in the unit of the process; ``hypothese`` when no source gives it."""

    process: str
    volume: float
    unite: str
    source: str
    hypothese: bool

    @property
    def par_jour(self) -> float:
        """Volume per ETP and working day."""
        return self.volume / jours_ouvres_par_an()


def lire(nom: str) -> dict[str, Any]:
    """Content of a data file of entraide."""
    return cast(dict[str, Any], yaml.load((_DONNEES / nom).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


@lru_cache(maxsize=1)
def activites() -> tuple[Activite, ...]:
    """Every dated row, in the order of the file."""
    return tuple(
        Activite(
            process=ligne["process"],
            libelle=ligne["libelle"],
            voie=ligne["voie"],
            remises=tuple(ligne["remises"]),
            du=_jour(ligne["du"]),
            au=_jour(ligne["au"]) if "au" in ligne else None,
            source=ligne["source"],
            hypothese=bool(ligne.get("hypothese", False)),
        )
        for ligne in lire("activites.yaml")["activites"]
    )


def activite(process: str, jour: int) -> Activite | None:
    """The row that covers a process on a day, or None."""
    return next((a for a in activites() if a.process == process and a.couvre(jour)), None)


@lru_cache(maxsize=1)
def libelles() -> Mapping[str, Mapping[str, str]]:
    """Names, in French, of the ways in (``voies``), of the ways of giving files (``remises``), of the obstacles."""
    contenu = lire("activites.yaml")
    return MappingProxyType({famille: contenu[famille] for famille in ("voies", "remises", "obstacles")})


@lru_cache(maxsize=1)
def productivites() -> Mapping[str, Productivite]:
    """Yearly volume per ETP, by process."""
    return MappingProxyType(
        {
            process: Productivite(process, float(p["volume"]), p["unite"], p["source"], bool(p.get("hypothese", False)))
            for process, p in lire("productivites.yaml")["productivites"].items()
        }
    )


def productivite(process: str) -> Productivite:
    """What sizes a need of a process. Raises ProductiviteInconnue."""
    trouvee = productivites().get(process)
    if trouvee is None:
        raise ProductiviteInconnue(
            f"Aucune productivité connue pour « {process} » : le besoin ne peut être dimensionné."
        )
    return trouvee


@lru_cache(maxsize=1)
def jours_ouvres_par_an() -> int:
    return int(lire("productivites.yaml")["jours_ouvres"])


@lru_cache(maxsize=1)
def parametres() -> Mapping[str, Any]:
    """The settings of ``parametres.yaml``."""
    return MappingProxyType(lire("parametres.yaml"))


def _jour(jour: date) -> int:
    return jour_de(jour)
