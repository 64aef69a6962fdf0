"""Prometheus gauges of the alerts: by state and caisse, and how the last evaluation went."""

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import select

from services.alerts.assemblage import ServiceAlertes
from services.alerts.store import alertes
from services.alerts.store.tables import evaluation


async def relever(service: ServiceAlertes) -> Sequence[Metric]:
    """The alerts alive, and the last evaluation. A caisse without an alert has no series."""
    vivantes = GaugeMetricFamily(
        "vigie_alertes", "Alertes vivantes, par état, genre et caisse", labels=("etat", "genre", "caisse")
    )
    async with service.moteur.connect() as conn:
        for ligne in await alertes.comptes(conn):
            vivantes.add_metric((ligne.etat, ligne.genre, ligne.caisse), ligne.nombre)
        derniere = (await conn.execute(select(evaluation))).one_or_none()
    if derniere is None:
        return [vivantes]
    age = GaugeMetricFamily(
        "vigie_alertes_age_evaluation_secondes", "Âge de la dernière évaluation complète, à l'horloge du service"
    )
    if derniere.complete_le is not None:
        age.add_metric((), (service.clock.now() - derniere.complete_le).total_seconds())
    muets = GaugeMetricFamily(
        "vigie_alertes_lectures_sans_reponse", "Lectures restées sans réponse à la dernière évaluation"
    )
    muets.add_metric((), len(derniere.sans_reponse))
    attendues = GaugeMetricFamily(
        "vigie_alertes_fausses_attendues", "Fausses alertes attendues parmi les franchissements avérés"
    )
    attendues.add_metric((), derniere.fausses_attendues or 0)
    return [vivantes, age, muets, attendues]
