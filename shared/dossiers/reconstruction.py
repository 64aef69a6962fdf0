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
from shared.dossiers.contributions import Calcul, Contribution
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle, Effets, Existant, decoder_contributions, ligne_de
from shared.dossiers.etat import Etat, decoder_etat
from shared.dossiers.jours import jour_paris
from shared.dossiers.store import Depot
from shared.dossiers.tables import RECONSTRUIT
from shared.events.contrat import CAUSES

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
    calculs: Mapping[str, Calcul],
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
        perimes = [cle for cle, existant in page.items() if _perime(calcul, existant)]
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
    calcul: Calcul,
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
        await sonner(conn, depot.schema, dictionnaire, effets.deltas.touchees, identifiant, maintenant)
    return len(effets.changees)


def _effets(calcul: Calcul, existants: Mapping[Cle, Existant], aujourd_hui: int) -> Effets:
    effets = Effets()
    for cle, existant in existants.items():
        etat, gardees, contributions = _recalculer(calcul, existant)
        if contributions != gardees:
            jour = max(aujourd_hui, existant[2])
            effets.deltas.ajouter(gardees, (jour, _DEFINITION), -1)
            effets.deltas.ajouter(contributions, (jour, _DEFINITION))
            effets.changees.append(ligne_de(cle, etat, contributions, jour))
    return effets


def _perime(calcul: Calcul, existant: Existant) -> bool:
    _, gardees, contributions = _recalculer(calcul, existant)
    return contributions != gardees


def _recalculer(calcul: Calcul, existant: Existant) -> tuple[Etat, list[Contribution], list[Contribution]]:
    etat = decoder_etat(existant[0])
    return etat, decoder_contributions(existant[1]), calcul.contributions(etat)
