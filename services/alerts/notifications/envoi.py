"""What a channel is handed: everything it needs to send, read in one place."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.alerts.notifications.domain import Canal, Resultat

VALIDITE_LIEN = timedelta(days=60)
"""Of a link to acknowledge, from the notification: longer than any delay a letter gives."""


@dataclass(frozen=True, slots=True)
class Envoi:
    """One try of one livraison. ``adresse``: of the contact or of the webhook; None when nobody gave one.

    Equal for every try but for ``instant`` and ``adresse``: what is sent again is the same.
    """

    livraison: int
    notification: uuid.UUID
    canal: Canal
    rang: int
    occurrence: int
    caisse: str
    nom: str
    genre: str
    objet: str
    texte: str
    donnees: Mapping[str, Any]
    creee_le: datetime
    instant: datetime
    adresse: str | None
    secret: str | None
    document: str | None
    pdf: bytes | None
    lien_accuse: str | None
    lien_document: str | None

    @property
    def cle(self) -> str:
        """Names the livraison for its receiver; the same at each try."""
        return f"{self.notification}.{self.canal}.{self.rang}.{self.occurrence}"


class Voie(Protocol):
    """A channel."""

    async def envoyer(self, envoi: Envoi) -> Resultat:
        """Try once. Says what happened; raises only for a fault of the program."""
        ...
