"""What a summary is made from, read in the database of alerts."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.instantane import Instantane, lire
from services.alerts.comite.tables import comites, decisions, instantanes, pieces
from services.alerts.notifications.avis_entraide import TYPE_PROPOSITION
from services.alerts.notifications.entraide import avis
from services.alerts.suivis.tables import suivis
from services.alerts.synthese import comptes
from services.alerts.synthese.entraide import entraide
from services.alerts.synthese.periode import Periode


async def synthese(conn: AsyncConnection, periode: Periode, objectif: float) -> dict[str, Any]:
    """The summary of a period, as JSON values. ``objectif``: % of caisses fewer under each bound than a year before."""
    du, au = str(periode.premier), str(periode.dernier)
    tenus = (
        await conn.execute(select(comites).where(comites.c.mois >= du, comites.c.mois <= au).order_by(comites.c.mois))
    ).all()
    prises = await _decisions(conn, du, au)
    figes = await _instantanes(conn, periode)
    mois = [
        comptes.du_mois(li.mois, li.etat, li.resume, prises.get(li.mois, {}), figes[li.mois])
        for li in tenus
        if li.mois in figes
    ]
    return {
        "periode": str(periode),
        "libelle": periode.en_clair,
        "du": periode.du.isoformat(),
        "au": periode.au.isoformat(),
        "comites": mois,
        "total": comptes.compter(prises.values()) | {"comites_clos": sum(m["etat"] == "close" for m in mois)},
        "indicateurs": comptes.indicateurs(periode, figes, objectif),
        "reduction": comptes.reduction(periode, figes, objectif),
        "suivis": await _suivis(conn, periode),
        "entraide": entraide(periode, await _propositions(conn), await _plans(conn, du, au)),
    }


async def _decisions(conn: AsyncConnection, du: str, au: str) -> dict[str, dict[tuple[str, str], str | None]]:
    requete = select(decisions).where(decisions.c.mois >= du, decisions.c.mois <= au).order_by(decisions.c.acte)
    prises: dict[str, dict[tuple[str, str], str | None]] = {}
    for li in await conn.execute(requete):
        prises.setdefault(li.mois, {})[li.caisse, li.mesure] = li.retenue
    return prises


async def _instantanes(conn: AsyncConnection, periode: Periode) -> dict[str, Instantane]:
    requete = select(instantanes.c.mois, instantanes.c.contenu).where(
        instantanes.c.mois.in_(comptes.mois_a_lire(periode))
    )
    return {li.mois: lire(li.contenu) for li in await conn.execute(requete)}


async def _suivis(conn: AsyncConnection, periode: Periode) -> dict[str, dict[str, int]]:
    """Audits and accompagnements SI by state: of a year, those of its capacity; of a month, those its comité opened."""
    c = suivis.c
    duree = c.annee == periode.premier.annee if len(periode.mois) > 1 else c.lettre.startswith(f"{periode}/")
    comptes_: dict[str, dict[str, int]] = {"audit": {}, "accompagnement_si": {}}
    requete = select(c.genre, c.etat, func.count().label("nombre")).where(duree).group_by(c.genre, c.etat)
    for li in await conn.execute(requete.order_by(c.genre, c.etat)):
        comptes_[li.genre][li.etat] = li.nombre
    return comptes_


async def _propositions(conn: AsyncConnection) -> list[dict[str, Any]]:
    requete = select(avis.c.contenu).where(avis.c.type == TYPE_PROPOSITION).order_by(avis.c.numero)
    return list(await conn.scalars(requete))


async def _plans(conn: AsyncConnection, du: str, au: str) -> list[dict[str, Any]]:
    """The provisional plan of each need, the last received for a month and a caisse."""
    c = pieces.c
    requete = (
        select(c.mois, c.caisse, c.contenu)
        .where(c.mois >= du, c.mois <= au, c.genre == "plan_provisoire")
        .order_by(c.recu_le, c.cle)
    )
    derniers = {(li.mois, li.caisse): li.contenu for li in await conn.execute(requete)}
    return [plan for contenu in derniers.values() for plan in contenu["plans"]]
