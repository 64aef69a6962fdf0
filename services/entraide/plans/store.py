"""Plans in the database: written once, with all that they were made from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.besoins.tables import besoins, preparations
from services.entraide.plans.tables import plans

Genre = Literal["allocation", "provisoire"]

_RESUME = (plans.c.id, plans.c.genre, plans.c.mois, plans.c.fait_le, plans.c.par, plans.c.empreinte, plans.c.contenu)


async def garder(
    conn: AsyncConnection,
    genre: Genre,
    mois: str | None,
    maintenant: datetime,
    par: str,
    empreinte: str,
    donnees: Mapping[str, Any],
    contenu: Mapping[str, Any],
) -> int:
    """The number of the plan."""
    valeurs = {
        "genre": genre, "mois": mois, "fait_le": maintenant, "par": par, "empreinte": empreinte,
        "donnees": dict(donnees), "contenu": dict(contenu),
    }  # fmt: skip
    numero: int = (await conn.execute(insert(plans).values(valeurs).returning(plans.c.id))).scalar_one()
    return numero


async def lire(conn: AsyncConnection, numero: int) -> Row[Any] | None:
    return (await conn.execute(select(plans).where(plans.c.id == numero))).one_or_none()


async def lister(conn: AsyncConnection, *, genre: Genre | None, avant: int | None, limite: int) -> Sequence[Any]:
    """The newest first, without their data."""
    requete = select(*_RESUME).order_by(plans.c.id.desc()).limit(limite)
    if genre is not None:
        requete = requete.where(plans.c.genre == genre)
    if avant is not None:
        requete = requete.where(plans.c.id < avant)
    return list(await conn.execute(requete))


async def dernier(conn: AsyncConnection) -> datetime | None:
    """When open needs were allocated for the last time."""
    requete = select(plans.c.fait_le).where(plans.c.genre == "allocation").order_by(plans.c.id.desc()).limit(1)
    fait_le: datetime | None = await conn.scalar(requete)
    return fait_le


async def marquer(conn: AsyncConnection, numeros: Sequence[int], plan: int) -> None:
    """Say which plan looked at these needs last."""
    await conn.execute(update(besoins).where(besoins.c.id.in_(numeros)).values(alloue_par=plan))


async def repondre_a(conn: AsyncConnection, mois: str, plan: int | None, maintenant: datetime) -> bool:
    """Say that a preparation has its plan; False when it had one already."""
    t = preparations.c
    requete = update(preparations).where(t.mois == mois, t.repondue_le.is_(None))
    fait = await conn.execute(requete.values(plan=plan, repondue_le=maintenant))
    return fait.rowcount == 1
