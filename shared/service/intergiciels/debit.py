"""The rate of one caller: known by the token or key it bears once a route has taken it, by its address until then."""

import hashlib
from asyncio import get_running_loop
from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.service.debit import APPELANTS_MAX, Seaux
from shared.service.erreurs import TropDeRequetes

RAFALE_S = 10
"""Seconds of the sustained rate that a caller may spend at once."""

_REFUS = 401
_HORS_DEBIT = frozenset({"/livez", "/readyz", "/metrics"})
"""What watches the process is never told to wait."""


class Debit:
    """429 with ``Retry-After`` beyond ``appels_s`` calls a second, in this process, before identity or body is read.

    A bearer token counts for itself only after an answer other than 401 to it: whoever tries tokens, a new one each
    time, spends the allowance of one address. ``mandataires``: proxies whose ``X-Forwarded-For`` is believed.
    """

    def __init__(self, app: ASGIApp, appels_s: float, mandataires: Sequence[IPv4Network | IPv6Network]) -> None:
        self.app = app
        self.mandataires = mandataires
        self.seaux = Seaux(appels_s, appels_s * RAFALE_S)
        self.admis: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _HORS_DEBIT:
            await self.app(scope, receive, send)
            return
        porteur = _porteur(scope)
        appelant = porteur if porteur in self.admis else adresse(scope, self.mandataires)
        if attente := self.seaux.prendre(appelant or "", get_running_loop().time()):
            raise TropDeRequetes(
                f"Trop d'appels à la fois. Attendez {attente} s, ou envoyez plus d'événements par appel.",
                retry_after_s=attente,
            )

        async def envoyer(message: Message) -> None:
            if porteur is not None and message["type"] == "http.response.start":
                self._retenir(porteur, admis=message["status"] != _REFUS)
            await send(message)

        await self.app(scope, receive, envoyer)

    def _retenir(self, porteur: str, *, admis: bool) -> None:
        if not admis:
            self.admis.pop(porteur, None)
            return
        self.admis[porteur] = None
        self.admis.move_to_end(porteur)
        if len(self.admis) > APPELANTS_MAX:
            self.admis.popitem(last=False)


def adresse(scope: Scope, mandataires: Sequence[IPv4Network | IPv6Network]) -> str:
    """The address of who calls: of the connection, or the last one its proxies name that is not a proxy itself."""
    client = scope.get("client")
    trouvee: str = client[0] if client else ""
    etapes = [
        etape.strip()
        for nom, valeur in scope["headers"]
        if nom == b"x-forwarded-for"
        for etape in valeur.decode("latin-1").split(",")
    ]
    while etapes and _dans(trouvee, mandataires):
        trouvee = etapes.pop()
    return trouvee


def _dans(texte: str, reseaux: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        lue = ip_address(texte)
    except ValueError:
        return False
    lue = getattr(lue, "ipv4_mapped", None) or lue
    return any(lue in reseau for reseau in reseaux)


def _porteur(scope: Scope) -> str | None:
    """A digest of the request's credentials: they are not kept in memory."""
    for nom, valeur in scope["headers"]:
        if nom == b"authorization":
            return hashlib.blake2b(valeur, digest_size=16).hexdigest()
    return None
