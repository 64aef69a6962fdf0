"""From a view to bytes with typst: same template and data, same bytes; no system font, no clock, no network."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import typst

from services.alerts.comite.lettre import Modele
from services.alerts.lettres.contenu import lire
from services.alerts.lettres.gabarits import DOSSIER, Gabarit
from services.alerts.lettres.vue import Tirage, vue_de

_PPP = 110.0
"""Pixels per inch of the pictures: to look at a page on a screen."""


class RenduImpossible(RuntimeError):
    """The template does not compile with this view: a fault of the program, not of the data."""


def pdf(gabarit: Gabarit, reference: str, donnees: Mapping[str, Any]) -> bytes:
    """The PDF. Takes about 20 ms of processor: call it in a thread. Raises ContenuInvalide, RenduImpossible."""
    (octets,) = _composer(gabarit, reference, donnees, "pdf")
    return octets


def pages(gabarit: Gabarit, reference: str, donnees: Mapping[str, Any]) -> list[bytes]:
    """Each page as a PNG."""
    return _composer(gabarit, reference, donnees, "png")


def _composer(
    gabarit: Gabarit, reference: str, donnees: Mapping[str, Any], forme: Literal["pdf", "png"]
) -> list[bytes]:
    modele: Modele = gabarit.modele
    contenu = lire(modele, donnees)
    vue = vue_de(modele, contenu, Tirage(reference, gabarit.nom))
    try:
        return composer(gabarit.chemin, vue, contenu.date, forme)
    except RenduImpossible as exc:
        raise RenduImpossible(f"{gabarit.nom} : {exc}") from exc


def composer(chemin: Path, vue: Mapping[str, Any], le: date, forme: Literal["pdf", "png"]) -> list[bytes]:
    """One PDF, or one PNG a page, of a template under ``DOSSIER`` and its view. Raises RenduImpossible."""
    try:
        rendu = typst.compile(
            chemin,
            root=DOSSIER,
            font_paths=_polices(),
            ignore_system_fonts=True,
            format=forme,
            ppi=_PPP,
            sys_inputs={"vue": msgspec.json.encode(vue).decode()},
            timestamp=datetime(le.year, le.month, le.day, tzinfo=UTC),
        )
    except typst.TypstError as exc:
        raise RenduImpossible(str(exc)) from exc
    return list(rendu) if isinstance(rendu, list) else [rendu or b""]


@lru_cache(maxsize=1)
def _polices() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)
