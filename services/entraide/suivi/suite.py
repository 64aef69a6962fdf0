"""Whether the aid a caisse gets is still of use: its files run off from the Monday that comes, with part of it stopped.

A need is sized on the pace of a crisis, which may be over before the aid is: what says so is looked at every week, and
told to the coordinator of the aidée, who alone releases a team.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.entraide.besoins.aides import Clef, Montees, prevu
from services.entraide.besoins.amonts import Amonts
from services.entraide.besoins.dimensionnement import NonDimensionnable, lire_situations, mesurer
from services.entraide.domain.liberation import superflues
from services.entraide.domain.semaines import Horizon
from services.entraide.domain.telephone import modele
from services.entraide.propositions.lignes import Lue
from services.entraide.suivi.phrases import suite as dire
from shared.network.reseau import charger


@dataclass(frozen=True, slots=True)
class Suite:
    """What is left to do for a mission under way, in the unit of the process. ``volume``: what would be left to absorb
    over the horizon were every aid of the aidée on it to stop on Sunday; None: it cannot be projected, and ``phrase``
    says why. ``utile``: whether this mission must go on for the objectif to be held, the others counted.
    """

    volume: float | None
    utile: bool | None
    phrase: str


async def suites(
    amonts: Amonts, clef: Clef, toutes: Sequence[Lue], maintenant: datetime, echantillon: int, montees: Montees
) -> dict[int, Suite]:
    """Of every active mission of a caisse and process, by number. Raises LectureImpossible."""
    siennes = {
        lue.id: lue
        for lue in toutes
        if (lue.proposition.aidee, lue.proposition.process) == clef and lue.proposition.etat == "active"
    }
    situations = await lire_situations(amonts, {clef}, arretees(toutes), maintenant, {}, echantillon, montees)
    caisse, process = clef
    situation = situations.de(caisse, process)
    if situation is None:
        raison = situations.muets.get(process) or situations.manques.get(process)
        return dict.fromkeys(siennes, Suite(None, None, raison or "La charge de la caisse ne peut être projetée."))
    apports = {numero: _a_venir(lue, situations.horizon, montees) for numero, lue in siennes.items()}
    try:
        taille = await asyncio.to_thread(mesurer, process, situation, situations.tenues[process], situations.horizon)
    except NonDimensionnable as exc:
        return dict.fromkeys(siennes, Suite(None, None, str(exc)))
    libres = await asyncio.to_thread(superflues, process, situation, apports, modele())
    nom = charger().par_slug[caisse].nom
    volume, unite = taille["volume"], taille["unite"]
    return {
        numero: Suite(volume, numero not in libres, dire(volume, unite, nom, numero in libres)) for numero in siennes
    }


def arretees(toutes: Iterable[Lue]) -> list[Lue]:
    """The missions as if those under way had come to their end: what they did counts, nothing is to come."""
    return [
        replace(lue, proposition=replace(lue.proposition, etat="terminee")) if lue.proposition.etat == "active" else lue
        for lue in toutes
        if lue.proposition.etat in ("active", "terminee", "interrompue")
    ]


def _a_venir(lue: Lue, horizon: Horizon, montees: Montees) -> list[float]:
    prevus = prevu(lue, montees)
    return [prevus.get(horizon.lundi(rang), 0.0) for rang in range(horizon.nombre)]
