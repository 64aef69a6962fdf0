"""A handler whose effect is easy to check: one counter per record value, in the table ``compteur``.

Exactly once means that every value has been counted as often as it is in the log, and that each partition
was seen in order.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import asyncpg

from shared.log.types import Enregistrement, Journal

SCHEMA = "essai"

TABLES = (
    f"CREATE TABLE {SCHEMA}.compteur (valeur text PRIMARY KEY, n bigint NOT NULL)",
    f"""CREATE TABLE {SCHEMA}.vu (partition int, "offset" bigint, rang bigint GENERATED ALWAYS AS IDENTITY)""",
)


class Compteur:
    """``poisons``: values that `preparer` chokes on; ``venins``: values that `appliquer` chokes on.

    ``avant`` is called inside the transaction of each batch, before its effects: to fail there.
    """

    def __init__(self, poisons: frozenset[str] = frozenset(), venins: frozenset[str] = frozenset()) -> None:
        self.poisons = poisons
        self.venins = venins
        self.avant: Callable[[], None] = lambda: None

    def preparer(self, records: Sequence[Enregistrement]) -> tuple[Counter[str], list[tuple[int, int]]]:
        valeurs = [r.value.decode() for r in records]
        for valeur in valeurs:
            if valeur in self.poisons:
                raise KeyError(valeur)
        return Counter(valeurs), [(r.partition, r.offset) for r in records]

    async def appliquer(
        self,
        conn: asyncpg.Connection,
        lot: tuple[Counter[str], list[tuple[int, int]]],
        partition: int,
    ) -> None:
        comptes, vus = lot
        self.avant()
        await conn.execute(
            f"""
            INSERT INTO {SCHEMA}.compteur AS c (valeur, n)
            SELECT * FROM unnest($1::text[], $2::bigint[]) AS u(valeur, n) ORDER BY 1
            ON CONFLICT (valeur) DO UPDATE SET n = c.n + excluded.n
            """,
            list(comptes),
            list(comptes.values()),
        )
        await conn.copy_records_to_table("vu", schema_name=SCHEMA, columns=("partition", "offset"), records=vus)
        if not self.venins.isdisjoint(comptes):
            await conn.execute("SELECT 1 / 0")


async def compter(pool: asyncpg.Pool) -> Counter[str]:
    """What the handlers have counted."""
    return Counter(dict(await pool.fetch(f"SELECT valeur, n FROM {SCHEMA}.compteur")))


async def total(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval(f"SELECT coalesce(sum(n), 0) FROM {SCHEMA}.compteur"))


async def contenu(journal: Journal, topic: str) -> Counter[str]:
    """What the log holds, value by value."""
    comptes: Counter[str] = Counter()
    for partition, (debut, fin) in (await journal.bornes(topic)).items():
        position = debut
        while position < fin:
            records = await journal.lire(topic, partition, position, 10_000)
            comptes.update(r.value.decode() for r in records)
            position = records[-1].suivant
    return comptes


async def verifier_ordre(pool: asyncpg.Pool) -> None:
    """Each partition was applied in the order of its offsets, each offset once."""
    for ligne in await pool.fetch(
        f"""
        SELECT partition, count(*) AS lignes, count(DISTINCT "offset") AS offsets,
               count(*) FILTER (WHERE "offset" <= precedent) AS reculs
        FROM (SELECT partition, "offset", lag("offset") OVER (PARTITION BY partition ORDER BY rang) AS precedent
              FROM {SCHEMA}.vu) v GROUP BY partition
        """
    ):
        assert ligne["reculs"] == 0, f"partition {ligne['partition']} : ordre rompu"
        assert ligne["lignes"] == ligne["offsets"], f"partition {ligne['partition']} : effet doublé"
