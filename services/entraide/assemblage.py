"""The entraide service put together: what its API and its background tasks share, opened once per process."""

from contextlib import AbstractAsyncContextManager

from services.entraide.domain import MIGRATIONS, NOM, TOPIC_ALERTES, TOPIC_ENTRAIDE
from services.entraide.reglages import ReglagesEntraide
from shared.clock import Clock
from shared.service import assemblage
from shared.service.assemblage import ServiceOuvert


class ServiceEntraide(ServiceOuvert[ReglagesEntraide]):
    """The open parts of the service; see ``ouvrir``."""

    nom = NOM
    migrations = MIGRATIONS
    topics = (TOPIC_ALERTES, TOPIC_ENTRAIDE)


def ouvrir(database_url: str, reglages: ReglagesEntraide, clock: Clock) -> AbstractAsyncContextManager[ServiceEntraide]:
    """The service, open while the context is."""
    return assemblage.ouvrir(ServiceEntraide, database_url, reglages, clock)
