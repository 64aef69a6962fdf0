"""The alerts service put together: what its API and its evaluator share, opened once per process."""

from contextlib import AbstractAsyncContextManager

from services.alerts.domain import MIGRATIONS, NOM, TOPIC_ALERTES
from services.alerts.reglages import ReglagesAlertes
from shared.clock import Clock
from shared.dossiers.cloche import TOPIC_CLOCHE
from shared.service import assemblage
from shared.service.assemblage import ServiceOuvert


class ServiceAlertes(ServiceOuvert[ReglagesAlertes]):
    """The open parts of the service; see ``ouvrir``."""

    nom = NOM
    migrations = MIGRATIONS
    topics = (TOPIC_CLOCHE, TOPIC_ALERTES)


def ouvrir(database_url: str, reglages: ReglagesAlertes, clock: Clock) -> AbstractAsyncContextManager[ServiceAlertes]:
    """The service, open while the context is."""
    return assemblage.ouvrir(ServiceAlertes, database_url, reglages, clock)
