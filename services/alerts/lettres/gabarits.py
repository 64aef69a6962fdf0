"""The templates: one folder each, one file per version, and the digest of what would be printed with it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from services.alerts.comite.lettre import Modele

DOSSIER = Path(__file__).parent / "modeles"
_COMMUN = "commun"


class GabaritInconnu(LookupError):
    """No such version of this template; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Gabarit:
    """One version of a template. ``empreinte``: SHA-256 of its file and of those it is made with."""

    modele: Modele
    version: int
    empreinte: str

    @property
    def chemin(self) -> Path:
        return DOSSIER / self.modele / f"v{self.version}.typ"

    @property
    def nom(self) -> str:
        """As printed at the foot of the page."""
        return f"{self.modele} v{self.version} · {self.empreinte[:12]}"


@lru_cache(maxsize=64)
def gabarit(modele: Modele, version: int) -> Gabarit:
    """Raises GabaritInconnu."""
    fichier, commun = (DOSSIER / nom / f"v{version}.typ" for nom in (modele, _COMMUN))
    if not fichier.is_file() or not commun.is_file():
        raise GabaritInconnu(f"Le modèle de courrier « {modele} » n'a pas de version {version}.")
    empreinte = hashlib.sha256()
    for octets in (commun.read_bytes(), fichier.read_bytes()):
        empreinte.update(len(octets).to_bytes(8))
        empreinte.update(octets)
    return Gabarit(modele, version, empreinte.hexdigest())


def versions(modele: Modele) -> Sequence[int]:
    """The versions of a template, ascending."""
    return sorted(int(fichier.stem[1:]) for fichier in (DOSSIER / modele).glob("v*.typ"))


def dernier(modele: Modele) -> Gabarit:
    """The version new documents are pinned to. Raises GabaritInconnu."""
    connues = versions(modele)
    return gabarit(modele, connues[-1] if connues else 0)
