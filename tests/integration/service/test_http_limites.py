"""Limits of a real server: sizes, encodings, times, clients that leave."""

import asyncio
import contextlib
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import zstandard
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from shared.service.corps import LigneTropLongue, lots_de_lignes

KIO = 1024
MIO = 1024 * KIO
pytestmark = pytest.mark.timeout(60)


class Texte(BaseModel):
    texte: str


@pytest.fixture
def annulations() -> list[str]:
    return []


@pytest.fixture
def routes(annulations: list[str]) -> APIRouter:
    routes = APIRouter()

    @routes.post("/lignes")
    async def lignes(request: Request) -> dict[str, int]:
        lues = longues = 0
        async for lot in lots_de_lignes(request.stream(), MIO):
            longues += sum(isinstance(ligne, LigneTropLongue) for ligne in lot)
            lues += len(lot)
        return {"lignes": lues - longues, "trop_longues": longues}

    @routes.post("/texte")
    async def texte(corps: Texte) -> int:
        return len(corps.texte)

    @routes.get("/lente")
    async def lente() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            annulations.append("annulee")

    @routes.get("/courte")
    async def courte() -> str:
        await asyncio.sleep(0.5)
        return "finie"

    @routes.get("/flux")
    async def flux(panne: bool = False) -> StreamingResponse:
        async def morceaux() -> AsyncIterator[bytes]:
            yield b"debut "
            await asyncio.sleep(0.6)
            if panne:
                raise RuntimeError
            yield b"fin"

        return StreamingResponse(morceaux())

    return routes


async def _blocs(bloc: bytes, n: int) -> AsyncIterator[bytes]:
    for _ in range(n):
        yield bloc


async def test_a_streamed_body_of_many_blocks_is_read_in_bounded_memory(servir_essai: Any, routes: APIRouter) -> None:
    bloc = (json.dumps({"id": "x" * 500}) + "\n").encode() * 120
    async with servir_essai(routes) as servie:
        tracemalloc.start()
        try:
            reponse = await servie.client.post("/lignes", content=_blocs(bloc, 500))
            pointe = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert reponse.json() == {"lignes": 60_000, "trop_longues": 0}
    assert len(bloc) * 500 > 29 * MIO
    assert pointe < 4 * MIO


@pytest.mark.parametrize("codage", ["gzip", "x-gzip", "zstd", "ZSTD", "identity"])
async def test_a_compressed_body_is_read_as_if_it_were_plain(servir_essai: Any, routes: APIRouter, codage: str) -> None:
    clair = b'{"a":1}\n' * 100_000
    comprimer = {"g": gzip.compress, "z": zstandard.ZstdCompressor().compress}
    corps = comprimer["g" if "g" in codage else "z"](clair) if codage != "identity" else clair
    async with servir_essai(routes) as servie:
        reponse = await servie.client.post("/lignes", content=corps, headers={"Content-Encoding": codage})
        objet = json.dumps({"texte": "é" * 1000}).encode()
        json_comprime = await servie.client.post(
            "/texte",
            content=gzip.compress(objet),
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
    assert reponse.json() == {"lignes": 100_000, "trop_longues": 0}
    assert json_comprime.json() == 1000


@pytest.mark.parametrize("codage", ["br", "gzip, gzip", "deflate"])
async def test_an_encoding_not_known_is_a_415_that_says_which_are(
    servir_essai: Any, routes: APIRouter, codage: str
) -> None:
    async with servir_essai(routes) as servie:
        reponse = await servie.client.post("/lignes", content=b"x", headers={"Content-Encoding": codage})
    assert (reponse.status_code, reponse.headers["accept-encoding"]) == (415, "gzip, zstd")


@pytest.mark.parametrize("adresse", ["/lignes", "/texte"])
async def test_a_body_too_large_is_a_413_announced_or_streamed(
    servir_essai: Any, routes: APIRouter, adresse: str
) -> None:
    entetes = {"Content-Type": "application/json"}
    async with servir_essai(routes, max_corps_octets=MIO) as servie:
        annonce = await servie.client.post(adresse, content=b"x" * (4 * MIO), headers=entetes)
        flux = await servie.client.post(adresse, content=_blocs(b"x" * 64 * KIO, 64), headers=entetes)
        juste = await servie.client.post("/lignes", content=b"x" * MIO)
    for reponse in (annonce, flux):
        assert reponse.status_code == 413
        assert reponse.json()["limite_octets"] == MIO
    assert juste.status_code == 200


@pytest.mark.parametrize("adresse", ["/lignes", "/texte"])
@pytest.mark.parametrize("codage", ["gzip", "zstd"])
async def test_a_compression_bomb_is_a_413_and_the_service_goes_on(
    servir_essai: Any, routes: APIRouter, codage: str, adresse: str
) -> None:
    comprimer = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor(level=9).compress}
    bombe = comprimer[codage](bytes(96 * MIO))
    entetes = {"Content-Encoding": codage, "Content-Type": "application/json"}
    async with servir_essai(routes, max_decompresse_octets=8 * MIO) as servie:
        reponse = await servie.client.post(adresse, content=bombe, headers=entetes)
        vivant = await servie.client.get("/livez")
    assert reponse.status_code == 413
    assert "décompressé" in reponse.json()["detail"]
    assert vivant.status_code == 200


