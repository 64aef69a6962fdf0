"""What the console asks in the name of somebody: the address that the code says, whatever is put in it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.console.amont import GARDEES_MAX, Amont
from shared.clock import SimulatedClock

Repondre = Callable[[httpx.Request], Any]


def amont(repondre: Repondre) -> Amont:
    client = httpx.AsyncClient(transport=httpx.MockTransport(repondre))
    return Amont(client, {"alerts": "http://alerts/"}, SimulatedClock(datetime(2026, 3, 2, tzinfo=UTC)), 5, 5)


@pytest.mark.parametrize(
    ("nom", "ecrit"),
    [
        ("2026-10", b"2026-10"),
        ("..", b"%2E%2E"),
        ("a?b#c", b"a%3Fb%23c"),
        ("\x07é", b"%07%C3%A9"),
        ("%2e%2e", b"%252e%252e"),
    ],
)
async def test_a_name_in_an_address_is_one_step_of_it_and_nothing_else(nom: str, ecrit: bytes) -> None:
    demandees: list[bytes] = []

    def repondre(requete: httpx.Request) -> httpx.Response:
        demandees.append(requete.url.raw_path)
        return httpx.Response(200, json={})

    await amont(repondre).lire("alerts", f"/v1/comites/{nom}/lettres", {"limite": 1})
    assert demandees == [b"/v1/comites/" + ecrit + b"/lettres?limite=1"]


async def test_an_answer_forgotten_while_it_is_asked_again_is_still_the_answer() -> None:
    demandee, oubliee = asyncio.Event(), asyncio.Event()

    async def repondre(requete: httpx.Request) -> httpx.Response:
        if "if-none-match" in requete.headers:
            demandee.set()
            await oubliee.wait()
            return httpx.Response(304)
        return httpx.Response(200, json={}, headers={"etag": '"1"'})

    lecteur = amont(repondre)
    premiere = await lecteur.lire_avec_etag("alerts", "/v1/a")
    encore = asyncio.create_task(lecteur.lire_avec_etag("alerts", "/v1/a"))
    await demandee.wait()
    for rang in range(GARDEES_MAX + 1):
        await lecteur.lire_avec_etag("alerts", f"/v1/{rang}")
    oubliee.set()
    assert await encore is premiere
    assert await lecteur.lire_avec_etag("alerts", "/v1/a") is premiere


async def test_an_answer_that_has_not_changed_is_as_fresh_as_when_it_was_asked_again() -> None:
    demandees: list[str] = []

    def repondre(requete: httpx.Request) -> httpx.Response:
        demandees.append(requete.headers.get("if-none-match", ""))
        return httpx.Response(304) if demandees[-1] else httpx.Response(200, json={}, headers={"etag": '"1"'})

    lecteur = amont(repondre)
    premiere = await lecteur.lire_avec_etag("alerts", "/v1/a", age_max_s=3_600)
    vieillir = lecteur._etat.demandees
    vieillir.update(dict.fromkeys(vieillir, -1e9))
    for _ in range(2):
        assert await lecteur.lire_avec_etag("alerts", "/v1/a", age_max_s=3_600) is premiere
    assert demandees == ["", '"1"']
