"""Silences, neutralisations and declarations: three registers kept alike. A line is ended, never deleted."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Row, Table, cast, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.domain.continuite import Declaration
from services.alerts.domain.portee import Neutralisation, Silence
from services.alerts.store.tables import declarations, neutralisations, silences

FUSEAU = "Europe/Paris"
"""Where the day of the network is read."""


async def inscrire(conn: AsyncConnection, registre: Table, valeurs: Mapping[str, Any]) -> Row[Any]:
    """Add a line; the line as kept."""
    ligne: Row[Any] = (await conn.execute(insert(registre).values(dict(valeurs)).returning(registre))).one()
    return ligne


async def lire(conn: AsyncConnection, registre: Table, numero: int, *, verrouiller: bool = False) -> Row[Any] | None:
    """One line, or None; locked until the end of the transaction when asked."""
    requete = select(registre).where(registre.c.id == numero)
    return (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()


async def lister(
    conn: AsyncConnection, registre: Table, avant: int | None, limite: int, condition: ColumnElement[bool] | None
) -> Sequence[Row[Any]]:
    """Lines numbered below ``avant`` that meet the condition, the newest first, at most ``limite``."""
    requete = select(registre).order_by(registre.c.id.desc()).limit(limite)
    if avant is not None:
        requete = requete.where(registre.c.id < avant)
    return (await conn.execute(requete if condition is None else requete.where(condition))).all()


async def terminer(
    conn: AsyncConnection, registre: Table, numero: int, instant: datetime, par: str, motif: str | None, **autres: Any
) -> Row[Any]:
    """End a line now, with other columns to set if need be; the line as kept."""
    fin = {"termine_le": instant, "termine_par": par, "termine_motif": motif, **autres}
    requete = update(registre).where(registre.c.id == numero).values(fin).returning(registre)
    ligne: Row[Any] = (await conn.execute(requete)).one()
    return ligne


def en_cours(registre: Table, instant: datetime) -> ColumnElement[bool]:
    """The lines of a register of instants that hold at this one."""
    fin = registre.c.fin
    return (
        (registre.c.debut <= instant)
        & or_(fin.is_(None), fin > instant)
        & or_(registre.c.termine_le.is_(None), registre.c.termine_le > instant)
    )


def jour_neutralise(jour: date) -> ColumnElement[bool]:
    """The neutralisations that cover a day."""
    c = neutralisations.c
    dernier = func.least(c.au, cast(func.timezone(FUSEAU, c.termine_le), Date))
    return (c.du <= jour) & or_(dernier.is_(None), dernier >= jour) & c.retiree.is_(False)


async def silences_en_cours(conn: AsyncConnection, instant: datetime) -> list[Silence]:
    """The silences that hold now."""
    lues = await conn.execute(select(silences).where(en_cours(silences, instant)).order_by(silences.c.id))
    return [
        Silence(li.id, li.debut, li.fin, li.auteur, li.motif, li.caisse, li.objet, li.genre) for li in lues
    ]  # fmt: skip


async def neutralisations_en_vigueur(conn: AsyncConnection) -> list[Neutralisation]:
    """Every neutralisation that was not withdrawn. One that was ended covers its days up to that of its end."""
    lues = await conn.execute(
        select(neutralisations).where(neutralisations.c.retiree.is_(False)).order_by(neutralisations.c.id)
    )
    return [
        Neutralisation(
            li.id, li.du, dernier_jour(li.au, li.termine_le), frozenset(li.indicateurs), li.auteur, li.motif,
            li.caisse, li.plateforme,
        )
        for li in lues
    ]  # fmt: skip


def dernier_jour(au: date | None, termine_le: datetime | None) -> date | None:
    """The last day a neutralisation covers: the one it was posted with, or that of its end if it came before."""
    fin = None if termine_le is None else termine_le.astimezone(ZoneInfo(FUSEAU)).date()
    return min((jour for jour in (au, fin) if jour is not None), default=None)


async def declarations_en_cours(conn: AsyncConnection, instant: datetime) -> list[Declaration]:
    """What the caisses declare now."""
    lues = await conn.execute(select(declarations).where(en_cours(declarations, instant)).order_by(declarations.c.id))
    return [
        Declaration(li.id, li.caisse, li.genre, li.debut, li.fin, li.motif, li.situation, li.site) for li in lues
    ]  # fmt: skip
