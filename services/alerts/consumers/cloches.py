"""Bells of the log: which processes moved. They ask for an evaluation; what it reads is pulled, not told."""

from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from services.alerts.domain import NOM
from shared.log.types import Enregistrement

TYPE_CLOCHE = "vigie.indicateur.change.v1"


class _Donnees(msgspec.Struct):
    caisses: Mapping[str, Sequence[int]] = {}


class _Cloche(msgspec.Struct):
    type: str = ""
    data: _Donnees = msgspec.field(default_factory=_Donnees)


_lire = msgspec.json.Decoder(_Cloche).decode


class TraitementCloches:
    """The handler of ``vigie.indicateurs.v1``: the processes of a batch are noted once, with the position."""

    def preparer(self, records: Sequence[Enregistrement]) -> frozenset[str]:
        cloches = (_lire(record.value) for record in records)
        return frozenset(process for c in cloches if c.type == TYPE_CLOCHE for process in c.data.caisses)

    async def appliquer(self, conn: asyncpg.Connection, lot: frozenset[str], partition: int) -> None:
        del partition
        if lot:
            await conn.execute(
                f"""INSERT INTO {NOM}.a_evaluer (process) SELECT unnest($1::text[])
                ON CONFLICT (process) DO UPDATE SET numero = {NOM}.a_evaluer.numero + 1""",
                sorted(lot),
            )
