"""Importing a register: every good line of a file in one transaction, and what became of each."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.entraide.assemblage import ServiceEntraide
from services.entraide.poles import store
from services.entraide.poles.lecture_csv import FichierIllisible, lire_csv
from shared.database.transactions import transaction

REGISTRE = Path(__file__).parent.parent / "donnees" / "poles.csv"
"""The register shipped: its total and its shares are sourced, who has what is assumed."""

AMORCE = "amorce"
"""Who wrote the lines a new register begins with."""

_log = structlog.get_logger(__name__)


async def importer(conn: AsyncConnection, texte: str, maintenant: datetime, par: str) -> dict[str, Any]:
    """Register the good lines of a CSV; how many were created, changed, left as they were, and the lines refused.

    Raises FichierIllisible when nothing can be read.
    """
    lues, refusees = lire_csv(texte)
    comptes = {"crees": 0, "modifies": 0, "inchanges": 0}
    for ligne in lues:
        avant = await store.lire(conn, ligne.pole.cle, verrouiller=True)
        if avant is not None and avant.retire_le is None and avant.description == ligne.pole:
            comptes["inchanges"] += 1
            continue
        await store.ecrire(conn, ligne.pole, avant, maintenant, par, f"import, ligne {ligne.ligne}")
        comptes["crees" if avant is None else "modifies"] += 1
    refus = [{"ligne": r.ligne, "colonne": r.colonne, "raison": r.raison} for r in refusees]
    return comptes | {"refusees": sorted(refus, key=lambda r: (r["ligne"], str(r["colonne"])))}


async def amorcer(moteur: AsyncEngine, texte: str, maintenant: datetime) -> None:
    """Fill a register that never had a pôle. Raises FichierIllisible, on a faulty line too: nothing is kept then."""
    async with transaction(moteur) as conn:
        if not await store.jamais_rempli(conn):
            return
        bilan = await importer(conn, texte, maintenant, AMORCE)
        if bilan["refusees"]:
            raise FichierIllisible(f"Registre des pôles : {bilan['refusees']}")
    _log.info("registre des poles amorce", poles=bilan["crees"])


async def amorcer_le_registre(service: ServiceEntraide, client: httpx.AsyncClient, arret: asyncio.Event) -> None:
    """Fill a register that never had a pôle with the file of the settings, or in embedded mode with the one shipped."""
    del client
    fichier = service.reglages.poles_registre or (REGISTRE if service.reglages.mode == "embarque" else None)
    if fichier is not None:
        texte = await asyncio.to_thread(fichier.read_text, encoding="utf-8")
        await amorcer(service.moteur, texte, service.clock.now())
    await arret.wait()
