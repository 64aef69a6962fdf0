"""``vigie verify``, ``reconstruire``, ``purger`` and ``plier``: keeping the cells true, from the command line."""

from datetime import date
from functools import partial

from rich.console import Console

from shared.clock import SystemClock
from shared.dossiers.assemblage import Definition
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.pliage import plier
from shared.dossiers.reconstruction import reconstruire
from shared.dossiers.retention import purger
from shared.dossiers.verification import verifier
from shared.dossiers.verification_journal import verifier_journal
from shared.network.jours import jour_de
from vigie.pile import Base
from vigie.travail import DEFINITIONS, definition_du_processus, service_ouvert

GRAND = 1_000_000
"""Dossiers above which the verification is shared between two processes."""


async def verifier_tout(base: Base, console: Console, *, journal: bool) -> bool:
    """Verify every service and say what was found; whether all is as it must be."""
    conforme = True
    for definition in DEFINITIONS.values():
        conforme &= await _verifier(base, definition, console)
        if journal:
            conforme &= await _verifier_journal(base, definition, console)
    return conforme


async def _verifier(base: Base, definition: Definition, console: Console) -> bool:
    nom = definition.nom
    async with service_ouvert(base, definition) as service:
        dossiers = await service.pool.fetchval(
            "SELECT reltuples FROM pg_class WHERE oid = $1::regclass", f"{nom}.dossiers"
        )
    rapport = await verifier(
        base.database_url, nom, partial(calculs_du_service, nom), processus=2 if dossiers > GRAND else 1
    )
    for phrase in rapport.lignes():
        console.print(f"{nom} : {phrase}", highlight=False, markup=False)
    return rapport.ok


async def _verifier_journal(base: Base, definition: Definition, console: Console) -> bool:
    nom = definition.nom
    async with service_ouvert(base, definition) as service:
        rapport = await verifier_journal(
            base.database_url,
            nom,
            nom,
            definition.topic,
            service.journal,
            service.lecteur,
            partial(calculs_du_service, nom),
        )
    for phrase in rapport.lignes():
        console.print(f"{nom} : {phrase}", highlight=False, markup=False)
    return rapport.ok


async def reconstruire_processus(base: Base, process: str, console: Console) -> None:
    """Rebuild one process under the catalogue in force, while the services run."""
    definition = definition_du_processus(process)
    async with service_ouvert(base, definition) as service:
        calculs = calculs_du_service(definition.nom, service.dictionnaire)
        with console.status(f"Reconstruction de {process}…") as etat:
            fait = await reconstruire(
                service.pool,
                definition.nom,
                process,
                calculs,
                service.dictionnaire,
                SystemClock(),
                progres=lambda f: etat.update(f"{process} : {f.vus} dossiers vus, {f.changes} changés"),
            )
    console.print(f"{process} : {fait.vus} dossiers vus, {fait.changes} changés.", highlight=False)


async def purger_processus(base: Base, process: str, avant: date, console: Console) -> None:
    """Forget the dossiers of a process closed before a day; their figures stay."""
    definition = definition_du_processus(process)
    async with service_ouvert(base, definition) as service:
        fait = await purger(service.pool, definition.nom, process, jour_de(avant))
    console.print(f"{process} : {fait.purges} dossiers effacés sur {fait.vus} dossiers clos vus.", highlight=False)


async def plier_tout(base: Base, console: Console) -> None:
    """Fold the cells of past days into one shard, in every service (a nightly job)."""
    for nom, definition in DEFINITIONS.items():
        async with service_ouvert(base, definition) as service:
            fait = await plier(service.pool, nom, SystemClock())
        console.print(f"{nom} : {fait.plies} lignes pliées, {fait.nuls} lignes nulles retirées.", highlight=False)
