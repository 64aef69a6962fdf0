"""Whether the aid a caisse gets is still of use: its files run off from the Monday that comes, all of it stopped.

A need is sized on the pace of a crisis, which may be over before the aid is: then nothing else says so.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.entraide.besoins.amonts import Amonts
from services.entraide.besoins.dimensionnement import NonDimensionnable, lire_situations, mesurer
from services.entraide.propositions.lignes import Lue
from services.entraide.suivi.phrases import suite as dire
from shared.network.reseau import charger


async def suite(
    amonts: Amonts, lue: Lue, toutes: Iterable[Lue], maintenant: datetime, echantillon: int
) -> dict[str, Any]:
    """What would be left to absorb over the horizon, in the unit of the process, were every aid of the aidée on it to
    stop on Sunday. ``volume`` None: it cannot be projected, and ``phrase`` says why. Raises LectureImpossible.
    """
    p = lue.proposition
    clef = (p.aidee, p.process)
    situations = await lire_situations(amonts, {clef}, arretees(toutes), maintenant, {}, echantillon)
    situation = situations.de(*clef)
    if situation is None:
        raison = situations.muets.get(p.process) or situations.manques.get(p.process)
        return _decrire(None, raison or "La charge de la caisse ne peut être projetée.")
    try:
        taille = await asyncio.to_thread(
            mesurer, p.process, situation, situations.tenues[p.process], situations.horizon
        )
    except NonDimensionnable as exc:
        return _decrire(None, str(exc))
    return _decrire(taille["volume"], dire(taille["volume"], taille["unite"], charger().par_slug[p.aidee].nom))


def arretees(toutes: Iterable[Lue]) -> list[Lue]:
    """The missions as if those under way had come to their end: what they did counts, nothing is to come."""
    return [
        replace(lue, proposition=replace(lue.proposition, etat="terminee")) if lue.proposition.etat == "active" else lue
        for lue in toutes
        if lue.proposition.etat in ("active", "terminee", "interrompue")
    ]


def _decrire(volume: float | None, phrase: str) -> dict[str, Any]:
    return {"volume": volume, "utile": None if volume is None else volume > 0, "phrase": phrase}
