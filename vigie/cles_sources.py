"""Making, listing and revoking the keys of sources, in the database a command works on. Blocking functions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import asyncpg

from shared.catalogue.processus import processus
from shared.clock import SystemClock
from shared.database.connexion import url_asyncpg
from shared.database.migrations import migrer
from shared.dossiers import cles_sources as depot
from shared.dossiers.assemblage import Definition
from shared.events.contrat import TEXTE_MAX
from shared.network.reseau import charger
from shared.service.identite import PorteeDeSource
from shared.service.reglages import ReglagesInvalides
from vigie import pile
from vigie.audit import inscrire_commande
from vigie.travail import DEFINITIONS

T = TypeVar("T")


def creer(
    source: str, codes: Sequence[str], caisses: Sequence[str] | None, numerotations: Sequence[str]
) -> dict[str, Any]:
    """A key for these processes of one service: the service, its number, and the key itself.

    Raises CleImpossible, CaisseInconnue, ProcessusInconnu, ReglagesInvalides.
    """
    if not source.strip() or len(source) > TEXTE_MAX:
        raise ReglagesInvalides(f"La source est un nom de 1 à {TEXTE_MAX} caractères.")
    definition = _service_de(codes)
    portee = PorteeDeSource(source, frozenset(codes), _slugs(caisses), frozenset(numerotations))

    async def faire(conn: asyncpg.Connection) -> tuple[int, str]:
        maintenant = SystemClock().now()
        async with conn.transaction():
            numero, cle = await depot.creer(conn, definition.nom, portee, maintenant)
            await inscrire_commande(
                conn, definition.nom, "vigie cles creer", "fait", maintenant, id=str(numero), source=source
            )
        return numero, cle

    numero, cle = _sur_le_schema(definition, faire)
    return {"service": definition.nom, "id": numero, "cle": cle}


def lister() -> list[dict[str, Any]]:
    """Every key of every service, as CleDeSource, with its service."""
    return [
        {"service": definition.nom} | asdict(cle)
        for definition in DEFINITIONS.values()
        for cle in _sur_le_schema(definition, partial(depot.lister, schema=definition.nom))
    ]


def revoquer(service: str, numero: int) -> str:
    """The source whose key it was. Raises CleImpossible, ReglagesInvalides."""
    if service not in DEFINITIONS:
        raise ReglagesInvalides(f"Service inconnu : {service!r}. Connus : {', '.join(DEFINITIONS)}.")

    async def faire(conn: asyncpg.Connection) -> str:
        maintenant = SystemClock().now()
        async with conn.transaction():
            source = await depot.revoquer(conn, service, numero, maintenant)
            await inscrire_commande(
                conn, service, "vigie cles revoquer", "fait", maintenant, id=str(numero), source=source
            )
        return source

    return _sur_le_schema(DEFINITIONS[service], faire)


def _sur_le_schema(definition: Definition, action: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    async def faire(url: str) -> T:
        await migrer(url, definition.nom, definition.migrations)
        conn = await asyncpg.connect(url_asyncpg(url))
        try:
            return await action(conn)
        finally:
            await conn.close()

    with pile.base_de_travail(pile.dossier_vigie()) as base:
        return asyncio.run(faire(base.database_url))


def _service_de(codes: Sequence[str]) -> Definition:
    services = {processus(code).service for code in codes}
    if len(services) != 1:
        raise ReglagesInvalides("Une clé vaut pour un service : donnez les processus d'un seul ; une clé par service.")
    return DEFINITIONS[services.pop()]


def _slugs(noms: Sequence[str] | None) -> frozenset[str] | None:
    if noms is None:
        return None
    if not noms:
        raise ReglagesInvalides("--caisses ne nomme aucune caisse : nommez-les, ou retirez-la pour tout le réseau.")
    return frozenset(charger().caisse(nom).slug for nom in noms)
