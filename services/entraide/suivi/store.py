"""Projections, effects and weaknesses in the database. Written once each; by two at once, by the first."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.domain.cycle_de_vie import Cote
from services.entraide.domain.effet import Projetee
from services.entraide.suivi.suite import Suite
from services.entraide.suivi.tables import effets, fragilites, projections, suites


class Attendue(NamedTuple):
    """What was expected of an indicator, or why nothing is."""

    projetee: Projetee | str
    tardive: bool


Cle = tuple[Cote, str, int]
"""(side, indicator, horizon)."""


async def garder_projections(
    conn: AsyncConnection, mission: int, attendues: Mapping[Cle, Attendue], instant: datetime
) -> None:
    lignes = [
        {
            "mission": mission, "cote": cote, "indicateur": code, "horizon": horizon,
            "resultat": None if isinstance(a.projetee, str) else asdict(a.projetee),
            "raison": a.projetee if isinstance(a.projetee, str) else None,
            "tardive": a.tardive, "faite_le": instant,
        }
        for (cote, code, horizon), a in attendues.items()
    ]  # fmt: skip
    if lignes:
        await conn.execute(insert(projections).on_conflict_do_nothing(), lignes)


async def lire_projections(conn: AsyncConnection, mission: int) -> dict[Cle, Attendue]:
    lues = await conn.execute(select(projections).where(projections.c.mission == mission))
    return {
        (li.cote, li.indicateur, li.horizon): Attendue(
            li.raison if li.resultat is None else Projetee(**li.resultat), li.tardive
        )
        for li in lues
    }


async def missions_projetees(conn: AsyncConnection) -> frozenset[int]:
    return frozenset(await conn.scalars(select(projections.c.mission).distinct()))


class Faite(NamedTuple):
    """An effect measured, under one version of its indicator."""

    mission: int
    horizon: int
    cote: str
    indicateur: str
    version: str


async def effets_faits(conn: AsyncConnection, missions: Iterable[int]) -> frozenset[Faite]:
    c = effets.c
    requete = select(c.mission, c.horizon, c.cote, c.indicateur, c.version).where(c.mission.in_(list(missions)))
    return frozenset(Faite(*ligne) for ligne in await conn.execute(requete))


async def garder_effets(conn: AsyncConnection, mesures: Mapping[Faite, Mapping[str, Any]], instant: datetime) -> int:
    """How many were new."""
    nombre = 0
    for faite, resultat in mesures.items():
        depot = insert(effets).values(**faite._asdict(), resultat=dict(resultat), calcule_le=instant)
        fait = await conn.execute(depot.on_conflict_do_nothing().returning(effets.c.id))
        nombre += fait.one_or_none() is not None
    return nombre


async def lire_effets(conn: AsyncConnection, missions: Iterable[int]) -> Sequence[Row[Any]]:
    """By mission, horizon, side and indicator, the versions in the order they were measured."""
    c = effets.c
    requete = select(effets).where(c.mission.in_(list(missions)))
    # « aidee » before « aidante »: the effect sought first, the harm after.
    return (await conn.execute(requete.order_by(c.mission, c.horizon, c.cote.desc(), c.indicateur, c.id))).all()


async def suites_faites(conn: AsyncConnection, lundi: date) -> frozenset[int]:
    """Missions whose rest was looked at in the week of that Monday."""
    return frozenset(await conn.scalars(select(suites.c.mission).where(suites.c.lundi == lundi)))


async def garder_suite(conn: AsyncConnection, mission: int, lundi: date, suite: Suite, instant: datetime) -> bool:
    """Whether it was not kept already."""
    valeurs = {"mission": mission, "lundi": lundi, **asdict(suite), "faite_le": instant}
    depot = insert(suites).values(valeurs).on_conflict_do_nothing().returning(suites.c.mission)
    return (await conn.execute(depot)).one_or_none() is not None


async def dernieres_suites(conn: AsyncConnection, missions: Collection[int]) -> dict[int, Row[Any]]:
    """The last one kept of each of these missions, by number."""
    requete = select(suites).where(suites.c.mission.in_(missions)).order_by(suites.c.lundi)
    return {ligne.mission: ligne for ligne in await conn.execute(requete)}


async def noter_fragilite(conn: AsyncConnection, valeurs: Mapping[str, Any]) -> bool:
    """Whether it had not been told."""
    depot = insert(fragilites).values(valeurs).on_conflict_do_nothing().returning(fragilites.c.caisse)
    return (await conn.execute(depot)).one_or_none() is not None


async def lire_fragilites(conn: AsyncConnection, caisse: str | None) -> Sequence[Row[Any]]:
    """The newest first."""
    requete = select(fragilites).order_by(fragilites.c.depuis.desc(), fragilites.c.caisse, fragilites.c.process)
    return (await conn.execute(requete if caisse is None else requete.where(fragilites.c.caisse == caisse))).all()
