"""Settings of the entraide service beside those every service has."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.service.amonts import Adresses
from shared.service.reglages import Reglages


class ReglagesEntraide(Reglages):
    """Addresses of what it asks, and how often it allocates. Durations follow the service's clock."""

    contacts_url: str = "http://127.0.0.1:8101"
    claims_url: str = "http://127.0.0.1:8102"
    alerts_url: str = "http://127.0.0.1:8103"
    """Where open alerts are read: an aidante in alert on a process does not give."""
    poles_registre: Path | None = None
    """CSV of the pôles a new register begins with; None: the one shipped, all assumed."""
    echantillon: Annotated[int, Field(ge=1)] = 1
    """What each event of the sources stands for, when they send a sample: volumes are multiplied by it."""
    allocation_heures: Annotated[int, Field(ge=1)] = 24
    """Between two allocations of the open needs that nothing asked for."""
    allocation_delai_s: Annotated[float, Field(gt=0)] = 25.0
    """Most seconds a plan may take; beyond it the greedy one is kept, and said to be."""
    repos_s: Annotated[float, Field(ge=0.1)] = 5.0
    """Between two rounds of what it does unasked, in seconds of the system's clock: a simulated one may have jumped."""

    @property
    def amonts(self) -> Adresses:
        """Addresses of the services that own what is asked, by name. Raises ReglagesInvalides."""
        adresses = {"contacts": self.contacts_url, "claims": self.claims_url, "alerts": self.alerts_url}
        return Adresses(adresses, self.jeton_de_service)

    @property
    def allocation(self) -> timedelta:
        return timedelta(hours=self.allocation_heures)
