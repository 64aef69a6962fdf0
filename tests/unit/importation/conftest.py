"""Small files and mappings written inline, converted and read back as plain JSON."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vigie.importation import (
    Evenement,
    LigneIgnoree,
    Mapping,
    RejetLigne,
    construire_mapping,
    convertir,
    lire_mapping,
    lire_yaml,
)

RACINE = Path(__file__).parents[3]
DONNEES = RACINE.parent / "shared" / "data"


@dataclass(frozen=True)
class Bilan:
    """What an import made, by kind; the events as plain JSON."""

    evenements: list[dict[str, Any]]
    lignes: list[int]
    remplaces: list[tuple[str, ...]]
    rejets: list[RejetLigne]
    ignorees: list[LigneIgnoree]

    @property
    def jalons(self) -> list[dict[str, Any]]:
        return [e["data"]["jalons"] for e in self.evenements]

    @property
    def raisons(self) -> list[tuple[int, str]]:
        return [(r.ligne, r.raison) for r in self.rejets]

    @property
    def motifs(self) -> list[tuple[int, str]]:
        return [(i.ligne, i.motif) for i in self.ignorees]


@pytest.fixture(scope="session")
def cle() -> bytes:
    return b"une cle de reseau pour les essais"


@pytest.fixture(scope="session")
def mapping() -> Callable[[str], Mapping]:
    return lambda texte: construire_mapping(lire_yaml(texte))


@pytest.fixture(scope="session")
def bilan(cle: bytes) -> Callable[..., Bilan]:
    """``bilan(file, mapping)`` converts a file and sorts what came out."""

    def bilan(fichier: Path, mapping: Mapping, cle: bytes | None = cle) -> Bilan:
        sorties = list(convertir(fichier, mapping, cle))
        evenements = [s for s in sorties if isinstance(s, Evenement)]
        return Bilan(
            [json.loads(e.corps) for e in evenements],
            [e.ligne for e in evenements],
            [e.remplaces for e in evenements],
            [s for s in sorties if isinstance(s, RejetLigne)],
            [s for s in sorties if isinstance(s, LigneIgnoree)],
        )

    return bilan


@pytest.fixture
def importer(
    tmp_path: Path, bilan: Callable[..., Bilan], mapping: Callable[[str], Mapping], cle: bytes
) -> Callable[..., Bilan]:
    """``importer(yaml, contents, name)``: text is written as UTF-8, and compressed when the name ends in .gz."""

    def importer(texte: str, contenu: str | bytes, nom: str = "f.csv", cle: bytes | None = cle) -> Bilan:
        octets = contenu.encode() if isinstance(contenu, str) else contenu
        fichier = tmp_path / nom
        fichier.write_bytes(gzip.compress(octets) if nom.endswith(".gz") else octets)
        return bilan(fichier, mapping(texte), cle)

    return importer


@pytest.fixture(scope="session")
def exemple(bilan: Callable[..., Bilan]) -> Callable[[str, str], Bilan]:
    """``exemple(name, data file)``: a mapping of examples/ applied to the public data beside the checkout."""

    def exemple(nom: str, donnees: str) -> Bilan:
        if not (DONNEES / donnees).is_file():
            pytest.skip(f"les données publiques ({donnees} dans ../shared/data) ne sont pas à côté du dépôt")
        return bilan(DONNEES / donnees, lire_mapping(RACINE / "examples" / f"{nom}.yaml"))

    return exemple
