"""Caisses that entraide helped too often: what it told, as the case file and the rules read it."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.dossier import aides_sur_12_mois
from services.alerts.comite.tables import fragilites


async def fragilites_de(
    conn: AsyncConnection, caisses: Collection[str], mois: Mois
) -> dict[str, list[Mapping[str, Any]]]:
    """What was told of these caisses that still counts at the end of a month, by caisse, the newest first."""
    c = fragilites.c
    requete = select(c.caisse, c.contenu).where(c.caisse.in_(list(caisses)), c.depuis <= mois.au)
    par_caisse: dict[str, list[Mapping[str, Any]]] = {}
    for ligne in await conn.execute(requete.order_by(c.depuis.desc(), c.process)):
        if aides_sur_12_mois([ligne.contenu], ligne.contenu["process"], mois) is not None:
            par_caisse.setdefault(ligne.caisse, []).append(ligne.contenu)
    return par_caisse
