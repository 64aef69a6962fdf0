"""Sessions: the tokens of people stay here, in memory; their browser has a key that says nothing."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.console.connexion.fournisseur import Jetons
from shared.clock import Clock
from shared.service.identite import Principal

_OCTETS = 32


@dataclass(slots=True, eq=False)
class Session:
    """One person in one browser."""

    jetons: Jetons
    principal: Principal
    ouverte_le: datetime
    vue_le: datetime
    verrou: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one request that renews the tokens."""


class Sessions:
    """Kept by the digest of their key, which is drawn anew at each login. A restart of the console forgets them: who
    still has a session at the provider comes back without typing anything."""

    def __init__(self, clock: Clock, inactivite: timedelta, duree: timedelta) -> None:
        self._clock = clock
        self._inactivite = inactivite
        self._duree = duree
        self._ouvertes: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._ouvertes)

    def ouvrir(self, jetons: Jetons, principal: Principal) -> str:
        """The key to give to the browser. Sessions that are over are forgotten on the way."""
        maintenant = self._clock.now()
        self._ouvertes = {k: s for k, s in self._ouvertes.items() if self._vit(s, maintenant)}
        cle = secrets.token_urlsafe(_OCTETS)
        self._ouvertes[_empreinte(cle)] = Session(jetons, principal, maintenant, maintenant)
        return cle

    def trouver(self, cle: str) -> Session | None:
        """The living session of this key."""
        session = self._ouvertes.get(_empreinte(cle))
        return session if session is not None and self._vit(session, self._clock.now()) else None

    def fermer(self, cle: str) -> Session | None:
        """Forget it; None when there was none."""
        return self._ouvertes.pop(_empreinte(cle), None)

    def _vit(self, session: Session, maintenant: datetime) -> bool:
        return maintenant - session.vue_le <= self._inactivite and maintenant - session.ouverte_le <= self._duree


def _empreinte(cle: str) -> bytes:
    return hashlib.sha256(cle.encode()).digest()
