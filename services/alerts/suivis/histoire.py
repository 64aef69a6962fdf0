"""The trail of what is followed: plans, audits, contestations, évocations. Lines are added, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Column, DateTime, MetaData, Row, Table, Text, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.domain import NOM
from services.alerts.domain.etats import SYSTEME

metadata = MetaData(schema=NOM)

Genre = Literal["plan", "plan_attendu", "suivi", "contestation", "evocation"]

histoire = Table(
    "suivis_histoire", metadata,
    Column("id", BigInteger, primary_key=True), Column("genre", Text), Column("sujet", Text),
    Column("instant", DateTime(timezone=True)), Column("action", Text), Column("par", Text), Column("motif", Text),
    Column("donnees", JSONB), Column("cle", Text),
)  # fmt: skip


def ddl_histoire(schema: str) -> Sequence[str]:
    """Statements that create the table in ``schema``; ``refuser_modification`` is the comité's."""
    return [
        f"""CREATE TABLE {schema}.suivis_histoire (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            genre text NOT NULL CHECK (genre IN ('plan', 'plan_attendu', 'suivi', 'contestation', 'evocation')),
            sujet text NOT NULL, instant timestamptz NOT NULL, action text NOT NULL, par text NOT NULL, motif text,
            donnees jsonb NOT NULL, cle text UNIQUE)""",
        f"CREATE INDEX suivis_histoire_sujet ON {schema}.suivis_histoire (genre, sujet, id)",
        f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.suivis_histoire
            FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()""",
    ]


async def tracer(
    conn: AsyncConnection,
    genre: Genre,
    sujet: int | str,
    instant: datetime,
    action: str,
    par: str = SYSTEME,
    motif: str | None = None,
    donnees: Mapping[str, Any] | None = None,
    cle: str | None = None,
) -> bool:
    """Add a line, if the caller commits; whether it is new. ``cle``: said twice under one key, it is written once."""
    depot = insert(histoire).values(
        genre=genre, sujet=str(sujet), instant=instant, action=action, par=par, motif=motif,
        donnees=msgspec.to_builtins(dict(donnees or {}), str_keys=True), cle=cle,
    )  # fmt: skip
    fait = await conn.execute(depot.on_conflict_do_nothing().returning(histoire.c.id))
    return fait.one_or_none() is not None


async def lire(conn: AsyncConnection, genre: Genre, sujet: int | str) -> list[dict[str, Any]]:
    """The lines of one thing, the oldest first."""
    return (await lire_plusieurs(conn, genre, [sujet])).get(str(sujet), [])


async def lire_plusieurs(
    conn: AsyncConnection, genre: Genre, sujets: Iterable[int | str]
) -> dict[str, list[dict[str, Any]]]:
    """The lines of several things of one kind, by thing."""
    requete = select(histoire).where(histoire.c.genre == genre, histoire.c.sujet.in_([str(s) for s in sujets]))
    par_sujet: dict[str, list[dict[str, Any]]] = {}
    for ligne in await conn.execute(requete.order_by(histoire.c.id)):
        par_sujet.setdefault(ligne.sujet, []).append(presenter(ligne))
    return par_sujet


def presenter(ligne: Row[Any]) -> dict[str, Any]:
    """A line as people and programs read it."""
    return {champ: ligne._mapping[champ] for champ in ("instant", "action", "par", "motif", "donnees")}
