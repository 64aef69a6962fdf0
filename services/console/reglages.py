"""Settings of the console beside those every service has."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.reglages_identite import adresse_sure


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
    """Send cookies over HTTPS only, even when ``console_url`` does not say that the console is served so."""
    console_url: str | None = None
    """The console's own address, as browsers write it: people come back to it from the identity provider."""
    oidc_portees: str = "openid profile"
    """What is asked of the provider at a login (``scope``)."""
    session_inactivite_s: Annotated[float, Field(gt=0)] = 3_600.0
    """After which who does nothing logs in again; mostly without typing, the provider having a session of its own."""
    session_duree_s: Annotated[float, Field(gt=0)] = 36_000.0
    """The longest a session lasts, used or not."""

    @model_validator(mode="after")
    def _adresse_sure(self) -> Self:
        if self.mode == "production" and self.console_url is not None and not adresse_sure(self.console_url):
            raise ReglagesInvalides(
                "VIGIE_CONSOLE_URL doit commencer par https:// (http:// n'est permis que vers cette machine)."
            )
        return self

    @model_validator(mode="after")
    def _adresses_lisibles(self) -> Self:
        for nom, adresse in self.amonts.items():
            if urlsplit(adresse).scheme not in ("http", "https") or not urlsplit(adresse).hostname:
                raise ReglagesInvalides(
                    f"VIGIE_{nom.upper()}_URL doit être une adresse comme http://127.0.0.1:8101, reçu « {adresse} »."
                )
        return self

    @property
    def https(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.cookies_surs or (self.mode == "production" and (self.console_url or "").startswith("https://"))

    @property
    def amonts(self) -> dict[str, str]:
        """Addresses of the services the pages are made from, by name."""
        return {
            "contacts": self.contacts_url,
            "claims": self.claims_url,
            "alerts": self.alerts_url,
            "entraide": self.entraide_url,
        }
