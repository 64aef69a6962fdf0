"""What entraide tells the comité: heard on the log, attached to the case files.

``vigie.entraide.plan_provisoire.v1`` carries ``data``: ``mois`` (``2026-10``) and ``plans``, one for each need, with
its ``caisse`` and anything to show (process, pôles, weeks, forecast with and without). It may come before the file,
twice, or after a newer one; the last received is shown. ``vigie.entraide.fragilite.v1`` says that a ``caisse`` was
helped too often on a ``process``, since ``depuis``; ``debuts``: first days of those aids.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import asyncpg
import msgspec

from services.alerts.assemblage import ServiceAlertes
from services.alerts.domain import NOM
from shared.clock import Clock
from shared.log.consommateur import Consommateur, ReglagesConsommateur, ecouter
from shared.log.types import Enregistrement

TOPIC_ENTRAIDE = "vigie.entraide.v1"
GROUPE = f"{NOM}-plans"
TYPE_PLAN = "vigie.entraide.plan_provisoire.v1"
TYPE_FRAGILITE = "vigie.entraide.fragilite.v1"


class _Plans(msgspec.Struct):
    mois: str
    plans: Sequence[dict[str, Any]]


class _Fragilite(msgspec.Struct):
    caisse: str
    process: str
    depuis: date
    debuts: Sequence[date]
    phrase: str


class _Evenement(msgspec.Struct):
    id: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_lire = msgspec.json.Decoder(_Evenement).decode
_lire_plans = msgspec.json.Decoder(_Plans).decode
_lire_fragilite = msgspec.json.Decoder(_Fragilite).decode

Piece = tuple[str, str, str, str]
"""(month, caisse, key, content as JSON)."""

Fragilite = tuple[str, str, date, str]
"""(caisse, process, since, content as JSON)."""


class Lot(NamedTuple):
    """What a batch brought."""

    pieces: list[Piece]
    fragilites: list[Fragilite]


class TraitementPlans:
    """The handler of ``vigie.entraide.v1``: provisional plans and weaknesses of a batch, kept with the position."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def preparer(self, records: Sequence[Enregistrement]) -> Lot:
        pieces: dict[tuple[str, str, str], str] = {}
        fragilites: list[Fragilite] = []
        for record in records:
            evenement = _lire(record.value)
            if evenement.type == TYPE_FRAGILITE:
                lue = _lire_fragilite(evenement.data)
                fragilites.append((lue.caisse, lue.process, lue.depuis, msgspec.json.encode(lue).decode()))
            if evenement.type != TYPE_PLAN:
                continue
            recus = _lire_plans(evenement.data)
            par_caisse: dict[str, list[dict[str, Any]]] = {}
            for plan in recus.plans:
                par_caisse.setdefault(plan["caisse"], []).append(plan)
            for caisse, plans in par_caisse.items():
                contenu = msgspec.json.encode({"plans": plans}).decode()
                pieces[recus.mois, caisse, evenement.id] = contenu
        return Lot([(*cle, contenu) for cle, contenu in pieces.items()], fragilites)

    async def appliquer(self, conn: asyncpg.Connection, lot: Lot, partition: int) -> None:
        del partition
        recu_le = self._clock.now()
        await conn.executemany(
            f"""INSERT INTO {NOM}.comite_pieces (mois, caisse, genre, cle, contenu, recu_le)
            VALUES ($1, $2, 'plan_provisoire', $3, $4::jsonb, $5) ON CONFLICT DO NOTHING""",
            [(*piece, recu_le) for piece in lot.pieces],
        )
        await conn.executemany(
            f"""INSERT INTO {NOM}.comite_fragilites (caisse, process, depuis, contenu, recu_le)
            VALUES ($1, $2, $3, $4::jsonb, $5) ON CONFLICT DO NOTHING""",
            [(*fragilite, recu_le) for fragilite in lot.fragilites],
        )


async def ecouter_plans(service: ServiceAlertes, arret: asyncio.Event) -> None:
    """Hear entraide until ``arret``; raises what stops the consumer."""
    await service.journal.assurer_topic(TOPIC_ENTRAIDE, 1)
    consommateur = Consommateur(
        service.journal, service.pool, NOM, GROUPE, TOPIC_ENTRAIDE, TraitementPlans(service.clock),
        ReglagesConsommateur(attente=0.5),
    )  # fmt: skip
    await ecouter(consommateur, arret)
