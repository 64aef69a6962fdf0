"""Where a webhook may lead: public addresses, and the private networks the settings name. Nothing else.

The check is made on the very address the connection is opened to, after the name was resolved and once for all: a name
that changes its mind between the check and the connection (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

Reseau = ipaddress.IPv4Network | ipaddress.IPv6Network
Adresse = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AdresseInterdite(httpcore.ConnectError):
    """The name leads where a webhook may not go; ``str()`` is a French sentence without the address found."""


def est_publique(adresse: Adresse) -> bool:
    """Whether an address is one of the public Internet; an IPv6 that carries an IPv4 is judged by it."""
    if isinstance(adresse, ipaddress.IPv6Address):
        portee = adresse.ipv4_mapped or adresse.sixtofour
        if adresse.teredo is not None:
            return False
        if adresse in _NAT64:
            portee = ipaddress.IPv4Address(int(adresse) & 0xFFFFFFFF)
        if portee is not None:
            return est_publique(portee)
        if adresse.is_site_local:
            return False
    return adresse.is_global and not adresse.is_multicast and not adresse.is_reserved


def est_autorisee(adresse: Adresse, autorises: Iterable[Reseau]) -> bool:
    """Whether the settings name a network that holds it."""
    portee = adresse.ipv4_mapped if isinstance(adresse, ipaddress.IPv6Address) else None
    return any((portee or adresse) in reseau for reseau in autorises)


class Garde(httpcore.AsyncNetworkBackend):
    """Opens the connections of webhooks, only where they may go.

    ``en_clair``: for plain HTTP, which only goes to the networks of the settings.
    """

    def __init__(self, autorises: Sequence[Reseau], *, en_clair: bool) -> None:
        self._autorises = autorises
        self._en_clair = en_clair
        self._reseau = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Every address of the name must be allowed, and the first is the one used."""
        adresses = await _resoudre(host, port)
        for adresse in adresses:
            if est_autorisee(adresse, self._autorises):
                continue
            if not est_publique(adresse):
                raise AdresseInterdite("L'adresse du webhook mène à un réseau interne : elle est refusée.")
            if self._en_clair:
                raise AdresseInterdite("Un webhook est appelé en https, jamais en http.")
        return await self._reseau.connect_tcp(str(adresses[0]), port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refused."""
        raise AdresseInterdite(f"Un webhook ne passe pas par un fichier ({path}).")

    async def sleep(self, seconds: float) -> None:
        await self._reseau.sleep(seconds)


async def _resoudre(hote: str, port: int) -> list[Adresse]:
    try:
        trouvees = await asyncio.get_running_loop().getaddrinfo(hote, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise httpcore.ConnectError(f"Le nom {hote} ne mène nulle part ({exc.strerror}).") from exc
    return [ipaddress.ip_address(str(adresse[0]).partition("%")[0]) for *_, adresse in trouvees]
