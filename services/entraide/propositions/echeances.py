"""What becomes of propositions without anybody asking: expiry, first and last days, reminders. On the service's clock.

A day is over when it is at both caisses: neither loses an evening to the other's clock.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.entraide.assemblage import ServiceEntraide
from services.entraide.domain.cycle_de_vie import Acteur, Commande, Cote, Etat, Ordre, Proposition, en_attente_de
from services.entraide.propositions import store
from services.entraide.propositions.annonces import annoncer_rappel, slug_du_cote
from services.entraide.propositions.lignes import VIVANTES, Lue, calendrier_de, heure_locale, jour_commun, jour_local
from services.entraide.propositions.tables import rappels
from shared.database.transactions import transaction
from shared.network.jours import date_de
from shared.service.periodique import repeter

HEURE = 8
"""Nobody is reminded before this hour of the caisse's own clock."""

PREAVIS_REPONSE, PREAVIS_ORDRE = 1, 2
"""Working days before the last one to answer, before the first one of a mission, at which one is reminded."""


async def veiller(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Make the rounds until ``arret``. Raises what will not pass by itself."""
    del client
    await repeter("propositions", lambda: tour(service.moteur, service.clock.now()), arret, service.reglages.repos_s)


async def tour(moteur: AsyncEngine, maintenant: datetime) -> dict[str, int]:
    """One round; how many commands and reminders. By two at once, or again, everything is done once."""
    async with moteur.connect() as conn:
        vivantes = await store.lister(conn, etats=VIVANTES)
    commandes = envoyes = 0
    for vue in reversed(vivantes):
        if commande_due(vue.proposition, maintenant) is None and not rappels_dus(vue, maintenant):
            continue
        async with transaction(moteur) as conn:
            lue = await store.lire(conn, vue.id, verrouiller=True)
            assert lue is not None
            while (commande := commande_due(lue.proposition, maintenant)) is not None:
                ordre = Ordre(commande, Acteur(store.SYSTEME, "systeme"), jour_commun(lue.proposition, maintenant))
                lue = await store.executer(conn, lue, ordre, maintenant)
                commandes += 1
            for quoi, cote, terme in rappels_dus(lue, maintenant):
                envoyes += await _rappeler(conn, lue, quoi, cote, terme, maintenant)
    return {"commandes": commandes, "rappels": envoyes}


def commande_due(proposition: Proposition, maintenant: datetime) -> Commande | None:
    """What the clock does now."""
    due = _DUES.get(proposition.etat)
    if due is None:
        return None
    commande, est_due = due
    return commande if est_due(proposition, jour_commun(proposition, maintenant)) else None


def rappels_dus(lue: Lue, maintenant: datetime) -> list[tuple[str, Cote, int]]:
    """(what is awaited, from which side, the day it is about), at a decent hour there; sent or not already."""
    p = lue.proposition
    attendus: list[tuple[str, Cote, int, int]] = [
        ("reponse", cote, p.echeance, PREAVIS_REPONSE) for cote in sorted(en_attente_de(p))
    ]
    if p.etat == "engagee":
        attendus.append(("ordre", "aidante", p.termes.debut, PREAVIS_ORDRE))
    if p.etat == "active" and p.prolongation is not None:
        attendus.append(("prolongation", _AUTRE[p.prolongation[1]], p.termes.fin, PREAVIS_REPONSE))
    dus = []
    for quoi, cote, terme, preavis in attendus:
        caisse = str(slug_du_cote(lue, cote))
        jour, depuis = jour_local(caisse, maintenant), jour_local(caisse, lue.proposee_le)
        premier = calendrier_de(caisse).ajouter_ouvres(terme, -preavis)
        if max(premier, depuis + 1) <= jour and heure_locale(caisse, maintenant) >= HEURE:
            dus.append((quoi, cote, terme))
    return dus


async def _rappeler(conn: AsyncConnection, lue: Lue, quoi: str, cote: Cote, terme: int, instant: datetime) -> int:
    ligne = {"proposition": lue.id, "quoi": quoi, "cote": cote, "terme": date_de(terme), "instant": instant}
    depot = insert(rappels).values(ligne).on_conflict_do_nothing().returning(rappels.c.proposition)
    if (await conn.execute(depot)).one_or_none() is None:
        return 0
    await annoncer_rappel(conn, lue, quoi, cote, terme, instant)
    return 1


_AUTRE: Mapping[Cote, Cote] = {"aidante": "aidee", "aidee": "aidante"}

_DUES: Mapping[Etat, tuple[Commande, Callable[[Proposition, int], bool]]] = {
    "proposee": ("expirer", lambda p, jour: jour > p.echeance),
    "ordonnee": ("demarrer", lambda p, jour: jour >= p.termes.debut),
    "active": ("terminer", lambda p, jour: jour > p.termes.fin),
}
