"""Audits and accompagnements SI in the database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.lettres.tables import documents
from services.alerts.suivis.domain import ENGAGES
from services.alerts.suivis.tables import suivis

LETTRES = ("audit", "accompagnement_si")
"""Templates of the letters that open a follow-up, which is of the kind of the same name."""


async def ouvrir(conn: AsyncConnection, valeurs: Mapping[str, Any], instant: datetime) -> Row[Any] | None:
    """Open a follow-up; None when its letter opened one already for the process."""
    depot = insert(suivis).values(**valeurs, etat="propose", cree_le=instant, etat_le=instant)
    ligne: Row[Any] | None = (await conn.execute(depot.on_conflict_do_nothing().returning(suivis))).one_or_none()
    return ligne


async def modifier(conn: AsyncConnection, numero: int, valeurs: Mapping[str, Any]) -> Row[Any]:
    """Change a follow-up, which is then another version of itself."""
    requete = update(suivis).where(suivis.c.id == numero).values(**valeurs, version=suivis.c.version + 1)
    ligne: Row[Any] = (await conn.execute(requete.returning(suivis))).one()
    return ligne


async def lister(
    conn: AsyncConnection, avant: int | None, limite: int, conditions: Iterable[ColumnElement[bool]]
) -> Sequence[Row[Any]]:
    """Follow-ups numbered below ``avant``, the newest first, at most ``limite``."""
    requete = select(suivis).where(*conditions).order_by(suivis.c.id.desc()).limit(limite)
    return (await conn.execute(requete if avant is None else requete.where(suivis.c.id < avant))).all()


async def lettres_a_suivre(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """The letters that call for a follow-up and have none yet, the oldest first."""
    deja = select(suivis.c.id).where(suivis.c.lettre == documents.c.reference).exists()
    requete = select(documents).where(documents.c.modele.in_(LETTRES), ~deja)
    return (await conn.execute(requete.order_by(documents.c.cree_le, documents.c.reference))).all()


async def retenir_l_annee(conn: AsyncConnection, annee: int) -> None:
    """Whoever engages days of this year waits for the end of the caller's transaction."""
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:cle, 0))"), {"cle": f"alerts.audits.{annee}"}
    )


async def jours_engages(conn: AsyncConnection, annee: int, sauf: int | None = None) -> int:
    """Auditor-days of a year that audits hold, but for one of them."""
    requete = select(func.coalesce(func.sum(suivis.c.jours), 0)).where(
        suivis.c.genre == "audit", suivis.c.annee == annee, suivis.c.etat.in_(ENGAGES)
    )
    return int(await conn.scalar(requete if sauf is None else requete.where(suivis.c.id != sauf)) or 0)


async def audits_proposes(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """The audits that wait for their turn."""
    requete = select(suivis).where(suivis.c.genre == "audit", suivis.c.etat == "propose")
    return (await conn.execute(requete.order_by(suivis.c.id))).all()
