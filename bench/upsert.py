"""What PostgreSQL alone does: upserts of 5,000 distinct text keys a transaction, one connection, nothing else.

``python -m bench.upsert DATABASE_URL N`` upserts the event ids of workload A in their order and prints
``{"secondes": …}``.
"""

import asyncio
import json
import sys
import time

import asyncpg
import msgspec
import uvloop

from bench.charges import charge_a

_TABLES = 'CREATE SCHEMA upsert; CREATE TABLE upsert.cles (cle text COLLATE "C" PRIMARY KEY, n bigint NOT NULL)'
_AJOUTER = """
INSERT INTO upsert.cles AS c SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (cle) DO UPDATE SET n = c.n + excluded.n
"""


class _Id(msgspec.Struct):
    id: str


async def principal(database_url: str, n: int) -> dict[str, float]:
    lire = msgspec.json.Decoder(_Id).decode
    lots = [list(dict.fromkeys(lire(valeur).id for _, valeur in lot)) for lot in charge_a(n).lots()]
    un = [1] * 5_000
    conn = await asyncpg.connect(database_url)
    try:
        await conn.execute(_TABLES)
        debut = time.perf_counter()
        for lot in lots:
            async with conn.transaction():
                await conn.execute(_AJOUTER, lot, un[: len(lot)])
        return {"secondes": time.perf_counter() - debut, "lignes": sum(map(len, lots))}
    finally:
        await conn.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        print(json.dumps(boucle.run(principal(sys.argv[1], int(sys.argv[2])))))
