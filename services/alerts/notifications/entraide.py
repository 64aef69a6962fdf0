"""Entraide, told to the two caisses: heard on ``vigie.entraide.v1``, kept with the position, then said once each.

The consumer holds the driver's connection and notifications are written through SQLAlchemy: what is heard is kept
first, and said by a round that follows.
"""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec
from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Table, Text, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.assemblage import ServiceAlertes
from services.alerts.domain import NOM
from services.alerts.notifications.avis_entraide import TYPE_PROPOSITION, TYPE_RAPPEL, Changement, Rappel, messages
from services.alerts.notifications.publication import publier_notification
from services.alerts.store.base import transaction
from shared.clock import Clock
from shared.log.consommateur import Consommateur, ReglagesConsommateur
from shared.log.types import Enregistrement
from shared.service.periodique import repeter

TOPIC_ENTRAIDE = "vigie.entraide.v1"
GROUPE = f"{NOM}-entraide"
PERIODE_S = 1.0
LOT = 200

GENRES: dict[str, type[Changement] | type[Rappel]] = {TYPE_PROPOSITION: Changement, TYPE_RAPPEL: Rappel}
"""What is heard, by type; the rest of the topic is for others."""

avis = Table(
    "avis_entraide", MetaData(schema=NOM),
    Column("numero", BigInteger, primary_key=True), Column("cle", Text), Column("type", Text),
    Column("contenu", JSONB), Column("recu_le", DateTime(timezone=True)), Column("dit", Boolean),
)  # fmt: skip


def ddl_avis_entraide(schema: str) -> Sequence[str]:
    """Statements that create the table in ``schema``. ``cle``: the event's ``id``, the same when it comes twice."""
    return [
        f"""CREATE TABLE {schema}.avis_entraide (numero bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            cle text NOT NULL UNIQUE, type text NOT NULL, contenu jsonb NOT NULL, recu_le timestamptz NOT NULL,
            dit boolean NOT NULL DEFAULT false)""",
        f"CREATE INDEX avis_entraide_a_dire ON {schema}.avis_entraide (numero) WHERE NOT dit",
    ]


class _Evenement(msgspec.Struct):
    id: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_lire = msgspec.json.Decoder(_Evenement).decode

Entendu = tuple[str, str, str]
"""(id, type, data as JSON)."""


class TraitementEntraide:
    """The handler of ``vigie.entraide.v1``: what changed, kept with the position."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def preparer(self, records: Sequence[Enregistrement]) -> list[Entendu]:
        entendus = []
        for record in records:
            evenement = _lire(record.value)
            if evenement.type in GENRES:
                msgspec.json.decode(evenement.data, type=GENRES[evenement.type])
                entendus.append((evenement.id, evenement.type, bytes(evenement.data).decode()))
        return entendus

    async def appliquer(self, conn: asyncpg.Connection, lot: list[Entendu], partition: int) -> None:
        del partition
        await conn.executemany(
            f"""INSERT INTO {NOM}.avis_entraide (cle, type, contenu, recu_le) VALUES ($1, $2, $3::jsonb, $4)
            ON CONFLICT DO NOTHING""",
            [(*entendu, self._clock.now()) for entendu in lot],
        )


async def dire(service: ServiceAlertes) -> int:
    """Notify what was heard and is not said yet; how many events. By two at once, or again, each is said once."""
    async with transaction(service.moteur) as conn:
        a_dire = select(avis).where(~avis.c.dit).order_by(avis.c.numero).limit(LOT)
        lignes = (await conn.execute(a_dire.with_for_update(skip_locked=True))).all()
        for ligne in lignes:
            await _dire(conn, service, ligne.cle, msgspec.convert(ligne.contenu, GENRES[ligne.type], strict=False))
        if lignes:
            dits = avis.c.numero.in_([ligne.numero for ligne in lignes])
            await conn.execute(update(avis).where(dits).values(dit=True))
    return len(lignes)


async def _dire(conn: AsyncConnection, service: ServiceAlertes, cle: str, evenement: Changement | Rappel) -> None:
    for message in messages(evenement, service.reglages.entraide_url):
        await publier_notification(
            conn, cle=f"entraide:{cle}:{message.caisse}", caisse=message.caisse, genre="entraide",
            objet=message.objet, texte=message.texte, maintenant=service.clock.now(), accuse_attendu=False,
            donnees={"proposition": evenement.proposition, "revision": evenement.revision, "etat": evenement.etat},
        )  # fmt: skip


async def ecouter_entraide(service: ServiceAlertes, arret: asyncio.Event) -> None:
    """Hear and tell until ``arret``; raises what stops either."""
    await service.journal.assurer_topic(TOPIC_ENTRAIDE, 1)
    consommateur = Consommateur(
        service.journal, service.pool, NOM, GROUPE, TOPIC_ENTRAIDE, TraitementEntraide(service.clock),
        ReglagesConsommateur(attente=0.5),
    )  # fmt: skip
    ecoute = asyncio.create_task(consommateur.executer())
    parole = asyncio.create_task(repeter("avis d'entraide", lambda: dire(service), arret, PERIODE_S))
    try:
        await asyncio.wait((ecoute, parole), return_when=asyncio.FIRST_COMPLETED)
        consommateur.arreter()
        await asyncio.gather(ecoute, parole)
    finally:
        for tache in (ecoute, parole):
            tache.cancel()
        await asyncio.gather(ecoute, parole, return_exceptions=True)
