"""Settings of the channels. An empty address is a channel that is not there."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from services.alerts.notifications.coffre import Coffre, coffre_de
from shared.service.reglages import Reglages


class ReglagesNotifications(Reglages):
    """Without ``smtp_hote``, e-mails are files in the folder ``courrier`` of VIGIE_HOME."""

    url_publique: str = "http://127.0.0.1:8103"
    """Where people reach this service: links to acknowledge and to documents begin with it."""
    entraide_url: str = "http://127.0.0.1:8104"
    """Where people reach the entraide service: links to propositions begin with it."""
    expediteur: str = "comite-alerte@vigie.invalid"
    smtp_hote: str = ""
    smtp_port: Annotated[int, Field(gt=0, le=65535)] = 587
    smtp_tls: Literal["starttls", "implicite", "aucun"] = "starttls"
    smtp_ca: str | None = None
    """File of the certificates trusted, instead of the system's."""
    smtp_utilisateur: str | None = None
    smtp_mot_de_passe: SecretStr | None = None
    cle_secrets: SecretStr | None = None
    """32 bytes in base64 that seal the secrets of webhooks in the database; embedded, one is made in VIGIE_HOME."""
    cle_secrets_precedente: SecretStr | None = None
    """The key before it: still opens, and what it sealed is sealed again by the present one."""
    webhooks_autorises: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that are not public and may be written to all the same, in plain HTTP too."""
    envoi_delai_s: Annotated[float, Field(gt=0, le=40)] = 20.0
    """One try, from its first packet to its last. Below the 60 s a transaction may stay idle."""

    def coffre(self) -> Coffre:
        """The safe of the secrets. Raises ReglagesInvalides."""
        return coffre_de(self, self.cle_secrets, self.cle_secrets_precedente)
