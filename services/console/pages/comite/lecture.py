"""What the pages of the comité read: one month, its case files in the order they are read."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.console.amont import Amont
from shared.service.erreurs import Introuvable


@dataclass(frozen=True, slots=True)
class Mois:
    """A comité as it stands; ``vu``: the ETag an act on it names."""

    document: Mapping[str, Any]
    vu: str
    dossiers: Sequence[Mapping[str, Any]]

    @property
    def mesures_par_caisse(self) -> dict[str, list[Mapping[str, Any]]]:
        rangees: dict[str, list[Mapping[str, Any]]] = {}
        for mesure in self.document["mesures"]:
            rangees.setdefault(mesure["caisse"], []).append(mesure)
        return rangees

    def voisins(self, slug: str) -> tuple[str | None, str | None, int]:
        """The caisse before, the caisse after, and the place of this one from 1. Raises Introuvable."""
        slugs = [d["caisse"] for d in self.dossiers]
        if slug not in slugs:
            raise Introuvable("Cette caisse n’a pas de dossier ce mois-là : aucun franchissement.")
        rang = slugs.index(slug)
        return (slugs[rang - 1] if rang else None), (slugs[rang + 1] if rang + 1 < len(slugs) else None), rang + 1


async def lire_mois(amont: Amont, mois: str) -> Mois:
    """The month with its case files: those with a measure to decide first, then the proven crossings, the rest."""
    lu, dossiers = await asyncio.gather(
        amont.lire_avec_etag("alerts", f"/v1/comites/{mois}"), amont.lire("alerts", f"/v1/comites/{mois}/dossiers")
    )
    return Mois(lu.document, lu.etag or "", sorted(dossiers["dossiers"], key=_ordre))


def _ordre(dossier: Mapping[str, Any]) -> tuple[int, int, int, str]:
    averes = sum(c["gravite"] == "avere" for c in dossier["constats"])
    return (-len(dossier["mesures"]), -averes, -len(dossier["constats"]), dossier["caisse"])
