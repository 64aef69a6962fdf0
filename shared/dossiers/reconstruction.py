"""``vigie reconstruire``: bring the contributions kept under former rules to those of the catalogue in force, online.

A batch is one transaction that keeps every consumer out while it lasts; nothing is done, and no consumer waits,
for dossiers that already are as they should be. It can be stopped anywhere and run again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.clock import Clock
from shared.dossiers.contributions import Calcul
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle, Effets, Existant, decoder_contributions, ligne_de
from shared.dossiers.etat import decoder_etat
from shared.dossiers.jours import jour_paris
from shared.dossiers.store import Depot
from shared.dossiers.tables import RECONSTRUIT
from shared.events.contrat import CAUSES

_DEFINITION = CAUSES.index("definition")


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """How far it went: dossiers seen and changed, and the last one seen (give it back as ``apres`` to go on)."""

    vus: int = 0
    changes: int = 0
    dernier: Cle = ("", 0)


async def reconstruire(
    pool: asyncpg.Pool,
    schema: str,
    calcul: Calcul,
    dictionnaire: Dictionnaire,
    clock: Clock,
    lot: int = 2_000,
    progres: Callable[[Reconstruction], None] | None = None,
    apres: Cle = ("", 0),
) -> Reconstruction:
    """Recompute every dossier of ``calcul``'s process; ``progres`` is told after each batch.

    New − kept is added to the cells under today's recorded day and the cause *definition*. ``dictionnaire`` is
    loaded. Consumers must already run under the same catalogue, or they go on keeping the former one's.
    """
    depot = Depot(schema)
    fait = Reconstruction(dernier=apres)
    async with pool.acquire() as conn:
        await dictionnaire.charger(conn)
    series = [
        code
        for code, nom in dictionnaire.noms("serie").items()
        if nom.partition("|")[0] == calcul.processus.code
    ]
    while True:
        async with pool.acquire() as conn:
            lignes = await conn.fetch(_PAGE.format(schema=schema), *fait.dernier, series, lot)
        if not lignes:
            return fait
        perimes = [_cle(li) for li in lignes if _recalculer(calcul, (li[2], li[3], li[4])) is not None]
        changes = 0
        if perimes:
            await dictionnaire.completer(pool)
            changes = await _corriger(pool, depot, calcul, perimes, jour_paris(clock.now()))
        fait = Reconstruction(fait.vus + len(lignes), fait.changes + changes, _cle(lignes[-1]))
        if progres is not None:
            progres(fait)


async def _corriger(pool: asyncpg.Pool, depot: Depot, calcul: Calcul, cles: Sequence[Cle], aujourd_hui: int) -> int:
    effets = Effets()
    async with pool.acquire() as conn, conn.transaction():
        await depot.exclure_les_consommateurs(conn)
        for cle, existant in (await depot.lire(conn, cles)).items():
            apres = _recalculer(calcul, existant)
            if apres is None:
                continue
            etat, contributions = apres
            jour = max(aujourd_hui, existant[2])
            effets.deltas.ajouter(decoder_contributions(existant[1]), (jour, _DEFINITION), -1)
            effets.deltas.ajouter(contributions, (jour, _DEFINITION))
            effets.changees.append(ligne_de(cle, etat, contributions, jour))
        await depot.ecrire(conn, effets, RECONSTRUIT)
    return len(effets.changees)
