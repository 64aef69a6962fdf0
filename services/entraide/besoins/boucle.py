"""Sizing without anybody asking: new needs, those that could not be, open ones every week with the aid that is agreed;
and the end of those whose period is over."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx
from sqlalchemy import Row

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins import store
from services.entraide.besoins.amonts import Amonts
from services.entraide.besoins.dimensionnement import (
    NonDimensionnable,
    Situations,
    aujourd_hui,
    conversion,
    lire_situations,
    lundi_a,
    mesurer,
    propositions_utiles,
)
from services.entraide.besoins.inscription import clore
from services.entraide.besoins.store import SYSTEME, Taille
from services.entraide.suivi.commun import montees
from shared.database.transactions import pilote, transaction
from shared.network.jours import date_de, jour_de
from shared.service.periodique import repeter


async def dimensionner_sans_fin(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Make the rounds until ``arret``; raises what will not pass by itself."""
    await repeter("dimensionnement", partial(tour, service, client), arret, service.reglages.repos_s)


async def tour(service: ServiceEntraide, client: httpx.AsyncClient) -> int:
    """One round: how many needs were looked at. By two at once, or again, each is sized once."""
    maintenant = service.clock.now()
    async with transaction(service.moteur) as conn:
        jour = date_de(aujourd_hui(maintenant))
        for numero in await store.passes(conn, jour):
            await clore(await pilote(conn), numero, maintenant, SYSTEME, "Sa période est passée.")
    async with service.moteur.connect() as conn:
        lignes = await store.a_dimensionner(conn, maintenant, lundi_a(maintenant))
    await dimensionner_les(service, client, lignes)
    return len(lignes)


async def dimensionner_les(service: ServiceEntraide, client: httpx.AsyncClient, lignes: Sequence[Row[Any]]) -> None:
    """Size these needs from the services that own the figures, and keep what comes of it."""
    if not lignes:
        return
    maintenant = service.clock.now()
    async with service.moteur.connect() as conn:
        lues, rythmes = await propositions_utiles(conn), await montees(conn)
    situations = await lire_situations(
        Amonts(client, service.reglages.amonts), {(li.caisse, li.process) for li in lignes}, lues, maintenant,
        {(li.caisse, li.process): store.en_plus_de(li) for li in lignes}, service.reglages.echantillon,
        rythmes,
    )  # fmt: skip
    prets = [ligne for ligne in lignes if ligne.process not in situations.muets]
    tailles = [await asyncio.to_thread(_taille, ligne, situations) for ligne in prets]
    async with transaction(service.moteur) as conn:
        for ligne, taille in zip(prets, tailles, strict=True):
            await store.noter_taille(conn, ligne.id, ligne.revision, taille, maintenant)
        for ligne in lignes:
            if ligne.process in situations.muets:
                await store.noter_attente(conn, ligne.id, situations.muets[ligne.process])


def _taille(ligne: Row[Any], situations: Situations) -> Taille:
    situation = situations.de(ligne.caisse, ligne.process)
    if situation is None:
        return _sans_situation(ligne, situations)
    try:
        periode = (jour_de(ligne.debut), jour_de(ligne.fin))
        dim = mesurer(ligne.process, situation, situations.tenues[ligne.process], situations.horizon, periode)
    except NonDimensionnable as exc:
        return Taille(None, str(exc))
    return Taille(dim, None)


def _sans_situation(ligne: Row[Any], situations: Situations) -> Taille:
    """A volume that a person gave stands by itself when something converts it; else the reason is told."""
    raison = situations.manques.get(ligne.process) or (
        f"{ligne.caisse} n'a pas assez d'histoire sur « {ligne.process} » pour que sa charge soit projetée."
    )
    if ligne.volume is None or not ligne.volume_donne:
        return Taille(None, f"{raison} Donnez le volume à absorber.")
    try:
        return Taille(_annonce(ligne, raison), None)
    except NonDimensionnable as exc:
        return Taille(None, str(exc))


def _annonce(ligne: Row[Any], raison: str) -> dict[str, Any]:
    converti = conversion(ligne.process)
    return converti | {
        "volume": ligne.volume,
        "etp_semaines": round(ligne.volume / converti["volume_par_etp_semaine"], 3),
        "sans_projection": raison,
    }
