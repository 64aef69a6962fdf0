"""The register of a service while it runs: its part, and the head of its chain told outside of the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from prometheus_client import Gauge

from shared.service.audit.registre import Registre, Tete, tete
from shared.service.periodique import repeter
from shared.service.sante import PasPret

if TYPE_CHECKING:
    from shared.service.application import Application

_log = structlog.get_logger(__name__)

INTERVALLE = 300.0
"""Seconds between two tellings of the head: what is cut off the end later than that is seen to be missing."""


class AvecPool(Protocol):
    """The part of a service that has its pool."""

    @property
    def pool(self) -> Any: ...


@asynccontextmanager
async def tenir_registre(schema: str, service: type[AvecPool], app: "Application") -> AsyncIterator[Registre]:
    """A lifespan, after the one that opens ``service``: while it lasts, acts can be written, and the head is told."""
    ouvert: AvecPool = app.pieces[service]  # type: ignore[assignment]
    registre = Registre(schema, ouvert.pool, app.clock)
    lignes = Gauge(
        "vigie_audit_lignes", "Numéro de la dernière ligne du registre d'audit", ("service",), registry=app.registre
    ).labels(schema)
    dite: Tete | None = None

    async def dire() -> None:
        nonlocal dite
        async with registre.pool.acquire() as conn:
            lue = await tete(conn, schema)
        lignes.set(lue.numero)
        if lue != dite:
            _log.info("tete du registre", service=schema, tete=f"{schema}:{lue.numero}:{lue.empreinte.hex()}")
            dite = lue

    arret = asyncio.Event()
    tache = asyncio.create_task(repeter("tete du registre", dire, arret, INTERVALLE))

    async def tourne() -> None:
        if tache.done():
            raise PasPret("La tête du registre d'audit n'est plus dite.")

    app.verifications.ajouter("audit", tourne)
    try:
        yield registre
    finally:
        arret.set()
        await asyncio.gather(tache, return_exceptions=True)
