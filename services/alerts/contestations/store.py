"""Contestations, évocations and adapted targets in the database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as deposer_si_neuve
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.calendrier import FUSEAU
from services.alerts.contestations.domain import Adaptation, Bornes, hors_de
from services.alerts.contestations.marques import Marque
from services.alerts.contestations.tables import cibles_adaptees, contestations, evocations
from services.alerts.domain.cibles import Adaptees, CibleAdaptee, indexer


async def deposer(conn: AsyncConnection, registre: Table, valeurs: Mapping[str, Any]) -> Row[Any] | None:
    """Keep a contestation or an évocation; None when one like it waits for its answer already."""
    depot = deposer_si_neuve(registre).values(**valeurs, etat="deposee").on_conflict_do_nothing()
    ligne: Row[Any] | None = (await conn.execute(depot.returning(registre))).one_or_none()
    return ligne


async def repondre(conn: AsyncConnection, registre: Table, numero: int, valeurs: Mapping[str, Any]) -> Row[Any]:
    """Write the answer; the line as kept."""
    requete = update(registre).where(registre.c.id == numero).values(**valeurs, version=registre.c.version + 1)
    ligne: Row[Any] = (await conn.execute(requete.returning(registre))).one()
    return ligne


async def contestations_en_cours(conn: AsyncConnection, caisses: Iterable[str]) -> list[Marque]:
    """The figures these caisses contest and nobody has answered for: still judged, and marked."""
    c = contestations.c
    requete = select(contestations).where(c.caisse.in_(list(caisses)), c.etat == "deposee").order_by(c.id)
    return [
        Marque(li.id, li.caisse, li.indicateur, li.du, li.au, li.depose_le.astimezone(FUSEAU).date())
        for li in await conn.execute(requete)
    ]


async def poser(
    conn: AsyncConnection, caisse: str, indicateur: str, nouvelle: Adaptation, instant: datetime, par: str, motif: str
) -> Row[Any]:
    """Adapt a target. What held before on these days is replaced and stays readable as it was known."""
    await _couper(conn, caisse, indicateur, nouvelle.du, nouvelle.au, instant, par, motif)
    return await _inscrire(conn, caisse, indicateur, nouvelle, instant, par, motif)


async def finir(conn: AsyncConnection, adaptee: Row[Any], jour: date, instant: datetime, par: str, motif: str) -> None:
    """End an adaptation: from ``jour`` on, its days are those of the convention again."""
    await _couper(conn, adaptee.caisse, adaptee.indicateur, jour, adaptee.au, instant, par, motif, adaptee.id)


async def lire_adaptee(conn: AsyncConnection, numero: int, *, verrouiller: bool = False) -> Row[Any] | None:
    """One adapted target, replaced or not."""
    requete = select(cibles_adaptees).where(cibles_adaptees.c.id == numero)
    return (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()


async def lister_adaptees(
    conn: AsyncConnection,
    filtre: Mapping[str, str | None],
    jour: date | None,
    a_date: datetime | None,
    apres: int,
    limite: int,
) -> Sequence[Row[Any]]:
    """Those in force as known at ``a_date`` (None: now), numbered above ``apres``; ``jour``: that hold that day."""
    c = cibles_adaptees.c
    conditions: list[ColumnElement[bool]] = [c.id > apres]
    conditions += [c[nom] == valeur for nom, valeur in filtre.items() if valeur is not None]
    if jour is not None:
        conditions += [c.du <= jour, c.au >= jour]
    if a_date is None:
        conditions.append(c.remplacee_le.is_(None))
    else:
        conditions += [c.enregistree_le <= a_date, or_(c.remplacee_le.is_(None), c.remplacee_le > a_date)]
    return (await conn.execute(select(cibles_adaptees).where(*conditions).order_by(c.id).limit(limite))).all()


async def adaptees_le(conn: AsyncConnection, jour: date) -> Adaptees:
    """The adapted targets that hold on a day, as known now."""
    c = cibles_adaptees.c
    requete = (
        select(cibles_adaptees, evocations.c.repondu_le)
        .join(evocations, evocations.c.id == c.evocation)
        .where(c.remplacee_le.is_(None), c.du <= jour, c.au >= jour)
    )
    return indexer(
        CibleAdaptee(li.caisse, li.indicateur, adaptation_de(li), li.repondu_le.astimezone(FUSEAU).date())
        for li in await conn.execute(requete)
    )


def adaptation_de(ligne: Row[Any]) -> Adaptation:
    """A line as the rules read it."""
    return Adaptation(ligne.du, ligne.au, Bornes(ligne.objectif, ligne.socle), ligne.evocation)


async def _couper(
    conn: AsyncConnection,
    caisse: str,
    indicateur: str,
    du: date,
    au: date,
    instant: datetime,
    par: str,
    motif: str,
    seule: int | None = None,
) -> None:
    """Replace what holds on these days by what is left of it outside of them. Two writers pass one after the other."""
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:cle, 0))"),
        {"cle": f"alerts.cibles_adaptees|{caisse}|{indicateur}"},
    )
    c = cibles_adaptees.c
    requete = select(cibles_adaptees).where(
        c.caisse == caisse, c.indicateur == indicateur, c.remplacee_le.is_(None), c.du <= au, c.au >= du
    )
    for ligne in (await conn.execute(requete if seule is None else requete.where(c.id == seule))).all():
        fin = {"remplacee_le": instant, "remplacee_par": par, "remplacee_motif": motif}
        await conn.execute(update(cibles_adaptees).where(c.id == ligne.id).values(fin))
        for reste in hors_de(adaptation_de(ligne), du, au):
            await _inscrire(conn, caisse, indicateur, reste, instant, ligne.par, ligne.motif)


async def _inscrire(
    conn: AsyncConnection, caisse: str, indicateur: str, adaptation: Adaptation, instant: datetime, par: str, motif: str
) -> Row[Any]:
    depot = insert(cibles_adaptees).values(
        evocation=adaptation.evocation, caisse=caisse, indicateur=indicateur, du=adaptation.du, au=adaptation.au,
        objectif=adaptation.bornes.objectif, socle=adaptation.bornes.socle, par=par, motif=motif,
        enregistree_le=instant,
    )  # fmt: skip
    ligne: Row[Any] = (await conn.execute(depot.returning(cibles_adaptees))).one()
    return ligne