async def test_a_compressed_body_cut_short_is_a_400(servir_essai: Any, routes: APIRouter) -> None:
    corps = gzip.compress(b'{"a":1}\n' * 1000)[:-4]
    async with servir_essai(routes) as servie:
        reponse = await servie.client.post("/lignes", content=corps, headers={"Content-Encoding": "gzip"})
    assert (reponse.status_code, "incomplet" in reponse.text) == (400, True)


async def test_work_beyond_the_time_limit_is_cancelled_and_answered_503(
    servir_essai: Any, routes: APIRouter, annulations: list[str]
) -> None:
    async with servir_essai(routes, delai_requete_s=0.3) as servie:
        reponse = await servie.client.get("/lente")
        assert await servie.valeur(
            "vigie_http_request_duration_seconds_count", method="GET", route="/lente", status="503"
        )
    assert (reponse.status_code, reponse.headers["retry-after"]) == (503, "5")
    assert reponse.json()["type"] == "urn:vigie:probleme:delai-depasse"
    assert annulations == ["annulee"]


async def test_a_client_that_does_not_send_its_body_is_answered_408_and_left(
    servir_essai: Any, routes: APIRouter
) -> None:
    async with servir_essai(routes, delai_requete_s=0.3) as servie:
        lecteur, ecrivain = await asyncio.open_connection("127.0.0.1", servie.port)
        ecrivain.write(b"POST /lignes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        reponse = await asyncio.wait_for(lecteur.read(), 5)
        ecrivain.close()
        await ecrivain.wait_closed()
    assert reponse.startswith(b"HTTP/1.1 408 ")
    assert b"envoi-trop-lent" in reponse


async def test_headers_that_do_not_end_are_answered_408_and_the_connection_closed(
    servir_essai: Any, routes: APIRouter
) -> None:
    async with servir_essai(routes, delai_requete_s=0.3) as servie:
        for debut, statut in ((b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 408 "), (b"", b"")):
            lecteur, ecrivain = await asyncio.open_connection("127.0.0.1", servie.port)
            ecrivain.write(debut)
            assert (await asyncio.wait_for(lecteur.read(), 5)).startswith(statut)
            ecrivain.close()
            await ecrivain.wait_closed()


async def test_headers_without_end_are_answered_431_in_bounded_memory(servir_essai: Any, routes: APIRouter) -> None:
    async with servir_essai(routes) as servie:
        lecteur, ecrivain = await asyncio.open_connection("127.0.0.1", servie.port)
        ecrivain.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        envoyes = 0
        with contextlib.suppress(ConnectionError):
            while envoyes < 64 * MIO:
                ecrivain.write(b"X-a: " + b"a" * 32 * KIO + b"\r\n")
                await ecrivain.drain()
                envoyes += 32 * KIO
        with contextlib.suppress(ConnectionError):
            assert (await asyncio.wait_for(lecteur.read(), 5)).startswith(b"HTTP/1.1 431 ")
        ecrivain.close()
        assert envoyes < 32 * MIO, "ce qu'en tiennent les tampons du système, au plus"
        assert (await servie.client.get("/livez")).status_code == 200


async def test_a_body_that_goes_on_after_its_refusal_is_cut(servir_essai: Any, routes: APIRouter) -> None:
    async with servir_essai(routes, delai_requete_s=0.5, max_corps_octets=KIO) as servie:
        lecteur, ecrivain = await asyncio.open_connection("127.0.0.1", servie.port)
        ecrivain.write(b"POST /lignes HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\nabc")
        assert (await asyncio.wait_for(lecteur.readuntil(b"\r\n"), 5)).startswith(b"HTTP/1.1 413 ")
        await asyncio.wait_for(lecteur.read(), 5)
        ecrivain.close()
        with contextlib.suppress(ConnectionError):
            await ecrivain.wait_closed()


async def test_a_caller_beyond_its_rate_is_answered_429_and_told_when_to_come_back(
    servir_essai: Any, routes: APIRouter
) -> None:
    """One call in ten seconds: the burst is one call."""
    async with servir_essai(routes, debit_appels_s=0.1) as servie:
        reponses = [await servie.client.get("/courte") for _ in range(2)]
        sante = [await servie.client.get(adresse) for adresse in ("/livez", "/readyz", "/metrics")]
    assert [r.status_code for r in reponses] == [200, 429]
    assert 1 <= int(reponses[1].headers["retry-after"]) <= 10
    assert reponses[1].json()["retryable"] is True
    assert reponses[1].headers["x-content-type-options"] == "nosniff"
    assert [r.status_code for r in sante] == [200, 200, 200], "ce qui surveille n'attend jamais"


async def test_a_response_that_has_started_is_not_cut_by_the_time_limit(servir_essai: Any, routes: APIRouter) -> None:
    async with servir_essai(routes, delai_requete_s=0.3) as servie:
        assert (await servie.client.get("/flux")).text == "debut fin"


async def test_an_error_after_the_response_started_cuts_the_connection(
    servir_essai: Any, routes: APIRouter, journal_capture: list[Any]
) -> None:
    async with servir_essai(routes) as servie:
        with pytest.raises(httpx.RemoteProtocolError):
            await servie.client.get("/flux", params={"panne": True})
    assert [x["event"] for x in journal_capture if x["log_level"] == "error"] == ["reponse interrompue"]


@pytest.mark.parametrize("adresse", ["/lignes", "/texte"])
async def test_a_client_that_leaves_while_sending_is_counted_499_and_is_no_error(
    servir_essai: Any, routes: APIRouter, journal_capture: list[Any], adresse: str
) -> None:
    async with servir_essai(routes) as servie:
        _, ecrivain = await asyncio.open_connection("127.0.0.1", servie.port)
        requete = (
            f"POST {adresse} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nabc"
        )
        ecrivain.write(requete.encode())
        await ecrivain.drain()
        ecrivain.close()
        await ecrivain.wait_closed()
        compte = await servie.valeur(
            "vigie_http_request_duration_seconds_count", method="POST", route=adresse, status="499"
        )
    assert compte == 1
    assert [x for x in journal_capture if x["log_level"] == "error"] == []


async def test_a_request_under_way_ends_when_the_service_stops_and_no_new_one_enters(
    servir_essai: Any, routes: APIRouter
) -> None:
    async with servir_essai(routes) as servie:
        en_cours = asyncio.create_task(servie.client.get("/courte"))
        await servie.occupee()
        servie.arret.set()
        assert (await en_cours).json() == "finie"
        await asyncio.wait_for(servie.tache, 5)
        with pytest.raises(httpx.ConnectError):
            await servie.client.get("/livez")


async def test_a_request_that_does_not_end_is_answered_503_after_half_the_stop_budget(
    servir_essai: Any, routes: APIRouter, annulations: list[str]
) -> None:
    async with servir_essai(routes, delai_arret_s=2.0) as servie:
        sans_fin = asyncio.create_task(servie.client.get("/lente"))
        await servie.occupee()
        servie.arret.set()
        reponse = await sans_fin
        await asyncio.wait_for(servie.tache, 5)
    assert (reponse.status_code, reponse.json()["retryable"]) == (503, True)
    assert annulations == ["annulee"]
