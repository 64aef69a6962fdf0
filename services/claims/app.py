"""The claims service as processes: ``vigie serve claims --role api|consumer|tout``."""

from collections.abc import Mapping

from services.claims.domain import DEFINITION
from shared.dossiers import application
from shared.service.reglages import Reglages
from shared.service.serveur import Tache


def taches(reglages: Reglages) -> Mapping[str, Tache]:
    """What one process of the service runs, by its role."""
    return application.taches(DEFINITION, reglages)
