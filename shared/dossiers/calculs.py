"""The calculators of a service's processes under the catalogue in force."""

from collections.abc import Mapping

from shared.catalogue.processus import processus_du_service
from shared.dossiers.contributions import Calcul, Codes
from shared.dossiers.lieux import lieux


def calculs_du_service(service: str, codes: Codes) -> Mapping[str, Calcul]:
    """By process code. Raises DictionnaireIncomplet."""
    return {p.code: Calcul(p, lieux(), codes) for p in processus_du_service(service)}
