"""Work on a dossier service from the command line, without its HTTP API: open it, and drain its topic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from shared.catalogue.processus import processus
from shared.clock import Clock, SystemClock
from shared.dossiers.assemblage import Definition, ServiceDossiers, menager_le_ramasse_miettes, ouvrir
from shared.log.consommateur import ReglagesConsommateur
from vigie.pile import Base

DEFINITIONS = {d.nom: d for d in (CONTACTS, CLAIMS)}

_INTERVALLE = 0.05
_LOT = 20_000


def definition_du_processus(code: str) -> Definition:
    """The service that owns a process. Raises ProcessusInconnu."""
    return DEFINITIONS[processus(code).service]


@asynccontextmanager
async def service_ouvert(
    base: Base, definition: Definition, clock: Clock | None = None
) -> AsyncIterator[ServiceDossiers]:
    """A service's parts on the database a command works on."""
    async with ouvrir(
        definition,
        base.database_url,
        base.kafka_bootstrap,
        clock or SystemClock(),
        partitions=base.partitions,
    ) as service:
        yield service


async def ecouler(service: ServiceDossiers, *, consommer: bool) -> None:
    """Return once everything now in the service's topic is in the cells.

    ``consommer``: run a consumer here meanwhile (no stack is running). Raises what stops that consumer.
    """
    fins = {
        partition: bornes.fin for partition, bornes in (await service.journal.bornes(service.definition.topic)).items()
    }
    consommateur = service.consommateur(ReglagesConsommateur(lot_max=_LOT, attente=0.1)) if consommer else None
    if consommateur is not None:
        menager_le_ramasse_miettes()
    tache = asyncio.create_task(consommateur.executer()) if consommateur is not None else None
    try:
        while not await _atteint(service, fins):
            if tache is not None and tache.done():
                tache.result()
            await asyncio.sleep(_INTERVALLE)
    finally:
        if consommateur is not None and tache is not None:
            consommateur.arreter()
            await asyncio.gather(tache, return_exceptions=True)


async def _atteint(service: ServiceDossiers, fins: dict[int, int]) -> bool:
    lignes = await service.pool.fetch(
        f"SELECT partition, next FROM {service.definition.nom}.positions WHERE groupe = $1 AND topic = $2",
        service.definition.nom,
        service.definition.topic,
    )
    positions = {ligne["partition"]: ligne["next"] for ligne in lignes}
    return all(positions.get(partition, 0) >= fin for partition, fin in fins.items())
