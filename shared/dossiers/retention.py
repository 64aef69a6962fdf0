"""Retention: dossiers older than a horizon are forgotten; what they counted for is kept, sealed.

Readings do not move, today's nor any *as known on*: what leaves the folded shard and what enters the sealed one
bear the same recorded day and cause.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import asyncpg
import numpy as np

from shared.database.connexion import acquerir
from shared.dossiers.cellules import liste
from shared.dossiers.deltas import Deltas
from shared.dossiers.effets import Existant
from shared.dossiers.etat import decoder_contenus
from shared.dossiers.gardees import decoder_colonnes
from shared.dossiers.jours import minuit_paris
from shared.dossiers.store import Depot, pages_de, tranches
from shared.dossiers.tables import PLIE, SCELLE
from shared.dossiers.traitement import hors_horizon
from shared.events.contrat import CAUSES, Contenu

BLOCS = 500
"""Pages of ``dossiers`` (8 kB each) read at once: about 12,000 dossiers."""

LOT = 10_000
"""Dossiers from which those to be forgotten go together: consumers are kept out once for all of them."""

Version = tuple[tuple[int, int], int, str, int]
"""Where a row is (page, place in it), the transaction that wrote it, and its key. It is the same row as long as all
are: a rewriting of the table keeps the transaction and not the place."""

_NORMAL = CAUSES.index("normal")


@dataclass(frozen=True, slots=True)
class Purge:
    """How far it went: dossiers old enough to be looked at, and those purged."""

    vus: int = 0
    purges: int = 0


class Garde(NamedTuple):
    """What of one process is forgotten: dossiers whose ``colonne`` is before the day ``avant`` and of which every live
    content is ``oubliable``."""

    process: str
    avant: int
    colonne: Literal["jour_clos", "enregistre"]
    oubliable: Callable[[Contenu], bool]


def des_clos(process: str, avant: int) -> Garde:
    """The dossiers closed before a day of which nothing is dated later."""
    limite = minuit_paris(avant)

    def oubliable(contenu: Contenu) -> bool:
        return hors_horizon(contenu, limite)

    return Garde(process, avant, "jour_clos", oubliable)


async def oublier(
    pool: asyncpg.Pool, schema: str, gardes: Sequence[Garde], blocs: int = BLOCS, lot: int = LOT
) -> Purge:
    """Forget what has had its time. ``gardes``: one a process at most.

    The table is read once, in the order of its pages: by key, what is to be forgotten may be anywhere. A row that a
    consumer moves behind the reading waits for the next time. As soon as a dossier of a process is forgotten, an
    event whose dates are all before that day and whose dossier is not there goes to the rejects (*hors_horizon*);
    the horizon never goes back. Their space is free for the next day's. It can be stopped anywhere and run again.
    """
    depot, partants, vus, purges = Depot(schema), dict[Version, tuple[Garde, Existant]](), 0, 0
    async with acquerir(pool) as conn:
        siennes = {garde: await depot.series(conn, garde.process) for garde in gardes}
        par_serie = {serie: garde for garde, series in siennes.items() for serie in series}
        anciens = " OR ".join(
            f"({garde.colonne} < {garde.avant:d} AND serie = ANY({liste(series)}))" for garde, series in siennes.items()
        )
        for partie in tranches(await pages_de(conn, f"{schema}.dossiers"), blocs):
            lus = await conn.fetch(
                f"SELECT ctid, xmin, subject, serie, etat, contributions, enregistre FROM {schema}.dossiers "
                f"WHERE {partie} AND ({anciens})"
            )
            for *version, etat, gardees, enregistre in lus:
                garde = par_serie[version[-1]]
                if all(garde.oubliable(contenu) for contenu in decoder_contenus(etat) if contenu.temps):
                    partants[tuple(version)] = garde, (etat, gardees, enregistre)
            vus += len(lus)
            if len(partants) >= lot:
                purges += await _oublier(conn, depot, partants)
                partants = {}
        purges += await _oublier(conn, depot, partants)
        if purges:
            await conn.execute(f"VACUUM (TRUNCATE FALSE, SKIP_LOCKED) {schema}.dossiers")
    return Purge(vus, purges)


async def _oublier(conn: asyncpg.Connection, depot: Depot, partants: Mapping[Version, tuple[Garde, Existant]]) -> int:
    """Forget those of them that are still as they were read; how many."""
    if not partants:
        return 0
    horizons = {garde.process: garde.avant for garde, _ in partants.values()}
    async with conn.transaction():
        await depot.exclure_les_consommateurs(conn)
        await conn.execute(
            f"""INSERT INTO {depot.schema}.horizons AS h (process, avant) SELECT * FROM unnest($1::text[], $2::int[])
            ON CONFLICT (process) DO UPDATE SET avant = excluded.avant, maj = now() WHERE h.avant < excluded.avant""",
            list(horizons),
            list(horizons.values()),
        )
        partis = await conn.fetch(
            f"""DELETE FROM {depot.schema}.dossiers d
            USING unnest($1::tid[], $2::xid[], $3::text[], $4::int[]) AS k(place, version, sujet, serie)
            WHERE d.ctid = k.place AND d.xmin = k.version AND d.subject = k.sujet AND d.serie = k.serie
            RETURNING k.place, k.version, k.sujet, k.serie""",
            *zip(*partants, strict=True),
        )
        await sceller(conn, depot, [partants[tuple(version)][1] for version in partis])
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
