"""Positions of a consumer group, kept in the service's own schema beside the effects they stand for."""

import asyncpg


class ConflitDePosition(Exception):
    """The position is not where this member left it: another one works on the partition, or a person moved it."""


async def charger(conn: asyncpg.Connection, schema: str, groupe: str, topic: str, partition: int) -> int | None:
    """Next offset to consume, None when the group never met this partition."""
    position: int | None = await conn.fetchval(
        f'SELECT next FROM "{schema}".positions WHERE groupe = $1 AND topic = $2 AND partition = $3',
        groupe,
        topic,
        partition,
    )
    return position


async def creer(conn: asyncpg.Connection, schema: str, groupe: str, topic: str, partition: int, debut: int) -> None:
    """Note where a group starts in a partition it never met; does nothing when there is a position already."""
    await conn.execute(
        f"""
        INSERT INTO "{schema}".positions (groupe, topic, partition, next) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        groupe,
        topic,
        partition,
        debut,
    )


async def avancer(
    conn: asyncpg.Connection, schema: str, groupe: str, topic: str, partition: int, attendu: int, suivant: int
) -> None:
    """Compare-and-set, the first statement of every batch's transaction.

    It takes the row's lock until the commit, so two members that believe they hold the partition pass one
    after the other, and the second finds that the position moved: `ConflitDePosition`.
    """
    avance = await conn.fetchval(
        f"""
        UPDATE "{schema}".positions SET next = $5, maj = clock_timestamp()
        WHERE groupe = $1 AND topic = $2 AND partition = $3 AND next = $4 RETURNING next
        """,
        groupe,
        topic,
        partition,
        attendu,
        suivant,
    )
    if avance is None:
        raise ConflitDePosition(f"{groupe} {topic}/{partition} : la position n'est plus {attendu}")
