"""Decided measures, and their effects in the database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.tables import decisions
from services.alerts.effets.tables import effets


class Cle(NamedTuple):
    """Names a decided measure. ``mesure``: as it was proposed; what was retained may be another."""

    mois: str
    acte: int
    caisse: str
    mesure: str

    def __str__(self) -> str:
        return "/".join(map(str, self))


def cle_de(ligne: Row[Any]) -> Cle:
    """Of a line of decisions, or of effects."""
    return Cle(ligne.mois, ligne.acte, ligne.caisse, ligne.mesure)


_CLE = [decisions.c[nom] for nom in Cle._fields]
_CLE_EFFET = [effets.c[nom] for nom in Cle._fields]


async def lister(
    conn: AsyncConnection, apres: Cle | None, limite: int, filtre: Mapping[str, str | None]
) -> Sequence[Row[Any]]:
    """Measures that were retained, by month, act, caisse and measure, after ``apres``."""
    requete = select(decisions).where(decisions.c.retenue.is_not(None)).order_by(*_CLE).limit(limite)
    for nom, valeur in filtre.items():
        if valeur is not None:
            requete = requete.where(decisions.c[nom] == valeur)
    return (await conn.execute(requete if apres is None else requete.where(tuple_(*_CLE) > tuple_(*apres)))).all()


async def lire(conn: AsyncConnection, cle: Cle) -> Row[Any] | None:
    """One measure that was retained, or None."""
    requete = select(decisions).where(decisions.c.retenue.is_not(None), tuple_(*_CLE) == tuple_(*cle))
    return (await conn.execute(requete)).one_or_none()


async def retenues(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Every measure that was retained."""
    return (await conn.execute(select(decisions).where(decisions.c.retenue.is_not(None)).order_by(*_CLE))).all()


async def effets_de(conn: AsyncConnection, cles: Iterable[Cle]) -> dict[Cle, list[Row[Any]]]:
    """The effects in force of these measures, by indicator and horizon."""
    requete = select(effets).where(effets.c.remplace_le.is_(None), tuple_(*_CLE_EFFET).in_(list(cles)))
    par_cle: dict[Cle, list[Row[Any]]] = {}
    for ligne in await conn.execute(requete.order_by(effets.c.indicateur, effets.c.horizon)):
        par_cle.setdefault(cle_de(ligne), []).append(ligne)
    return par_cle


async def mesures_faites(conn: AsyncConnection) -> set[tuple[Cle, str, int]]:
    """(measure, indicator, horizon) of every effect in force."""
    lues = await conn.execute(select(effets).where(effets.c.remplace_le.is_(None)))
    return {(cle_de(li), li.indicateur, li.horizon) for li in lues}


async def garder(
    conn: AsyncConnection, cle: Cle, indicateur: str, horizon: int, resultat: Mapping[str, Any], instant: datetime,
    par: str, *, remplacer: bool,
) -> None:  # fmt: skip
    """Keep an effect. When there is one already it stays: in force, or with ``remplacer`` as it was known till now.

    Two writers of one effect pass one after the other.
    """
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:cle, 0))"),
        {"cle": f"alerts.effets|{cle}|{indicateur}|{horizon}"},
    )
    c = effets.c
    meme = (tuple_(*_CLE_EFFET) == tuple_(*cle)) & (c.indicateur == indicateur) & (c.horizon == horizon)
    en_vigueur = meme & c.remplace_le.is_(None)
    if not remplacer and await conn.scalar(select(c.id).where(en_vigueur)) is not None:
        return
    await conn.execute(update(effets).where(en_vigueur).values(remplace_le=instant))
    depot = insert(effets).values(
        **cle._asdict(), indicateur=indicateur, horizon=horizon, calcule_le=instant, calcule_par=par,
        resultat=dict(resultat),
    )  # fmt: skip
    await conn.execute(depot)
