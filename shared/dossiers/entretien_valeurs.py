"""Kept values are kept right ahead of the questions, and for those who read them with SQL: see ``vues``."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.database.connexion import acquerir
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.mouvements import JOURS_FINS, mois_du, tasser
from shared.dossiers.tables import PLIE
from shared.dossiers.valeurs import Demande
from shared.dossiers.valeurs_gardees import JOURS_GARDES
from shared.indicators.periodes import Periode, decouper
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de
from shared.service.periodique import repeter

INTERVALLE = 60.0
"""Seconds between two rounds: how late the views may be."""

BUDGET = 10.0
"""Seconds of a round after which it leaves the rest to the next."""

MOIS_GARDES = 36
"""Months kept right, the present one among them."""

REPOS = 9
"""Least rest after a round, in its own durations: while events pour in, this takes a tenth of the time at most."""

LOT = 6
"""Periods of one indicator computed at once: what one statement reads is bounded."""

_VERROU = 0x5669_6776  # advisory lock of the one process of a service that does this


def periodes_gardees(maintenant: int) -> list[Periode]:
    """The months and the days to keep right at Unix second ``maintenant``, the latest first."""
    aujourdhui = fuseau("Europe/Paris").jour(maintenant)
    fin = date_de(mois_du(aujourdhui)[1])
    rang = fin.year * 12 + fin.month - MOIS_GARDES
    mois = decouper(date(rang // 12, rang % 12 + 1, 1), fin, "mois")
    jours = [Periode(jour, jour) for jour in range(aujourdhui - JOURS_GARDES + 1, aujourdhui + 1)]
    return sorted([*mois, *jours], key=lambda p: p.au, reverse=True)


async def entretenir(service: ServiceDossiers, arret: asyncio.Event) -> None:
    """A round every INTERVALLE, or less often, until ``arret``; a database that is away is waited for."""
    await repeter("valeurs gardees", lambda: mettre_a_jour(service), arret, lambda s: max(INTERVALLE, REPOS * s))


async def mettre_a_jour(service: ServiceDossiers, budget: float = BUDGET) -> int | None:
    """One round: compute what is not right any more, the latest first; how many periods were computed.

    None, and nothing is done, when another process of the service is at it.
    """
    maintenant, fin, faites = int(service.clock.now().timestamp()), time.monotonic() + budget, 0
    async with service.a_l_instant.connect() as conn:
        if not (await conn.execute(text("SELECT pg_try_advisory_lock(:v, hashtext(:s))"), _verrou(service))).scalar():
            return None
        try:
            await service.dictionnaire.actualiser(conn)
            for demandes in _par_process(service, maintenant):
                while time.monotonic() < fin and (lot := await _lot(service, conn, demandes)):
                    await service.gardees.ensemble(conn, lot)
                    faites += sum(len(demande.periodes) for demande in lot)
        finally:
            await conn.execute(text("SELECT pg_advisory_unlock(:v, hashtext(:s))"), _verrou(service))
    async with acquerir(service.pool) as brute, brute.transaction():
        aujourdhui, nom = fuseau("Europe/Paris").jour(maintenant), service.definition.nom
        await tasser(brute, nom, aujourdhui - 2 * JOURS_FINS, PLIE)
        # A day that is not kept right any more is not shown as if it were.
        await brute.execute(f"DELETE FROM {nom}.valeurs_gardees WHERE du = au AND du < $1", aujourdhui - JOURS_GARDES)
    return faites


async def _lot(service: ServiceDossiers, conn: AsyncConnection, demandes: list[Demande]) -> list[Demande]:
    """The next periods to compute of one process: the same ones for all its indicators, as far as they need them."""
    perimees = await service.gardees.perimees(conn, demandes)
    prochaines = sorted({p for siennes in perimees for p in siennes}, key=lambda p: p.au, reverse=True)[:LOT]
    lot = [
        replace(d, periodes=[p for p in siennes if p in prochaines])
        for d, siennes in zip(demandes, perimees, strict=True)
    ]
    return [demande for demande in lot if demande.periodes]


def _par_process(service: ServiceDossiers, maintenant: int) -> Iterator[list[Demande]]:
    """The questions of each process of which a source ever sent something."""
    venus = {serie.split("|", 1)[0] for serie in service.dictionnaire.noms("serie").values()}
    periodes, par_process = periodes_gardees(maintenant), dict[str, list[Indicateur]]()
    for indicateur in indicateurs_du_service(service.definition.nom):
        if indicateur.process in venus:
            par_process.setdefault(indicateur.process, []).append(indicateur)
    for indicateurs in par_process.values():
        yield [Demande(indicateur, periodes, maintenant) for indicateur in indicateurs]


def _verrou(service: ServiceDossiers) -> dict[str, object]:
    return {"v": _VERROU, "s": service.definition.nom}
