"""Settings of the alerts service beside those every service has."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.alerts.notifications.reglages import ReglagesNotifications
from shared.service.amonts import Adresses


class ReglagesAlertes(ReglagesNotifications):
    """Addresses of what it asks and of what it tells. An empty address is a part that is off.

    Every duration of the evaluation follows the service's clock; those of ``alertmanager`` follow the system's, as
    Alertmanager does.
    """

    contacts_url: str = "http://127.0.0.1:8101"
    claims_url: str = "http://127.0.0.1:8102"
    alertmanager_url: str = ""
    comite_regles: Path | None = None
    """Rules of the comité of this network, as ``comite/donnees/regles.yaml`` writes them; None: those, all assumed."""
    objectif_reduction: Annotated[float, Field(gt=0, lt=100)] = 15.0
    """% fewer caisses under each bound than a year before: what summaries compare with. 15 was the aim of 2016 (IGAS
    2017, tome I [62])."""
    evaluation_minutes: Annotated[int, Field(ge=1)] = 5
    antirebond_s: Annotated[float, Field(ge=0)] = 2.0
    """Between two evaluations that bells ask for, in seconds of the system's clock."""
    alertmanager_relance_s: Annotated[float, Field(gt=0)] = 60.0
    """Between two sendings of the alerts that last. An alert not sent for four times that long ends by itself."""

    @property
    def evaluation(self) -> timedelta:
        """Between two evaluations of everything, changed or not."""
        return timedelta(minutes=self.evaluation_minutes)

    @property
    def amonts(self) -> Adresses:
        """Addresses of the services that own indicators, by name. Raises ReglagesInvalides."""
        return Adresses({"contacts": self.contacts_url, "claims": self.claims_url}, self.jeton_de_service)
