"""``vigie reconstruire``: bring the contributions kept under former rules to those of the catalogue in force, online.

A batch is one transaction that keeps every consumer out while it lasts; nothing is done, and no consumer waits,
for dossiers that already are as they should be. It can be stopped anywhere and run again.
"""

from collections.abc import Callable, Iterable, Mapping
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
    """How far it went: dossiers seen and changed, and the last one seen (give it back as ``apres`` to go on)."""

    vus: int = 0
    changes: int = 0
    dernier: Cle = DEBUT


async def reconstruire(
    pool: asyncpg.Pool,
    schema: str,
    process: str,
    calculs: Mapping[str, CalculEnLot],
    dictionnaire: Dictionnaire,
    clock: Clock,
    lot: int = 2_000,
    progres: Callable[[Reconstruction], None] | None = None,
    apres: Cle = DEBUT,
) -> Reconstruction:
    """Recompute every dossier of ``process``; ``progres`` is told after each batch.

    New − kept is added to the cells under today's recorded day and the cause *definition*. Consumers must already
    run under the same catalogue, or they go on keeping what the former one says.
    """
    depot, calcul = Depot(schema), calculs[process]
    fait = Reconstruction(dernier=apres)
    while True:
        async with acquerir(pool) as conn:
            page = await depot.page(conn, process, fait.dernier, lot)
        if not page:
            return fait
        perimes = _perimes(calcul, page)
        changes = 0
        if perimes:
            async with acquerir(pool) as conn, conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                changes = await _corriger(conn, pool, depot, calcul, dictionnaire, perimes, clock.now())
        fait = Reconstruction(fait.vus + len(page), fait.changes + changes, max(page))
        if progres is not None:
            progres(fait)


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
