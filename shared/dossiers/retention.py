"""Retention: dossiers older than a horizon are forgotten; what they counted for is kept, sealed.

Readings do not move, today's nor any *as known on*: what leaves the folded shard and what enters the sealed one
bear the same recorded day and cause.
"""

from collections.abc import Callable, Mapping, Sequence
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
"""Pages of ``dossiers`` (8 kB each) read at once: about 12,000 dossiers."""

LOT = 10_000
"""Dossiers from which those to be forgotten go together: consumers are kept out once for all of them."""

Version = tuple[tuple[int, int], int]
"""Where a row is (page, place in it) and the transaction that wrote it: it is the same row as long as both are."""

_NORMAL = CAUSES.index("normal")


@dataclass(frozen=True, slots=True)
class Purge:
    """How far it went: dossiers old enough to be looked at, and those purged."""

    vus: int = 0
    purges: int = 0


async def purger(
    pool: asyncpg.Pool, schema: str, process: str, avant: int, blocs: int = BLOCS, lot: int = LOT
) -> Purge:
    """Forget the dossiers of ``process`` closed before the day ``avant`` of which nothing is dated later.

    From then on, an event whose dates are all before it and whose dossier is not there goes to the rejects
    (*hors_horizon*). It can be stopped anywhere and run again.
    """
    limite = minuit_paris(avant)

    def oubliable(contenu: Contenu) -> bool:
        return hors_horizon(contenu, limite)

    return await balayer(pool, schema, process, avant, "jour_clos", oubliable, blocs, lot)


async def balayer(
    pool: asyncpg.Pool,
    schema: str,
    process: str,
    avant: int,
    colonne: str,
    oubliable: Callable[[Contenu], bool],
    blocs: int = BLOCS,
    lot: int = LOT,
) -> Purge:
    """Forget the dossiers of ``process`` whose ``colonne`` is before the day ``avant`` and of which every live
    content is ``oubliable``.

    The horizon is written first; it never goes back. The table is read once, in the order of its pages: by key, what
    is to be forgotten may be anywhere. A row that a consumer moves behind the reading waits for the next night.
    """
    depot, fait = Depot(schema), Purge()
    async with acquerir(pool) as conn:
        async with conn.transaction():
            await depot.exclure_les_consommateurs(conn)
            await conn.execute(
                f"""
                INSERT INTO {schema}.horizons AS h (process, avant) VALUES ($1, $2)
                ON CONFLICT (process) DO UPDATE SET avant = excluded.avant, maj = now() WHERE h.avant < excluded.avant
                """,
                process,
                avant,
            )
        series, partants = await depot.series(conn, process), dict[Version, Existant]()
        for partie in await tranches(conn, f"{schema}.dossiers", blocs):
            lus = await conn.fetch(
                f"SELECT ctid, xmin, etat, contributions, enregistre FROM {schema}.dossiers "
                f"WHERE {partie} AND {colonne} < $1 AND serie = ANY($2)",
                avant,
                series,
            )
            for ctid, xmin, etat, gardees, enregistre in lus:
                if all(oubliable(contenu) for contenu in decoder_contenus(etat) if contenu.temps):
                    partants[ctid, xmin] = (etat, gardees, enregistre)
            fait = Purge(fait.vus + len(lus), fait.purges)
            if len(partants) >= lot:
                fait = Purge(fait.vus, fait.purges + await _oublier(conn, depot, partants))
                partants = {}
        return Purge(fait.vus, fait.purges + await _oublier(conn, depot, partants))


async def _oublier(conn: asyncpg.Connection, depot: Depot, partants: Mapping[Version, Existant]) -> int:
    """Forget those of them that are still as they were read; how many."""
    if not partants:
        return 0
    async with conn.transaction():
        await depot.exclure_les_consommateurs(conn)
        partis = await conn.fetch(
            f"""DELETE FROM {depot.schema}.dossiers d USING unnest($1::tid[], $2::xid[]) AS k(place, version)
            WHERE d.ctid = k.place AND d.xmin = k.version RETURNING k.place, k.version""",
            *zip(*partants, strict=True),
        )
        await sceller(conn, depot, [partants[place, version] for place, version in partis])
    return len(partis)


async def sceller(conn: asyncpg.Connection, depot: Depot, partis: Sequence[Existant]) -> None:
    """Move what these dossiers counted for, in the transaction that forgets them and keeps the consumers out."""
    sortie, entree = Deltas(), Deltas()
    enregistres = np.array([enregistre for *_, enregistre in partis], dtype=np.int64)
    versions = np.stack((enregistres, np.full(len(partis), _NORMAL)), axis=1)
    for genre, (rangs, lignes) in decoder_colonnes([gardees for _, gardees, _ in partis]).items():
        sortie.ajouter_colonnes(genre, lignes, versions[rangs], -1)
        entree.ajouter_colonnes(genre, lignes, versions[rangs])
    await depot.ajouter(conn, {PLIE: sortie.cellules(), SCELLE: entree.cellules()})
