"""Entraide that a caisse receives, or is proposed, as entraide told it: what the case file calls under way."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.notifications.avis_entraide import TYPE_PROPOSITION
from services.alerts.notifications.entraide import avis

EN_COURS = frozenset({"proposee", "engagee", "ordonnee", "active"})
"""States of a proposition that has not ended."""

_CHAMPS = ("proposition", "etat", "aidante", "process", "unite", "debut", "fin", "volume")


async def entraides_de(conn: AsyncConnection, caisses: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By helped caisse, what is under way, the oldest proposition first; the last revision heard holds."""
    numero = avis.c.contenu["proposition"].astext.cast(BigInteger)
    revision = avis.c.contenu["revision"].astext.cast(Integer)
    requete = (
        select(avis.c.contenu)
        .ext(distinct_on(numero))
        .where(avis.c.type == TYPE_PROPOSITION, avis.c.contenu["aidee"].astext.in_(caisses))
        .order_by(numero, revision.desc())
    )
    dites: dict[str, list[dict[str, Any]]] = {}
    for (contenu,) in await conn.execute(requete):
        if contenu["etat"] in EN_COURS:
            dites.setdefault(contenu["aidee"], []).append({champ: contenu[champ] for champ in _CHAMPS})
    return dites
