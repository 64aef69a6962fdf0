"""Needs in the database: read, sized, amended; every change leaves a line of history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.besoins.charges import EnPlus
from services.entraide.besoins.inscription import tracer
from services.entraide.besoins.tables import besoins, historique, preparations
from services.entraide.domain.activites import parametres
from services.entraide.domain.besoins import Besoin
from services.entraide.propositions.store import couverts
from shared.database.transactions import pilote
from shared.network.jours import jour_de

SYSTEME = "systeme"

REVOIR = timedelta(hours=6)
"""Before what could not be sized is tried again, by the service's clock."""


@dataclass(frozen=True, slots=True)
class Taille:
    """What sizing gave: ``dimensionnement`` plain values, or the ``raison`` why it could not be, a French sentence."""

    dimensionnement: Mapping[str, Any] | None
    raison: str | None


async def lire(conn: AsyncConnection, numero: int, *, verrouiller: bool = False) -> Row[Any] | None:
    requete = select(besoins).where(besoins.c.id == numero)
    return (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()


async def lister(
    conn: AsyncConnection,
    conditions: Sequence[ColumnElement[bool]],
    avant: int | None = None,
    limite: int | None = None,
) -> Sequence[Row[Any]]:
    """The newest first."""
    requete = select(besoins).where(*conditions).order_by(besoins.c.id.desc()).limit(limite)
    if avant is not None:
        requete = requete.where(besoins.c.id < avant)
    return (await conn.execute(requete)).all()


async def vivant(conn: AsyncConnection, caisse: str, process: str) -> Row[Any] | None:
    """The need, not provisional, that lives for a caisse and a process."""
    requete = select(besoins).where(
        besoins.c.caisse == caisse, besoins.c.process == process, ~besoins.c.provisoire, besoins.c.etat != "clos"
    )
    return (await conn.execute(requete)).one_or_none()


async def ouverts(
    conn: AsyncConnection, *, provisoires: bool, cles: Collection[str] | None = None
) -> Sequence[Row[Any]]:
    """Needs that may be allocated, in the order of their keys."""
    conditions = [besoins.c.etat == "ouvert", besoins.c.provisoire == provisoires]
    if cles is not None:
        conditions.append(besoins.c.cle.in_(cles))
    return (await conn.execute(select(besoins).where(*conditions).order_by(besoins.c.cle))).all()


async def a_dimensionner(conn: AsyncConnection, maintenant: datetime, lundi: datetime) -> Sequence[Row[Any]]:
    """Needs never sized, those that could not be when last looked at, and open ones whose volume nobody gave, which
    are sized again from ``lundi`` on, the first instant of the week, with the aid that is agreed."""
    t = besoins.c
    requete = select(besoins).where(
        or_(
            t.etat == "a_dimensionner",
            (t.etat == "non_dimensionne") & (t.change_le < maintenant - REVOIR),
            (t.etat == "ouvert") & ~t.volume_donne & ~t.provisoire & (t.dimensionne_le < lundi),
        )
    )
    return (await conn.execute(requete.order_by(t.id))).all()


async def passes(conn: AsyncConnection, jour: date) -> Sequence[int]:
    """Numbers of living needs whose period is over."""
    requete = select(besoins.c.id).where(besoins.c.etat != "clos", besoins.c.fin < jour).order_by(besoins.c.id)
    return (await conn.scalars(requete)).all()


async def noter_taille(conn: AsyncConnection, numero: int, revision: int, taille: Taille, maintenant: datetime) -> None:
    """Keep what a sizing gave, unless the need changed meanwhile (``revision``): then it is sized again.

    What the projection still finds to absorb has the agreed aid counted: the volume is that and what is covered.
    """
    present = await lire(conn, numero, verrouiller=True)
    if present is None or present.revision != revision or present.etat == "clos":
        return
    dim = taille.dimensionnement
    pris = (await couverts(conn, [present.cle])).get(present.cle, 0.0)
    sien = None if dim is None else round(pris + dim["volume"], 3)
    volume = present.volume if present.volume_donne else sien
    await conn.execute(update(besoins).where(besoins.c.id == numero).values(dimensionne_le=maintenant))
    if present.etat == "ouvert" and (sien is None or not change_le_reste(present.volume, sien, pris)):
        return
    ouvert = volume is not None and (dim is None or "unite" in dim) and taille.raison is None
    valeurs = {
        "dimensionnement": None if dim is None else dict(dim), "raison": taille.raison, "volume": volume,
        "etat": "ouvert" if ouvert else "non_dimensionne",
    }  # fmt: skip
    if present.etat == "ouvert" and volume > present.volume:
        valeurs["alloue_par"] = None
    trace = {"volume": volume, "raison": taille.raison} | ({} if dim is None else {"etp_semaines": dim["etp_semaines"]})
    await _changer(conn, present, valeurs, trace, maintenant, SYSTEME, "dimensionnement", None)


def change_le_reste(avant: float, apres: float, pris: float) -> bool:
    """Whether a new volume of a need changes what is left of it enough to be kept: some part of it, or all of the rest.

    ``pris``: what its propositions cover.
    """
    restes = max(0.0, avant - pris), max(0.0, apres - pris)
    part: float = parametres()["redimensionnement"]["part"]
    return restes[1] == 0 < restes[0] or abs(restes[1] - restes[0]) > part * max(avant, apres)


async def noter_attente(conn: AsyncConnection, numero: int, raison: str) -> None:
    """Say why a need is not sized yet; the next round tries again."""
    await conn.execute(update(besoins).where(besoins.c.id == numero).values(raison=raison))


async def amender(
    conn: AsyncConnection, present: Row[Any], valeurs: Mapping[str, Any], maintenant: datetime, par: str, motif: str
) -> Row[Any]:
    """The need as a coordinator says it is; sized again."""
    trace = {
        nom: {"avant": getattr(present, nom), "apres": valeur}
        for nom, valeur in valeurs.items()
        if getattr(present, nom) != valeur
    }
    complet = {**valeurs, "etat": "a_dimensionner", "raison": None, "alloue_par": None}
    return await _changer(conn, present, complet, trace, maintenant, par, "amendement", motif)


async def lire_historique(conn: AsyncConnection, numero: int) -> Sequence[Row[Any]]:
    requete = select(historique).where(historique.c.besoin == numero).order_by(historique.c.revision)
    return (await conn.execute(requete)).all()


async def preparations_en_attente(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Months whose provisional needs came and have had no plan, the oldest first."""
    requete = select(preparations).where(preparations.c.repondue_le.is_(None)).order_by(preparations.c.mois)
    return (await conn.execute(requete)).all()


def en_besoin(ligne: Row[Any], reste: float) -> Besoin:
    """The need of the domain, for what is left of it."""
    return Besoin(
        cle=ligne.cle,
        caisse=ligne.caisse,
        process=ligne.process,
        motif=ligne.motif,
        debut=jour_de(ligne.debut),
        fin=jour_de(ligne.fin),
        volume=reste,
        voies=frozenset(ligne.voies),
        remise=ligne.remise,
        couloir=ligne.couloir,
        obstacles=frozenset(ligne.obstacles),
        priorite=ligne.priorite,
    )


def en_plus_de(ligne: Row[Any]) -> EnPlus:
    """What the need announces beside the usual."""
    arrivees, capacite = (
        {date.fromisoformat(lundi): float(v) for lundi, v in serie.items()}
        for serie in (ligne.arrivees_en_plus, ligne.capacite_en_moins)
    )
    return EnPlus(arrivees, capacite)


async def _changer(
    conn: AsyncConnection,
    present: Row[Any],
    valeurs: Mapping[str, Any],
    trace: Mapping[str, Any],
    maintenant: datetime,
    par: str,
    action: str,
    motif: str | None,
) -> Row[Any]:
    complet = {**valeurs, "revision": present.revision + 1, "change_le": maintenant}
    requete = update(besoins).where(besoins.c.id == present.id).values(complet).returning(besoins)
    ligne: Row[Any] = (await conn.execute(requete)).one()
    await tracer(await pilote(conn), present.id, ligne.revision, maintenant, par, action, motif, trace)
    return ligne
