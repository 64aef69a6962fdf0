"""Retention of the chains of persons: those nobody has added to for long are forgotten, their figures are sealed.

As ``shared.dossiers.retention`` for dossiers, with which it shares the horizon; but a chain is never closed: it goes
when all its contacts and closed files are older than the horizon, and it holds no open file.
"""

from collections.abc import Mapping

import asyncpg

from shared.catalogue.derives import REITERATION
from shared.database.connexion import acquerir
from shared.dossiers.deltas import Deltas
from shared.dossiers.derives.fiches import CLOS, OUVERT
from shared.dossiers.effets import Cle, Existant
from shared.dossiers.etat import decoder_etat
from shared.dossiers.gardees import decoder_contributions
from shared.dossiers.jours import minuit_paris
from shared.dossiers.retention import Purge
from shared.dossiers.store import Depot
from shared.dossiers.tables import PLIE, SCELLE
from shared.dossiers.traitement import hors_horizon
from shared.events.contrat import CAUSES, Contenu

_NORMAL = CAUSES.index("normal")


def encore_ouvert(contenu: Contenu) -> bool:
    """Whether it is a file that has not been closed."""
    return OUVERT in contenu.jalons and CLOS not in contenu.jalons


async def oublier(pool: asyncpg.Pool, schema: str, avant: int, lot: int = 2_000) -> Purge:
    """Forget the chains of which nothing was recorded, nor happened, since the day ``avant``, and nothing is open.

    Keep more days than the longest gap, or a contact would find no former one. The horizon is written first. It can
    be stopped anywhere and run again.
    """
    depot = Depot(schema)
    async with acquerir(pool) as conn, conn.transaction():
        await depot.exclure_les_consommateurs(conn)
        await conn.execute(
            f"""
            INSERT INTO {schema}.horizons AS h (process, avant) VALUES ($1, $2)
            ON CONFLICT (process) DO UPDATE SET avant = excluded.avant, maj = now() WHERE h.avant < excluded.avant
            """,
            REITERATION,
            avant,
        )
    fait, dernier = Purge(), ("", 0)
    while True:
        async with acquerir(pool) as conn:
            page = await depot.page(conn, REITERATION, dernier, lot)
        if not page:
            return fait
        dernier = max(page)
        cles = list(_oubliables(page, avant))
        if cles:
            async with acquerir(pool) as conn, conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                partantes = _oubliables(await depot.lire(conn, cles), avant)
                await sceller(conn, depot, partantes)
                cles = list(partantes)
        fait = Purge(fait.vus + len(page), fait.purges + len(cles))


def _oubliables(existants: Mapping[Cle, Existant], avant: int) -> dict[Cle, Existant]:
    limite = minuit_paris(avant)
    return {
        cle: existant
        for cle, existant in existants.items()
        if existant[2] < avant
        and all(
            hors_horizon(contenu, limite) and not encore_ouvert(contenu)
            for contenu in decoder_etat(existant[0]).values()
            if contenu.temps
        )
    }


async def sceller(conn: asyncpg.Connection, depot: Depot, partantes: Mapping[Cle, Existant]) -> None:
    """Forget these chains, in a transaction that keeps the consumers out, and move what they count for."""
    sortie, entree = Deltas(), Deltas()
    for _, contributions, enregistre in partantes.values():
        sortie.ajouter(decoder_contributions(contributions), (enregistre, _NORMAL), -1)
        entree.ajouter(decoder_contributions(contributions), (enregistre, _NORMAL))
    await depot.ajouter(conn, {PLIE: sortie.cellules(), SCELLE: entree.cellules()})
    await conn.execute(
        f"DELETE FROM {depot.schema}.dossiers d USING unnest($1::text[], $2::int[]) AS k(s, n) "
        "WHERE d.subject = k.s AND d.serie = k.n",
        [subject for subject, _ in partantes],
        [serie for _, serie in partantes],
    )
