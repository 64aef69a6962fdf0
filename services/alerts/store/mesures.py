"""Declared measures in the database, with two times: the days they are about, and when they were recorded."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.domain.mesures import Mesure
from services.alerts.store.tables import mesures

_CLE = ("convention", "code", "segment", "organisme", "du", "au")


async def deposer(conn: AsyncConnection, mesure: Mesure, instant: datetime, par: str) -> tuple[Row[Any], str]:
    """Keep a measure; the line in force, and whether it is ``nouvelle``, ``corrigee`` or ``inchangee``.

    A correction ends the line it replaces and never erases it. Two writers of one key pass one after the other.
    """
    valeurs = asdict(mesure)
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:cle, 0))"),
        {"cle": "|".join(("alerts.mesures", *(str(valeurs[nom]) for nom in _CLE)))},
    )
    meme_cle = [mesures.c[nom].is_not_distinct_from(valeurs[nom]) for nom in _CLE]
    requete = select(mesures).where(mesures.c.remplacee_le.is_(None), *meme_cle).with_for_update()
    ancienne = (await conn.execute(requete)).one_or_none()
    if ancienne is not None and all(ancienne._mapping[nom] == valeur for nom, valeur in valeurs.items()):
        return ancienne, "inchangee"
    if ancienne is not None:
        await conn.execute(update(mesures).where(mesures.c.id == ancienne.id).values(remplacee_le=instant))
    ligne = (
        await conn.execute(insert(mesures).values(**valeurs, par=par, enregistree_le=instant).returning(mesures))
    ).one()
    return ligne, "nouvelle" if ancienne is None else "corrigee"


async def lister(
    conn: AsyncConnection,
    filtre: dict[str, Any],
    a_date: datetime | None,
    apres: int,
    limite: int,
    *,
    avec_remplacees: bool,
) -> Sequence[Row[Any]]:
    """Measures numbered above ``apres``, the oldest first, as known at ``a_date`` (None: now).

    ``filtre``: column -> value; ``du`` and ``au`` keep what has a day between them.
    """
    conditions = [mesures.c.id > apres]
    conditions += [
        mesures.c[nom] == filtre[nom] for nom in ("convention", "code", "segment", "organisme") if filtre.get(nom)
    ]
    if filtre.get("du"):
        conditions.append(mesures.c.au >= filtre["du"])
    if filtre.get("au"):
        conditions.append(mesures.c.du <= filtre["au"])
    if a_date is not None:
        conditions.append(mesures.c.enregistree_le <= a_date)
        if not avec_remplacees:
            conditions.append(or_(mesures.c.remplacee_le.is_(None), mesures.c.remplacee_le > a_date))
    elif not avec_remplacees:
        conditions.append(mesures.c.remplacee_le.is_(None))
    return (await conn.execute(select(mesures).where(*conditions).order_by(mesures.c.id).limit(limite))).all()


async def lire(conn: AsyncConnection, numero: int) -> Row[Any] | None:
    """One measure, or None."""
    return (await conn.execute(select(mesures).where(mesures.c.id == numero))).one_or_none()


async def en_vigueur(
    conn: AsyncConnection, lignes: Collection[tuple[str, str]], du: date, au: date
) -> Sequence[Row[Any]]:
    """The measures in force of these (convention, code), whole populations, of periods that begin on ``du`` and end
    by ``au``: the longest period first."""
    requete = select(mesures).where(
        tuple_(mesures.c.convention, mesures.c.code).in_(lignes),
        mesures.c.segment.is_(None),
        mesures.c.du == du,
        mesures.c.au <= au,
        mesures.c.remplacee_le.is_(None),
    )
    return (await conn.execute(requete.order_by(mesures.c.au.desc(), mesures.c.id.desc()))).all()
