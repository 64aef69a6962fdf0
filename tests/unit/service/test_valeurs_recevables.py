"""What no call may carry, whatever its route: refused with where it is, before a database says it cannot hold it."""

from datetime import date
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from sqlalchemy.exc import DBAPIError

from shared.clock import SystemClock
from shared.database.connexion import est_hors_bornes
from shared.service.application import creer_application
from shared.service.reglages import Reglages
from shared.service.reponses import Corps, Instant, Jour

routes = APIRouter()


class Envoi(Corps):
    texte: str | None = None
    libre: Any = None
    jour: date | None = None
    instant: AwareDatetime | None = None
    nombre: float = 1


@routes.post("/v1/envois")
async def envoyer(corps: Envoi) -> None: ...


@routes.get("/v1/envois")
async def lister(
    jour: Annotated[Jour | None, Query()] = None,
    instant: Annotated[Instant | None, Query()] = None,
    texte: str = "",
) -> None:
    if texte == "immense":
        raise DBAPIError("SELECT", {}, asyncpg.NumericValueOutOfRangeError("integer out of range"))


@routes.get("/v1/envois/{nom}")
async def lire(nom: str) -> None: ...


def _client() -> httpx.AsyncClient:
    app = creer_application("essai", "0", routers=[routes], lifespans=[], reglages=Reglages(), clock=SystemClock())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://essai")


@pytest.mark.parametrize(
    ("corps", "ou"),
    [
        (b'{"texte": "a\\u0000b"}', "corps.texte"),
        (b'{"texte": "\\ud800"}', "corps.texte"),
        (b'{"libre": {"a": ["b", {"c\\u0000": 1}]}}', "corps.libre"),
        (b'{"libre": ["\\udfff"]}', "corps.libre"),
        (b'{"jour": 0}', "corps.jour"),
        (b'{"jour": "0"}', "corps.jour"),
        (b'{"instant": 20260301}', "corps.instant"),
        (b'{"instant": "20260301"}', "corps.instant"),
        (b'{"jour": "0001-01-01"}', "corps.jour"),
        (b'{"nombre": false}', "corps.nombre"),
    ],
)
async def test_a_body_that_no_table_could_hold_is_refused_with_its_field(corps: bytes, ou: str) -> None:
    async with _client() as client:
        reponse = await client.post("/v1/envois", content=corps, headers={"content-type": "application/json"})
    assert reponse.status_code == 422
    (faute,) = reponse.json()["erreurs"]
    assert faute["emplacement"] == ou
    assert "(" not in faute["message"] or "surrogate" in faute["message"]


@pytest.mark.parametrize(
    ("adresse", "ou"),
    [
        ("/v1/envois?texte=a%00b", "requête.texte"),
        ("/v1/envois?inconnu=%00", "requête.inconnu"),
        ("/v1/envois/a%00b", "chemin"),
        ("/v1/envois?jour=0", "requête.jour"),
        ("/v1/envois?jour=0999-12-31", "requête.jour"),
        ("/v1/envois?instant=0.5", "requête.instant"),
        ("/v1/envois?jour=-86400.0", "requête.jour"),
    ],
)
async def test_an_address_that_no_name_can_have_is_refused_with_its_parameter(adresse: str, ou: str) -> None:
    async with _client() as client:
        reponse = await client.get(adresse)
    assert reponse.status_code == 422
    assert reponse.json()["erreurs"][0]["emplacement"] == ou


async def test_what_the_database_cannot_hold_is_the_caller_s_to_correct() -> None:
    async with _client() as client:
        reponse = await client.get("/v1/envois?texte=immense")
    assert reponse.status_code == 422
    assert reponse.json()["type"].endswith("donnees-invalides")


@pytest.mark.parametrize(
    ("erreur", "attendu"),
    [
        (asyncpg.CharacterNotInRepertoireError("invalid byte sequence"), True),
        (asyncpg.DataError("invalid input for query argument $1: 2 (value out of int64 range)"), True),
        (asyncpg.DataError("invalid input for query argument $1: 2 (expected str, got int)"), False),
        (asyncpg.DivisionByZeroError("division by zero"), False),
        (asyncpg.UndefinedTableError("no such table"), False),
        (ValueError("autre"), False),
    ],
)
def test_only_values_out_of_range_are_the_caller_s(erreur: Exception, attendu: bool) -> None:
    assert est_hors_bornes(erreur) is attendu


async def test_a_method_that_is_not_there_is_answered_with_all_those_that_are() -> None:
    async with _client() as client:
        reponse = await client.put("/v1/envois")
    assert reponse.status_code == 405
    assert reponse.headers["allow"] == "GET, POST"
