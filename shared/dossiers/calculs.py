"""The calculators of a service's processes under the catalogue in force."""

from collections.abc import Mapping

from shared.catalogue.derives import REITERATION, charger_regles
from shared.catalogue.processus import derives_du_service, processus_du_service
from shared.dossiers.contributions import Codes
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.derives.chaines import CalculChaine
from shared.dossiers.lieux import lieux


def calculs_du_service(service: str, codes: Codes) -> Mapping[str, CalculEnLot]:
    """By process code; chains of persons under *reiteration*, where they are kept. Raises DictionnaireIncomplet."""
    calculs: dict[str, CalculEnLot] = {p.code: CalculEnLot(p, lieux(), codes) for p in processus_du_service(service)}
    if any(p.code == REITERATION for p in derives_du_service(service)):
        calculs[REITERATION] = CalculChaine(charger_regles(), lieux(), codes)
    return calculs
