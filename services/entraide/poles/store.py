"""The register of pôles in the database: every change leaves a line of history, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.domain.poles import Offre, Pole, avec_offres
from services.entraide.domain.semaines import Horizon
from services.entraide.poles.description import Description, depuis_le_clair, en_clair, en_pole
from services.entraide.poles.tables import historique, offres, poles
from shared.network.jours import jour_de

Action = Literal["creation", "modification", "retrait", "retour"]


@dataclass(frozen=True, slots=True)
class PoleLu:
    """A pôle as registered; ``revision`` grows by one at each change. ``retire_le`` None: it may be asked."""

    description: Description
    revision: int
    change_le: datetime
    retire_le: datetime | None


async def lire(conn: AsyncConnection, cle: str, *, verrouiller: bool = False) -> PoleLu | None:
    requete = select(poles).where(poles.c.cle == cle)
    ligne = (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()
    return None if ligne is None else _lu(ligne)


async def lister(
    conn: AsyncConnection,
    *,
    caisse: str | None = None,
    apres: str = "",
    limite: int | None = None,
    retires: bool = False,
) -> list[PoleLu]:
    """In the order of their keys."""
    requete = select(poles).where(poles.c.cle > apres).order_by(poles.c.cle).limit(limite)
    if caisse is not None:
        requete = requete.where(poles.c.caisse == caisse)
    if not retires:
        requete = requete.where(poles.c.retire_le.is_(None))
    return [_lu(ligne) for ligne in await conn.execute(requete)]


async def ecrire(
    conn: AsyncConnection, d: Description, avant: PoleLu | None, maintenant: datetime, par: str, motif: str | None
) -> PoleLu:
    """Create (``avant`` None) or change a pôle; one that was withdrawn comes back."""
    action: Action = "creation" if avant is None else "modification" if avant.retire_le is None else "retour"
    revision = 1 if avant is None else avant.revision + 1
    valeurs = {
        "caisse": d.caisse, "contenu": en_clair(d), "revision": revision, "change_le": maintenant, "retire_le": None,
    }  # fmt: skip
    if avant is None:
        await conn.execute(insert(poles).values(cle=d.cle, **valeurs))
    else:
        await conn.execute(update(poles).where(poles.c.cle == d.cle).values(valeurs))
    lu = PoleLu(d, revision, maintenant, None)
    await _tracer(conn, lu, maintenant, par, action, motif, avant, lu)
    return lu


async def retirer(conn: AsyncConnection, avant: PoleLu, maintenant: datetime, par: str, motif: str) -> PoleLu:
    """What it already lends goes on; nothing new is asked of it."""
    lu = PoleLu(avant.description, avant.revision + 1, maintenant, maintenant)
    valeurs = {"revision": lu.revision, "change_le": maintenant, "retire_le": maintenant}
    await conn.execute(update(poles).where(poles.c.cle == avant.description.cle).values(valeurs))
    await _tracer(conn, lu, maintenant, par, "retrait", motif, avant, None)
    return lu


async def lire_historique(conn: AsyncConnection, cle: str) -> Sequence[Row[Any]]:
    requete = select(historique).where(historique.c.pole == cle).order_by(historique.c.revision)
    return (await conn.execute(requete)).all()


async def jamais_rempli(conn: AsyncConnection) -> bool:
    return await conn.scalar(select(func.count()).select_from(poles)) == 0


async def poles_allouables(conn: AsyncConnection, horizon: Horizon) -> tuple[Pole, ...]:
    """Every pôle not withdrawn, with what it offers over a horizon, in the order of their keys."""
    debut, fin = horizon.premier, horizon.lundi(horizon.nombre)
    vivantes = select(offres).where(offres.c.retiree_le.is_(None)).order_by(offres.c.id)
    siennes = tuple(
        Offre(li.pole, li.process, li.etp, jour_de(li.du), jour_de(li.au)) for li in await conn.execute(vivantes)
    )
    utiles = tuple(o for o in siennes if o.du < fin and o.au >= debut)
    return tuple(avec_offres(en_pole(lu.description), utiles, horizon) for lu in await lister(conn))


async def offrir(
    conn: AsyncConnection, offre: Offre, du: date, au: date, commentaire: str | None, maintenant: datetime, par: str
) -> Row[Any]:
    valeurs = {
        "pole": offre.pole, "process": offre.process, "etp": offre.etp, "du": du, "au": au,
        "commentaire": commentaire, "par": par, "faite_le": maintenant,
    }  # fmt: skip
    ligne: Row[Any] = (await conn.execute(insert(offres).values(valeurs).returning(offres))).one()
    return ligne


async def lire_offre(conn: AsyncConnection, numero: int, *, verrouiller: bool = False) -> Row[Any] | None:
    requete = select(offres).where(offres.c.id == numero)
    return (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()


async def lister_offres(
    conn: AsyncConnection, *, pole: str | None, avant: int | None, limite: int, retirees: bool
) -> Sequence[Row[Any]]:
    """The newest first."""
    requete = select(offres).order_by(offres.c.id.desc()).limit(limite)
    if pole is not None:
        requete = requete.where(offres.c.pole == pole)
    if avant is not None:
        requete = requete.where(offres.c.id < avant)
    if not retirees:
        requete = requete.where(offres.c.retiree_le.is_(None))
    return (await conn.execute(requete)).all()


async def retirer_offre(
    conn: AsyncConnection, numero: int, maintenant: datetime, par: str, motif: str | None
) -> Row[Any]:
    valeurs = {"retiree_le": maintenant, "retiree_par": par, "retiree_motif": motif}
    requete = update(offres).where(offres.c.id == numero).values(valeurs).returning(offres)
    ligne: Row[Any] = (await conn.execute(requete)).one()
    return ligne


def _lu(ligne: Row[Any]) -> PoleLu:
    return PoleLu(depuis_le_clair(ligne.contenu), ligne.revision, ligne.change_le, ligne.retire_le)


async def _tracer(
    conn: AsyncConnection,
    lu: PoleLu,
    maintenant: datetime,
    par: str,
    action: Action,
    motif: str | None,
    avant: PoleLu | None,
    apres: PoleLu | None,
) -> None:
    await conn.execute(
        insert(historique).values(
            pole=lu.description.cle, revision=lu.revision, instant=maintenant, par=par, action=action, motif=motif,
            avant=None if avant is None else en_clair(avant.description),
            apres=None if apres is None else en_clair(apres.description),
        )
    )  # fmt: skip
