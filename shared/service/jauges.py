"""Prometheus gauges read from the database every so often, given as they were last read."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from shared.service.periodique import repeter

INTERVALLE = 15.0
"""Seconds between two refreshes, as often as Prometheus asks by default."""


class Releve(Protocol):
    """Reads the gauges."""

    async def __call__(self) -> Sequence[Metric]: ...


class JaugesRafraichies(Collector):
    """The gauges as of the last ``rafraichir``; none before it, nor while the database is away."""

    def __init__(self, releve: Releve) -> None:
        self._releve = releve
        self._familles: Sequence[Metric] = ()

    def collect(self) -> Iterable[Metric]:
        return self._familles

    async def rafraichir(self) -> None:
        """Read, and replace what ``collect`` gives."""
        try:
            self._familles = await self._releve()
        except Exception:
            self._familles = ()
            raise

    async def entretenir(self, arret: asyncio.Event) -> None:
        """Refresh every INTERVALLE until ``arret``."""
        await repeter("jauges", self.rafraichir, arret, INTERVALLE)
