"""``vigie up``, ``serve`` and ``migrate``: starting what runs."""

import os
import time
from collections.abc import Mapping

from rich.console import Console

from services.claims.app import taches as taches_claims
from services.contacts.app import taches as taches_contacts
from shared.database.migrations import migrer
from shared.service.journalisation import configurer_journal
from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.serveur import executer
from vigie.pile import Base, Pile
from vigie.travail import DEFINITIONS

TACHES = {"contacts": taches_contacts, "claims": taches_claims}


def servir(service: str, role: str | None, port: int | None, hote: str | None) -> int:
    """Run one service until it is told to stop; its exit code."""
    if service not in TACHES:
        raise ReglagesInvalides(f"Service inconnu : {service!r}. Connus : {', '.join(TACHES)}.")
    for nom, valeur in (("VIGIE_ROLE", role), ("VIGIE_PORT", port), ("VIGIE_HOTE", hote)):
        if valeur is not None:
            os.environ[nom] = str(valeur)
    reglages = Reglages.charger()
    configurer_journal(f"vigie-{service}", reglages.niveau_journal)
    return executer(TACHES[service](reglages), reglages.delai_arret_s)


async def migrer_tout(base: Base) -> None:
    """Bring every service's schema to its newest version."""
    for definition in DEFINITIONS.values():
        await migrer(base.database_url, definition.nom, definition.migrations)


def veiller(debout: Pile, console: Console) -> None:
    """Say where to look, then wait until Ctrl-C or the death of a service."""
    for ligne in adresses(debout.urls):
        console.print(ligne, highlight=False)
    console.print("Ctrl-C pour arrêter.")
    try:
        while True:
            debout.verifier()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Arrêt…")


def adresses(urls: Mapping[str, str]) -> list[str]:
    """Where to look, line by line."""
    lignes = ["[bold]Vigie est debout.[/]"]
    for nom, url in urls.items():
        lignes.append(f"  {nom:<9} {url}/v1/indicateurs   {url}/openapi.json   {url}/metrics")
    return lignes
