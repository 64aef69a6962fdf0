"""``vigie verify``, ``reconstruire``, ``purger``, ``plier``, ``entretien``: keeping the cells true by hand."""

import asyncio
from datetime import date
from functools import partial

from rich.console import Console

from shared.catalogue.derives import REITERATION, tenu_par
from shared.clock import SystemClock
from shared.database.connexion import acquerir
from shared.dossiers.assemblage import Definition, ServiceDossiers
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.derives.messages import TOPIC_PERSONNES
from shared.dossiers.derives.personnes import groupe_des_personnes, tient_les_personnes
from shared.dossiers.derives.retention import des_chaines
from shared.dossiers.entretien import JOURNAL, OUBLI, PLIAGE, REGISTRE, REJETS, entretenir, plan_du_service
from shared.dossiers.pliage import plier
from shared.dossiers.reconstruction import interrompue, reconstruire
from shared.dossiers.retention import des_clos, oublier
from shared.dossiers.veille_de_nuit import lus_de
from shared.dossiers.verification import verifier
from shared.dossiers.verification_journal import verifier_journal
from shared.network.jours import jour_de
from shared.service.audit.ligne import Issue
from shared.service.reglages import Reglages
from vigie.audit import inscrire_commande
from vigie.pile import Base
from vigie.travail import DEFINITIONS, definition_du_processus, service_ouvert

GRAND = 100_000
"""Dossiers above which the verification is shared between two processes."""


async def verifier_tout(base: Base, console: Console, *, journal: bool) -> bool:
    """Verify every service and say what was found; whether all is as it must be."""
    conformes = await asyncio.gather(*(_verifier(base, definition, console) for definition in DEFINITIONS.values()))
    if journal:
        conformes += [await _verifier_journal(base, definition, console) for definition in DEFINITIONS.values()]
    return all(conformes)


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
            (groupe_des_personnes(nom), TOPIC_PERSONNES) if tient_les_personnes(nom) else None,
        )
    for phrase in rapport.lignes():
        console.print(f"{nom} : {phrase}", highlight=False, markup=False)
    return rapport.ok


async def reconstruire_processus(base: Base, process: str, console: Console, *, reprendre: bool) -> None:
    """Rebuild one process under the catalogue in force, while the services run; ``reprendre``: from where the last
    one was interrupted."""
    definition, process = definition_du_processus(process), tenu_par(process)
    async with service_ouvert(base, definition) as service:
        calculs = calculs_du_service(definition.nom, service.dictionnaire)
        reste = await interrompue(service.pool, definition.nom, process)
        if reste is not None:
            suite = "elle reprend" if reprendre else "tout est revu ; « --reprendre » continue, sous les mêmes règles"
            console.print(f"{process} : interrompue après {reste.vus} dossiers, {suite}.", highlight=False)
        with console.status(f"Reconstruction de {process}…") as etat:
            fait = await reconstruire(
                service.pool,
                definition.nom,
                process,
                calculs,
                service.dictionnaire,
                SystemClock(),
                progres=lambda f: etat.update(f"{process} : {f.vus} dossiers vus, {f.changes} changés"),
                depuis=reste if reprendre else None,
            )
    console.print(f"{process} : {fait.vus} dossiers vus, {fait.changes} changés.", highlight=False)


async def purger_processus(base: Base, process: str, avant: date, console: Console) -> None:
    """Forget the dossiers of a process closed before a day; their figures stay."""
    definition, process = definition_du_processus(process), tenu_par(process)
    async with service_ouvert(base, definition) as service:
        await _inscrire_la_purge(service, "commence", process=process, avant=avant.isoformat())
        jour = jour_de(avant)
        garde = des_chaines(jour) if process == REITERATION else des_clos(process, jour)
        fait = await oublier(service.pool, definition.nom, [garde])
        await _inscrire_la_purge(service, "fait", process=process, avant=avant.isoformat(), purges=str(fait.purges))
    console.print(f"{process} : {fait.purges} dossiers effacés sur {fait.vus} dossiers clos vus.", highlight=False)


async def _inscrire_la_purge(service: ServiceDossiers, issue: Issue, **objet: str) -> None:
    async with acquerir(service.pool) as conn, conn.transaction():
        nom = service.definition.nom
        await inscrire_commande(conn, nom, "vigie purger", issue, service.clock.now(), **objet)


async def plier_tout(base: Base, console: Console) -> None:
    """Fold the cells of past days into one shard, in every service (a nightly job)."""
    for nom, definition in DEFINITIONS.items():
        async with service_ouvert(base, definition) as service:
            fait = await plier(service.pool, nom, SystemClock())
        console.print(
            f"{nom} : {fait.plies} lignes pliées, {fait.au_mois} ramenées en fin de mois, {fait.nuls} nulles retirées.",
            highlight=False,
        )


async def entretenir_tout(base: Base, console: Console) -> bool:
    """Do the night's maintenance now, in every service; whether none was already under way elsewhere."""
    libre, reglages = True, Reglages.charger()
    for nom, definition in DEFINITIONS.items():
        async with service_ouvert(base, definition) as service:
            with console.status(f"Entretien de {nom}…"):
                plan = plan_du_service(nom, reglages)
                etapes = await entretenir(service.pool, nom, SystemClock(), plan, lus_de(service), encore=True)
        if etapes is None:
            libre = False
            console.print(f"{nom} : un autre processus fait déjà l'entretien.", highlight=False)
        for etape in etapes or ():
            console.print(f"{nom} : {_ETAPES[etape.nom]} : {etape.lignes} en {etape.secondes:.1f} s.", highlight=False)
    return libre


_ETAPES = {
    OUBLI: "dossiers clos et chaînes de personnes oubliés",
    PLIAGE: "lignes pliées",
    JOURNAL: "enregistrements du journal oubliés",
    REJETS: "rejets anciens oubliés",
    REGISTRE: "lignes du registre retirées sous scellé",
}
