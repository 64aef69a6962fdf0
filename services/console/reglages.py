"""Settings of the console beside those every service has."""

from typing import Annotated

from pydantic import Field

from shared.service.reglages import Reglages


class ReglagesConsole(Reglages):
    """Where the other services are, and how long a page waits for them. Durations in seconds of the system's clock."""

    contacts_url: str = "http://127.0.0.1:8101"
    claims_url: str = "http://127.0.0.1:8102"
    alerts_url: str = "http://127.0.0.1:8103"
    entraide_url: str = "http://127.0.0.1:8104"
    delai_lecture_s: Annotated[float, Field(gt=0)] = 5.0
    """A reading that takes longer is shown as missing, and the rest of the page with it."""
    delai_acte_s: Annotated[float, Field(gt=0)] = 45.0
    """An act may prepare a whole month of the network."""
    rafraichissement_s: Annotated[float, Field(gt=0)] = 5.0
    """Between two looks at the network for the pages that are open."""
    cookies_surs: bool = False
    """Send cookies over HTTPS only: to be set wherever the console is served by HTTPS."""

    @property
    def amonts(self) -> dict[str, str]:
        """Addresses of the services the pages are made from, by name."""
        return {
            "contacts": self.contacts_url,
            "claims": self.claims_url,
            "alerts": self.alerts_url,
            "entraide": self.entraide_url,
        }
