"""Acts of a comité, written: one event, its effects and its announcement in the caller's transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite import besoins, store
from services.alerts.comite.calendrier import Mois
from services.alerts.comite.seance import ActeRefuse, Evenement, Seance, TypeEvenement, rejouer
from services.alerts.domain import NOM, TOPIC_ALERTES
from services.alerts.store.base import pilote
from shared.log.envoi import publier


@dataclass(frozen=True, slots=True)
class Acte:
    """What was just written: the comité's row, its present and the event."""

    mois: Mois
    ligne: Row[Any]
    seance: Seance
    evenement: Evenement


async def acter(
    conn: AsyncConnection,
    mois: Mois,
    type_: TypeEvenement,
    par: str,
    instant: datetime,
    faire: Callable[[Seance], Mapping[str, Any]],
) -> Acte:
    """Do what ``faire`` allows now, under the comité's lock. Raises ActeRefuse, also when there is no such comité."""
    if await store.lire_comite(conn, mois, pour_ecrire=True) is None:
        raise ActeRefuse(f"Le comité de {mois.en_clair} n'est pas préparé.")
    seance, rang = await store.lire_seance(conn, mois)
    return await inscrire(conn, mois, rang + 1, Evenement(type_, instant, par, faire(seance)), seance)


async def inscrire(conn: AsyncConnection, mois: Mois, rang: int, evenement: Evenement, avant: Seance) -> Acte:
    """Write an event of this rank, and announce it whole: the log alone replays the séance."""
    apres = rejouer([evenement], avant)
    ligne = await store.ajouter(conn, mois, rang, evenement, apres)
    donnees = {"rang": rang, "acte": evenement.type, "par": evenement.par, "donnees": evenement.donnees}
    await annoncer(conn, mois, besoins.TYPE_SEANCE, f"comite-{mois}-{rang}", evenement.instant, donnees)
    return Acte(mois, ligne, apres, evenement)


async def annoncer(
    conn: AsyncConnection, mois: Mois, type_: str, identifiant: str, instant: datetime, donnees: Mapping[str, Any]
) -> None:
    """Put one event of the comité in the outbox, in the caller's transaction."""
    corps = msgspec.json.encode(besoins.evenement(type_, identifiant, instant, mois, donnees))
    await publier(await pilote(conn), NOM, TOPIC_ALERTES, f"comite|{mois}".encode(), corps)
