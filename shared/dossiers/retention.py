"""Retention: dossiers older than a horizon are forgotten; what they counted for is kept, sealed.

Readings do not move, today's nor any *as known on*: what leaves the folded shard and what enters the sealed one
bear the same recorded day and cause.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import asyncpg
import numpy as np

from shared.database.connexion import acquerir
from shared.dossiers.deltas import Deltas
from shared.dossiers.effets import Existant
from shared.dossiers.etat import decoder_contenus
from shared.dossiers.gardees import decoder_colonnes
from shared.dossiers.jours import minuit_paris
from shared.dossiers.store import Depot, tranches
from shared.dossiers.tables import PLIE, SCELLE
from shared.dossiers.traitement import hors_horizon
from shared.events.contrat import CAUSES, Contenu

BLOCS = 500
"""Pages of ``dossiers`` (8 kB each) looked at together; those that go, in one transaction: about 12,000 dossiers."""

Tid = tuple[int, int]
"""Where a row is: page, place in it."""

_NORMAL = CAUSES.index("normal")


@dataclass(frozen=True, slots=True)
class Purge:
    """How far it went: dossiers old enough to be looked at, and those purged."""

    vus: int = 0
    purges: int = 0


async def purger(pool: asyncpg.Pool, schema: str, process: str, avant: int, blocs: int = BLOCS) -> Purge:
    """Forget the dossiers of ``process`` closed before the day ``avant`` of which nothing is dated later.

    From then on, an event whose dates are all before it and whose dossier is not there goes to the rejects
    (*hors_horizon*). It can be stopped anywhere and run again.
    """
    limite = minuit_paris(avant)

    def oubliable(contenu: Contenu) -> bool:
        return hors_horizon(contenu, limite)

    return await balayer(pool, schema, process, avant, "jour_clos", oubliable, blocs)


async def balayer(
    pool: asyncpg.Pool,
    schema: str,
    process: str,
    avant: int,
    colonne: str,
    oubliable: Callable[[Contenu], bool],
    blocs: int = BLOCS,
) -> Purge:
    """Forget the dossiers of ``process`` whose ``colonne`` is before the day ``avant`` and of which every live
    content is ``oubliable``.

    The horizon is written first; it never goes back. The table is read once, in the order of its pages: by key, what
    is to be forgotten may be anywhere. Consumers are kept out only while dossiers go, which are looked at again then.
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
        parties = await tranches(conn, f"{schema}.dossiers", blocs)
        series = await depot.series(conn, process)
    lire = (
        f"SELECT ctid, etat, contributions, enregistre FROM {schema}.dossiers WHERE {colonne} < $1 AND serie = ANY($2)"
    )

    async def anciens(conn: asyncpg.Connection, ou: str, *arguments: object) -> tuple[int, dict[Tid, Existant]]:
        """How many are that old there, and those of them that may go."""
        lus = await conn.fetch(f"{lire} AND {ou}", avant, series, *arguments)
        return len(lus), {
            tid: (etat, gardees, enregistre) for tid, etat, gardees, enregistre in lus if _oubliable(etat, oubliable)
        }

    fait = Purge()
    async with acquerir(pool) as conn:
        for partie in parties:
            vus, partants = await anciens(conn, partie)
            if partants:
                async with conn.transaction():
                    await depot.exclure_les_consommateurs(conn)
                    _, partants = await anciens(conn, "ctid = ANY($3::tid[])", list(partants))
                    await sceller(conn, depot, partants)
            fait = Purge(fait.vus + vus, fait.purges + len(partants))
    return fait


def _oubliable(etat: bytes, oubliable: Callable[[Contenu], bool]) -> bool:
    return all(oubliable(contenu) for contenu in decoder_contenus(etat) if contenu.temps)


async def sceller(conn: asyncpg.Connection, depot: Depot, partants: Mapping[Tid, Existant]) -> None:
    """Forget these dossiers, in a transaction that keeps the consumers out, and move what they count for."""
    sortie, entree = Deltas(), Deltas()
    enregistres = np.array([enregistre for *_, enregistre in partants.values()], dtype=np.int64)
    versions = np.stack((enregistres, np.full(len(partants), _NORMAL)), axis=1)
    for genre, (rangs, lignes) in decoder_colonnes([gardees for _, gardees, _ in partants.values()]).items():
        sortie.ajouter_colonnes(genre, lignes, versions[rangs], -1)
        entree.ajouter_colonnes(genre, lignes, versions[rangs])
    await depot.ajouter(conn, {PLIE: sortie.cellules(), SCELLE: entree.cellules()})
    await conn.execute(f"DELETE FROM {depot.schema}.dossiers WHERE ctid = ANY($1::tid[])", list(partants))
