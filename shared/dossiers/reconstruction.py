"""``vigie reconstruire``: bring the contributions kept under former rules to those of the catalogue in force, online.

A batch is one transaction that keeps every consumer out while it lasts; nothing is done, and no consumer waits,
for dossiers that already are as they should be. It can be stopped anywhere and run again; where it stopped is kept,
for whoever runs it again under the same rules to go on from there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.dossiers.cloche import sonner
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.deltas import Deltas
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle, Effets, Existant, Passage, passer
from shared.dossiers.etat import decoder_contenus
from shared.dossiers.jours import jour_paris
from shared.dossiers.store import Depot
from shared.dossiers.tables import RECONSTRUIT
from shared.events.contrat import CAUSES, Contenu

_DEFINITION = CAUSES.index("definition")

DEBUT: Cle = ("", 0)
"""Before every dossier."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """How far it went: dossiers seen and changed, and the last one seen (give it back as ``depuis`` to go on)."""

    vus: int = 0
    changes: int = 0
    dernier: Cle = DEBUT


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the table (first migration of a dossier service)."""
    return [
        f"""CREATE TABLE {schema}.reconstructions (
            process text PRIMARY KEY, vus bigint NOT NULL, changes bigint NOT NULL,
            subject text COLLATE "C" NOT NULL, serie integer NOT NULL)""",
        f"COMMENT ON TABLE {schema}.reconstructions IS 'How far those that were not finished went'",
    ]


async def interrompue(pool: asyncpg.Pool, schema: str, process: str) -> Reconstruction | None:
    """How far the last reconstruction of ``process`` went, when it was not finished."""
    async with acquerir(pool) as conn:
        ligne = await conn.fetchrow(
            f"SELECT vus, changes, subject, serie FROM {schema}.reconstructions WHERE process = $1", process
        )
    return None if ligne is None else Reconstruction(ligne[0], ligne[1], (ligne[2], ligne[3]))


async def reconstruire(
    pool: asyncpg.Pool,
    schema: str,
    process: str,
    calculs: Mapping[str, CalculEnLot],
    dictionnaire: Dictionnaire,
    clock: Clock,
    lot: int = 2_000,
    progres: Callable[[Reconstruction], None] | None = None,
    depuis: Reconstruction | None = None,
) -> Reconstruction:
    """Recompute every dossier of ``process``, or those after ``depuis``; ``progres`` is told after each batch.

    New − kept is added to the cells under today's recorded day and the cause *definition*. Consumers must already
    run under the same catalogue, or they go on keeping what the former one says.
    """
    depot, calcul = Depot(schema), calculs[process]
    fait = depuis or Reconstruction()
    while True:
        async with acquerir(pool) as conn:
            page = await depot.page(conn, process, fait.dernier, lot)
        if not page:
            async with acquerir(pool) as conn:
                await conn.execute(f"DELETE FROM {schema}.reconstructions WHERE process = $1", process)
            return fait
        perimes = _perimes(calcul, page)
        changes = 0
        if perimes:
            async with acquerir(pool) as conn, conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                changes = await _corriger(conn, pool, depot, calcul, dictionnaire, perimes, clock.now())
        fait = Reconstruction(fait.vus + len(page), fait.changes + changes, max(page))
        await _noter(pool, schema, process, fait)
        if progres is not None:
            progres(fait)


async def _noter(pool: asyncpg.Pool, schema: str, process: str, fait: Reconstruction) -> None:
    """After the batch: one that is done again finds nothing to change."""
    async with acquerir(pool) as conn:
        await conn.execute(
            f"""
            INSERT INTO {schema}.reconstructions (process, vus, changes, subject, serie) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (process) DO UPDATE SET vus = excluded.vus, changes = excluded.changes,
                subject = excluded.subject, serie = excluded.serie
            """,
            process,
            fait.vus,
            fait.changes,
            *fait.dernier,
        )


async def _corriger(
    conn: asyncpg.Connection,
    pool: asyncpg.Pool,
    depot: Depot,
    calcul: CalculEnLot,
    dictionnaire: Dictionnaire,
    cles: Iterable[Cle],
    maintenant: datetime,
) -> int:
    existants, jour = await depot.lire(conn, cles), jour_paris(maintenant)
    effets = _effets(calcul, existants, jour)
    if dictionnaire.manquants:
        await dictionnaire.completer(pool)
        effets = _effets(calcul, existants, jour)
    await depot.ecrire(conn, effets, RECONSTRUIT)
    if effets.changees:
        identifiant = f"reconstruction-{calcul.processus.code}-{jour}-{effets.changees[-1][1]}-{maintenant.timestamp()}"
        await sonner(conn, depot.schema, dictionnaire, effets.touchees, identifiant, maintenant)
    return len(effets.changees)


def _effets(calcul: CalculEnLot, existants: Mapping[Cle, Existant], aujourd_hui: int) -> Effets:
    deltas = Deltas()
    passages = [
        Passage(cle, etat, existants[cle][1], (max(aujourd_hui, existants[cle][2]), _DEFINITION), nouveau=False)
        for cle, etat in _perimes(calcul, existants).items()
    ]
    changees = passer(calcul, passages, deltas)
    return Effets(changees=changees, cellules=deltas.cellules())


def _perimes(calcul: CalculEnLot, existants: Mapping[Cle, Existant]) -> dict[Cle, list[Contenu]]:
    """Those that would now count otherwise than they do."""
    etats = {cle: decoder_contenus(existant[0]) for cle, existant in existants.items()}
    contributions = calcul.contributions_en_lot(list(etats.values()))
    return {
        cle: etat
        for (cle, etat), octets in zip(etats.items(), contributions.gardees, strict=True)
        if octets != existants[cle][1]
    }
