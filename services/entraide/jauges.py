"""Prometheus gauges of the entraide: needs and propositions by state and process."""

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.tables import besoins
from services.entraide.propositions.tables import propositions

_LIBELLES = ("etat", "process")


async def relever(service: ServiceEntraide) -> Sequence[Metric]:
    """How many there are of each."""
    demandes = GaugeMetricFamily("vigie_entraide_besoins", "Besoins, par état et process", labels=_LIBELLES)
    proposees = GaugeMetricFamily(
        "vigie_entraide_propositions", "Propositions et missions, par état et process", labels=_LIBELLES
    )
    async with service.moteur.connect() as conn:
        for famille, table in ((demandes, besoins), (proposees, propositions)):
            requete = select(table.c.etat, table.c.process, func.count()).group_by(table.c.etat, table.c.process)
            for etat, process, nombre in await conn.execute(requete):
                famille.add_metric((etat, process), nombre)
    return demandes, proposees
