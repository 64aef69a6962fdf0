"""What the pages read of the entraide service."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.console.amont import Amont, Bloc, bloc
from shared.catalogue.indicateurs import indicateur

VIVANTES = ("proposee", "engagee")
"""States of a proposal that somebody still has to act on before it is a mission."""


COMMENCEES = ("active", "terminee", "interrompue")
"""States of a mission that has an effect to measure."""

EFFETS_MAX = 6
"""Missions of a caisse whose effect its page tells, the most recent; the others have pages of their own."""

Cote = Literal["aidee", "aidante"]


@dataclass(frozen=True, slots=True)
class Attente:
    """A measure to come. ``sans``: the value foreseen before the mission and its bounds; ``raison``: why there is
    none."""

    libelle: str
    unite: str
    mesurable_le: str
    sans: tuple[float, float, float] | None
    raison: str | None


@dataclass(frozen=True, slots=True)
class EffetDuCote:
    """What a mission changed for one of its two caisses: sentences of what is measured, what is still to be."""

    phrases: Sequence[str]
    attentes: Sequence[Attente]


def effet_du_cote(document: Mapping[str, Any], cote: Cote) -> EffetDuCote:
    """One side of what ``/v1/missions/{n}/effet`` says; of what is to come, the first month of each indicator."""
    a_venir: dict[str, Mapping[str, Any]] = {}
    for attente in document["a_mesurer"]:
        if attente["cote"] == cote:
            a_venir.setdefault(attente["indicateur"], attente)
    return EffetDuCote(
        [e["phrase"] for e in document["effets"] if e["cote"] == cote], [_attente(a) for a in a_venir.values()]
    )


def _attente(attente: Mapping[str, Any]) -> Attente:
    defini, prevu = indicateur(attente["indicateur"]), attente["attendu"] or {}
    sans = (prevu["valeur"], prevu["bas"], prevu["haut"]) if "valeur" in prevu else None
    return Attente(defini.libelle, defini.unite, attente["mesurable_le"], sans, prevu.get("raison"))


@dataclass(frozen=True, slots=True)
class Participation:
    """A mission as one of its caisses sees it; ``effet``: None before it starts."""

    mission: Mapping[str, Any]
    cote: Cote
    effet: Bloc[EffetDuCote] | None


async def entraide_de_caisse(amont: Amont, slug: str) -> list[Participation]:
    """The missions that a caisse gives or receives, with what each changed for it."""
    missions = (await amont.lire("entraide", "/v1/missions", {"pour": slug}))["missions"]
    cotes: list[Cote] = ["aidee" if m["aidee"] == slug else "aidante" for m in missions]
    commencees = [rang for rang, m in enumerate(missions) if m["etat"] in COMMENCEES][:EFFETS_MAX]
    lus = await asyncio.gather(*(bloc(_effet(amont, missions[r]["id"], cotes[r])) for r in commencees))
    effets = dict(zip(commencees, lus, strict=True))
    return [Participation(m, cote, effets.get(r)) for r, (m, cote) in enumerate(zip(missions, cotes, strict=True))]


async def _effet(amont: Amont, numero: int, cote: Cote) -> EffetDuCote:
    return effet_du_cote(await amont.lire("entraide", f"/v1/missions/{numero}/effet"), cote)


async def dernier_plan(amont: Amont) -> Any:
    """The last allocation, whole; None when none was made."""
    liste = (await amont.lire("entraide", "/v1/allocations", {"genre": "allocation", "limite": 1}))["allocations"]
    return await amont.lire("entraide", f"/v1/allocations/{liste[0]['id']}") if liste else None
