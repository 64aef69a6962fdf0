"""Notices: what is to be said to each caisse is kept and put on the log, in the evaluation's own transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select
from sqlalchemy.dialects.postgresql import insert as deposer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.domain import NOM, TOPIC_ALERTES
from services.alerts.domain.escalade import NIVEAUX
from services.alerts.domain.etats import Cle
from services.alerts.domain.groupes import Avis, Groupe, Membre, ReglagesAvis, aviser
from services.alerts.domain.portee import Silence
from services.alerts.notifications.publication import notifier_avis
from services.alerts.store import alertes
from services.alerts.store.base import pilote
from services.alerts.store.tables import avis as table_avis
from services.alerts.store.tables import groupes
from shared.log.envoi import publier
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

TYPE_AVIS = "vigie.alertes.avis.v1"

AVERE = "avere"
"""What the control tells from noise. A caisse is not written to for another crossing, nor for one that the control
has not seen or that is over: it is listed, pushed and counted. Of what a caisse was told, it is told the rest."""


async def annoncer(
    conn: AsyncConnection, silences: Collection[Silence], instant: datetime, reglages: ReglagesAvis
) -> None:
    """Decide the notice of each caisse, keep it and announce it."""
    par_caisse: dict[str, list[Row[Any]]] = {}
    for ligne in await alertes.a_annoncer(conn):
        par_caisse.setdefault(ligne.caisse, []).append(ligne)
    connus = {li.caisse: Groupe(li.caisse, li.dernier, li.rappels) for li in await conn.execute(select(groupes))}
    for caisse, lignes in sorted(par_caisse.items()):
        membres = [_membre(ligne, silences, instant) for ligne in lignes]
        ouvertures = ouvertures_de(charger().par_slug[caisse])
        groupe, avis = aviser(connus.get(caisse, Groupe(caisse)), membres, instant, ouvertures, reglages)
        if avis is not None:
            await _garder(conn, groupe, avis, {ligne.id: ligne for ligne in lignes})


def _membre(ligne: Row[Any], silences: Collection[Silence], instant: datetime) -> Membre:
    cle = Cle(ligne.genre, ligne.caisse, ligne.objet)
    bruit = ligne.genre == "performance" and ligne.gravite != AVERE and ligne.annonce is None
    tue = bruit or any(silence.tait(cle, instant) for silence in silences)
    return Membre(ligne.id, ligne.etat, ligne.niveau, ligne.depuis, ligne.annonce, tue)


async def _garder(conn: AsyncConnection, groupe: Groupe, avis: Avis, lignes: Mapping[int, Row[Any]]) -> None:
    valeurs = {"dernier": groupe.dernier, "rappels": groupe.rappels}
    depot = deposer(groupes).values(caisse=groupe.caisse, **valeurs)
    await conn.execute(depot.on_conflict_do_update(index_elements=["caisse"], set_=valeurs))
    await alertes.annoncees(conn, avis.nouvelles)
    niveau = max((lignes[numero].niveau for numero in avis.ouvertes), default=0)
    contenu = {
        "caisse": avis.caisse,
        "motif": avis.motif,
        "nouvelles": [_decrire(lignes[numero]) for numero, _ in avis.nouvelles],
        "ouvertes": [_decrire(lignes[numero]) for numero in avis.ouvertes],
        "niveau": niveau,
        "destinataire": NIVEAUX[niveau],
    }
    depot_avis = insert(table_avis).values(caisse=avis.caisse, instant=avis.instant, motif=avis.motif, contenu=contenu)
    numero = await conn.scalar(depot_avis.returning(table_avis.c.id))
    await notifier_avis(conn, numero, contenu, avis.instant)
    evenement = {
        "specversion": "1.0",
        "id": f"avis-{numero}",
        "source": f"urn:vigie:service:{NOM}",
        "type": TYPE_AVIS,
        "subject": avis.caisse,
        "time": avis.instant,
        "data": {"avis": numero, **contenu},
    }
    await publier(await pilote(conn), NOM, TOPIC_ALERTES, avis.caisse.encode(), msgspec.json.encode(evenement))


def _decrire(ligne: Row[Any]) -> dict[str, Any]:
    champs: Sequence[str] = ("id", "genre", "objet", "etat", "niveau", "constat", "gravite", "valeur", "seuil")
    return {champ: ligne._mapping[champ] for champ in champs}
