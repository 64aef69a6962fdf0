"""Prometheus gauges of the alerts: by state and caisse, and how the last evaluation went."""

import asyncio
from collections.abc import Iterable

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import select

from services.alerts.assemblage import ServiceAlertes
from services.alerts.store import alertes
from services.alerts.store.tables import evaluation
from shared.database.connexion import est_passagere

_log = structlog.get_logger(__name__)

INTERVALLE = 15.0
"""Seconds between two refreshes, as often as Prometheus asks by default."""


class JaugesAlertes(Collector):
    """The gauges as of the last ``rafraichir``; none before it. A caisse without an alert has no series."""

    def __init__(self, service: ServiceAlertes) -> None:
        self._service = service
        self._familles: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        return self._familles

    async def rafraichir(self) -> None:
        """Count the alerts alive and replace what ``collect`` gives."""
        vivantes = GaugeMetricFamily(
            "vigie_alertes", "Alertes vivantes, par état, genre et caisse", labels=("etat", "genre", "caisse")
        )
        async with self._service.moteur.connect() as conn:
            for ligne in await alertes.comptes(conn):
                vivantes.add_metric((ligne.etat, ligne.genre, ligne.caisse), ligne.nombre)
            derniere = (await conn.execute(select(evaluation))).one_or_none()
        self._familles = [vivantes]
        if derniere is None:
            return
        age = GaugeMetricFamily(
            "vigie_alertes_age_evaluation_secondes", "Âge de la dernière évaluation complète, à l'horloge du service"
        )
        if derniere.complete_le is not None:
            age.add_metric((), (self._service.clock.now() - derniere.complete_le).total_seconds())
        muets = GaugeMetricFamily(
            "vigie_alertes_lectures_sans_reponse", "Lectures restées sans réponse à la dernière évaluation"
        )
        muets.add_metric((), len(derniere.sans_reponse))
        attendues = GaugeMetricFamily(
            "vigie_alertes_fausses_attendues", "Fausses alertes attendues parmi les franchissements avérés"
        )
        attendues.add_metric((), derniere.fausses_attendues or 0)
        self._familles += [age, muets, attendues]

    async def entretenir(self, arret: asyncio.Event) -> None:
        """Refresh every INTERVALLE until ``arret``; a database that is away is waited for, and nothing given."""
        while not arret.is_set():
            try:
                await self.rafraichir()
            except Exception as exc:
                if not est_passagere(exc):
                    raise
                self._familles = []
                _log.warning("jauges en attente", erreur=repr(exc))
            try:
                async with asyncio.timeout(INTERVALLE):
                    await arret.wait()
            except TimeoutError:
                continue
