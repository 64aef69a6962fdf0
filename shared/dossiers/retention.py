"""Retention: closed dossiers older than a horizon are forgotten; what they counted for is kept, sealed.

Readings do not move, today's nor any *as known on*: what leaves the folded shard and what enters the sealed one
bear the same recorded day and cause.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import asyncpg

from shared.database.connexion import acquerir
from shared.dossiers.deltas import Deltas
from shared.dossiers.effets import Cle, Existant
from shared.dossiers.etat import decoder_contenus
from shared.dossiers.gardees import decoder_contributions
from shared.dossiers.jours import minuit_paris
from shared.dossiers.store import Depot
from shared.dossiers.tables import PLIE, SCELLE
from shared.dossiers.traitement import hors_horizon
from shared.events.contrat import CAUSES

_NORMAL = CAUSES.index("normal")


@dataclass(frozen=True, slots=True)
class Purge:
    """How far it went: closed dossiers seen, and those purged."""

    vus: int = 0
    purges: int = 0


async def purger(
    pool: asyncpg.Pool,
    schema: str,
    process: str,
    avant: int,
    lot: int = 2_000,
    progres: Callable[[Purge], None] | None = None,
) -> Purge:
    """Forget the dossiers of ``process`` closed before the day ``avant`` of which nothing is dated later.

    The horizon is written first: from then on, an event whose dates are all before it and whose dossier is not
    there goes to the rejects (*hors_horizon*). It never goes back. It can be stopped anywhere and run again.
    """
    depot = Depot(schema)
    async with acquerir(pool) as conn, conn.transaction():
        await depot.exclure_les_consommateurs(conn)
        await conn.execute(
            f"""
            INSERT INTO {schema}.horizons AS h (process, avant) VALUES ($1, $2)
            ON CONFLICT (process) DO UPDATE SET avant = excluded.avant, maj = now() WHERE h.avant < excluded.avant
            """,
            process,
            avant,
        )
    fait, dernier, limite = Purge(), ("", 0), minuit_paris(avant)
    while True:
        async with acquerir(pool) as conn:
            page = await depot.page(conn, process, dernier, lot, clos_avant=avant)
        if not page:
            return fait
        dernier = max(page)
        cles = [cle for cle, existant in page.items() if _oubliable(existant, limite)]
        purges = 0
        if cles:
            async with acquerir(pool) as conn, conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                purges = await _sceller(conn, depot, cles, avant, limite)
        fait = Purge(fait.vus + len(page), fait.purges + purges)
        if progres is not None:
            progres(fait)


def _oubliable(existant: Existant, limite: int) -> bool:
    return all(hors_horizon(contenu, limite) for contenu in decoder_contenus(existant[0]) if contenu.temps)


async def _sceller(conn: asyncpg.Connection, depot: Depot, cles: Iterable[Cle], avant: int, limite: int) -> int:
    """Forget those of ``cles`` that are still closed and old, and move what they count for."""
    existants = await depot.lire(conn, cles)
    partants = {cle: existant for cle, existant in existants.items() if _oubliable(existant, limite)}
    oublies = await conn.fetch(
        f"""
        DELETE FROM {depot.schema}.dossiers d USING unnest($1::text[], $2::int[]) AS k(s, n)
        WHERE d.subject = k.s AND d.serie = k.n AND d.jour_clos < $3 RETURNING d.subject, d.serie
        """,
        [subject for subject, _ in partants],
        [serie for _, serie in partants],
        avant,
    )
    sortie, entree = Deltas(), Deltas()
    for subject, serie in oublies:
        _, contributions, enregistre = partants[subject, serie]
        sortie.ajouter(decoder_contributions(contributions), (enregistre, _NORMAL), -1)
        entree.ajouter(decoder_contributions(contributions), (enregistre, _NORMAL))
    await depot.ajouter(conn, {PLIE: sortie.cellules(), SCELLE: entree.cellules()})
    return len(oublies)
