"""Names that change their mind: what a webhook's connection is opened to."""

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import httpcore
import pytest

from services.alerts.notifications.garde import AdresseInterdite, Garde

PUBLIQUE, INTERNE = "93.184.215.14", "169.254.169.254"


class Reseau(httpcore.AsyncNetworkBackend):
    """Notes what would be opened."""

    def __init__(self) -> None:
        self.ouverts: list[str] = []

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.ouverts.append(host)
        return httpcore.AsyncMockStream([])


async def _garde(monkeypatch: pytest.MonkeyPatch, reponses: list[list[str]], **options: Any) -> tuple[Garde, Reseau]:
    """A guard whose names lead to each of ``reponses`` in turn."""
    suite: Iterator[list[str]] = iter(reponses)

    async def resoudre(hote: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (adresse, port)) for adresse in next(suite)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resoudre, raising=False)
    garde, reseau = Garde(options.pop("autorises", ()), en_clair=options.pop("en_clair", False)), Reseau()
    monkeypatch.setattr(garde, "_reseau", reseau)
    return garde, reseau


async def test_the_address_that_was_judged_is_the_one_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a second resolution would lead inside."""
    garde, reseau = await _garde(monkeypatch, [[PUBLIQUE], [INTERNE]])
    await garde.connect_tcp("piege.invalid", 443)
    assert reseau.ouverts == [PUBLIQUE]
    with pytest.raises(AdresseInterdite):
        await garde.connect_tcp("piege.invalid", 443)
    assert reseau.ouverts == [PUBLIQUE]


@pytest.mark.parametrize("adresses", [[INTERNE], [PUBLIQUE, INTERNE], [INTERNE, PUBLIQUE], ["127.0.0.1"], ["::1"]])
async def test_one_inner_address_among_those_of_a_name_refuses_it_and_is_not_told(
    monkeypatch: pytest.MonkeyPatch, adresses: list[str]
) -> None:
    garde, reseau = await _garde(monkeypatch, [adresses])
    with pytest.raises(AdresseInterdite) as refus:
        await garde.connect_tcp("piege.invalid", 443)
    assert not any(adresse in str(refus.value) for adresse in adresses)
    assert reseau.ouverts == []


async def test_plain_http_goes_to_the_networks_of_the_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    autorises = (ip_network("10.1.0.0/16"),)
    garde, reseau = await _garde(monkeypatch, [["10.1.2.3"], [PUBLIQUE]], autorises=autorises, en_clair=True)
    await garde.connect_tcp("interne.invalid", 80)
    with pytest.raises(AdresseInterdite, match="https"):
        await garde.connect_tcp("dehors.invalid", 80)
    assert reseau.ouverts == ["10.1.2.3"]


async def test_a_socket_file_is_refused() -> None:
    with pytest.raises(AdresseInterdite):
        await Garde((), en_clair=False).connect_unix_socket("/var/run/docker.sock")
