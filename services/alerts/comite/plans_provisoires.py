"""What entraide answers to the provisional needs: heard on the log, attached to the case files.

``vigie.entraide.plan_provisoire.v1`` carries ``data``: ``mois`` (``2026-10``) and ``plans``, one for each need, with
its ``caisse`` and anything to show (process, pôles, weeks, forecast with and without). It may come before the file,
twice, or after a newer one; the last received is shown.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from services.alerts.assemblage import ServiceAlertes
from services.alerts.domain import NOM
from shared.clock import Clock
from shared.log.consommateur import Consommateur, ReglagesConsommateur
from shared.log.types import Enregistrement

TOPIC_ENTRAIDE = "vigie.entraide.v1"
GROUPE = f"{NOM}-plans"
TYPE_PLAN = "vigie.entraide.plan_provisoire.v1"


class _Plans(msgspec.Struct):
    mois: str
    plans: Sequence[dict[str, Any]]


class _Evenement(msgspec.Struct):
    id: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_lire = msgspec.json.Decoder(_Evenement).decode
_lire_plans = msgspec.json.Decoder(_Plans).decode

Piece = tuple[str, str, str, str]
"""(month, caisse, key, content as JSON)."""


class TraitementPlans:
    """The handler of ``vigie.entraide.v1``: the provisional plans of a batch, kept with the position."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def preparer(self, records: Sequence[Enregistrement]) -> list[Piece]:
        pieces: dict[tuple[str, str, str], str] = {}
        for record in records:
            evenement = _lire(record.value)
            if evenement.type != TYPE_PLAN:
                continue
            recus = _lire_plans(evenement.data)
            par_caisse: dict[str, list[dict[str, Any]]] = {}
            for plan in recus.plans:
                par_caisse.setdefault(plan["caisse"], []).append(plan)
            for caisse, plans in par_caisse.items():
                contenu = msgspec.json.encode({"plans": plans}).decode()
                pieces[recus.mois, caisse, evenement.id] = contenu
        return [(*cle, contenu) for cle, contenu in pieces.items()]

    async def appliquer(self, conn: asyncpg.Connection, lot: list[Piece], partition: int) -> None:
        del partition
        await conn.executemany(
            f"""INSERT INTO {NOM}.comite_pieces (mois, caisse, genre, cle, contenu, recu_le)
            VALUES ($1, $2, 'plan_provisoire', $3, $4::jsonb, $5) ON CONFLICT DO NOTHING""",
            [(*piece, self._clock.now()) for piece in lot],
        )


async def ecouter_plans(service: ServiceAlertes, arret: asyncio.Event) -> None:
    """Hear entraide until ``arret``; raises what stops the consumer."""
    await service.journal.assurer_topic(TOPIC_ENTRAIDE, 1)
    consommateur = Consommateur(
        service.journal, service.pool, NOM, GROUPE, TOPIC_ENTRAIDE, TraitementPlans(service.clock),
        ReglagesConsommateur(attente=0.5),
    )  # fmt: skip
    ecoute = asyncio.create_task(consommateur.executer())
    demande = asyncio.create_task(arret.wait())
    try:
        await asyncio.wait((ecoute, demande), return_when=asyncio.FIRST_COMPLETED)
        consommateur.arreter()
        await ecoute
    finally:
        for tache in (ecoute, demande):
            tache.cancel()
        await asyncio.gather(ecoute, demande, return_exceptions=True)
