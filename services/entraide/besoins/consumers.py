"""What the comité asks: heard on ``vigie.alertes.v1``, written down as needs in the transaction of the position."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import asyncpg
import httpx
import msgspec

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.inscription import COMITE, NouveauBesoin, clore, remplacer
from services.entraide.domain import NOM, TOPIC_ALERTES
from shared.clock import Clock
from shared.log.consommateur import Consommateur, ReglagesConsommateur, ecouter
from shared.log.types import Enregistrement

TYPE_PROVISOIRES = "vigie.comite.besoins_provisoires.v1"
TYPE_DECIDES = "vigie.comite.besoins.v1"

GROUPE = f"{NOM}-besoins"


class _Demande(msgspec.Struct):
    cle: str
    caisse: str
    process: str
    debut: date
    fin: date
    constats: Sequence[Mapping[str, Any]] = ()


class _Annonce(msgspec.Struct):
    mois: str
    besoins: Sequence[_Demande]


class _Evenement(msgspec.Struct):
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_lire = msgspec.json.Decoder(_Evenement).decode
_lire_annonce = msgspec.json.Decoder(_Annonce).decode


class TraitementBesoins:
    """The handler of ``vigie.alertes.v1``: needs by key, each written once however often it is told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def preparer(self, records: Sequence[Enregistrement]) -> list[tuple[str, _Annonce]]:
        evenements = (_lire(record.value) for record in records)
        return [(e.type, _lire_annonce(e.data)) for e in evenements if e.type in (TYPE_PROVISOIRES, TYPE_DECIDES)]

    async def appliquer(self, conn: asyncpg.Connection, lot: list[tuple[str, _Annonce]], partition: int) -> None:
        del partition
        for type_, annonce in lot:
            if type_ == TYPE_PROVISOIRES:
                await self._preparation(conn, annonce)
            else:
                await self._decision(conn, annonce)

    async def _preparation(self, conn: asyncpg.Connection, annonce: _Annonce) -> None:
        cles = [f"provisoire|{d.cle}" for d in annonce.besoins]
        nouvelle = await conn.fetchval(
            f"""INSERT INTO {NOM}.besoins_preparations (mois, cles, recue_le) VALUES ($1, $2, $3)
            ON CONFLICT (mois) DO NOTHING RETURNING mois""",
            annonce.mois, cles, self._clock.now(),
        )  # fmt: skip
        if nouvelle is None:
            return
        for cle, demande in zip(cles, annonce.besoins, strict=True):
            await remplacer(conn, self._besoin(cle, annonce.mois, demande, provisoire=True), self._clock.now(), COMITE)

    async def _decision(self, conn: asyncpg.Connection, annonce: _Annonce) -> None:
        maintenant = self._clock.now()
        passes = await conn.fetch(
            f"SELECT id FROM {NOM}.besoins WHERE provisoire AND mois = $1 AND etat <> 'clos' FOR UPDATE", annonce.mois
        )
        for passe in passes:
            await clore(conn, passe["id"], maintenant, COMITE, f"La séance de {annonce.mois} est close.")
        for demande in annonce.besoins:
            besoin = self._besoin(demande.cle, annonce.mois, demande, provisoire=False)
            await remplacer(conn, besoin, maintenant, COMITE)

    @staticmethod
    def _besoin(cle: str, mois: str, d: _Demande, *, provisoire: bool) -> NouveauBesoin:
        motif = "preparation_comite" if provisoire else "decision_comite"
        return NouveauBesoin(cle, d.caisse, d.process, motif, d.debut, d.fin, mois=mois, constats=d.constats)  # type: ignore[arg-type]


async def ecouter_le_comite(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Hear the comité until ``arret``; raises what stops the consumer."""
    del client
    consommateur = Consommateur(
        service.journal, service.pool, NOM, GROUPE, TOPIC_ALERTES, TraitementBesoins(service.clock),
        ReglagesConsommateur(attente=0.5),
    )  # fmt: skip
    await ecouter(consommateur, arret)
