"""The walls every service stands in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
import structlog
from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field

from shared.clock import SimulatedClock
from shared.service.acces import ouvert_a
from shared.service.application import piece
from shared.service.erreurs import Conflit, NonIdentifie, TropDeRequetes
from shared.service.horloge import creer_horloge
from shared.service.identite import Principal, PrincipalCourant
from shared.service.reglages import Reglages, ReglagesInvalides

NOEL = datetime(2025, 12, 25, tzinfo=UTC)


class Ligne(BaseModel):
    date: str
    nombre: int = Field(ge=1)


class Lot(BaseModel):
    lignes: list[Ligne]


def _routes() -> APIRouter:
    interne = APIRouter(prefix="/lots")

    @interne.post("/{lot}")
    async def deposer(lot: int, corps: Lot, limite: int = 1) -> dict[str, int]:
        return {"lot": lot, "lignes": len(corps.lignes), "limite": limite}

    routes = APIRouter(prefix="/v1")
    routes.include_router(interne)

    @routes.get("/panne")
    async def panne() -> None:
        raise RuntimeError("le mot de passe est hunter2")

    @routes.get("/conflit")
    async def conflit() -> None:
        raise Conflit("La mission est close.", mission="m-12")

    @routes.get("/quota")
    async def quota() -> None:
        raise TropDeRequetes("Attendez une minute.", retry_after_s=60)

    @routes.get("/theiere")
    async def theiere() -> None:
        raise HTTPException(418)

    @routes.get("/contexte")
    async def contexte() -> dict[str, Any]:
        return structlog.contextvars.get_contextvars()

    return routes


@pytest.mark.parametrize(
    ("methode", "adresse", "statut", "type_probleme"),
    [
        ("GET", "/nulle-part", 404, "introuvable"),
        ("DELETE", "/v1/panne", 405, "methode-non-prevue"),
        ("GET", "/v1/conflit", 409, "conflit"),
        ("GET", "/v1/quota", 429, "trop-de-requetes"),
        ("GET", "/v1/theiere", 418, "erreur-http"),
        ("GET", "/v1/panne", 500, "erreur-interne"),
        ("GET", "/v1/panne/", 404, "introuvable"),
    ],
)
async def test_every_refusal_is_an_rfc_9457_problem_in_french(
    ouvrir: Any, methode: str, adresse: str, statut: int, type_probleme: str
) -> None:
    async with ouvrir(_routes()) as client:
        reponse = await client.request(methode, adresse, headers={"X-Request-Id": "r-1"})
    assert reponse.status_code == statut
    assert reponse.headers["content-type"] == "application/problem+json"
    probleme = reponse.json()
    assert probleme["type"] == f"urn:vigie:probleme:{type_probleme}"
    assert probleme["status"] == statut
    assert probleme["instance"] == "urn:vigie:requete:r-1"
    assert probleme["detail"].endswith(".")


async def test_a_problem_carries_its_extensions_and_whether_to_retry(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        conflit = (await client.get("/v1/conflit")).json()
        quota = await client.get("/v1/quota")
    assert (conflit["mission"], conflit["retryable"]) == ("m-12", False)
    assert (quota.headers["retry-after"], quota.json()["retryable"]) == ("60", True)


async def test_a_method_not_allowed_says_which_are(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        reponse = await client.put("/v1/panne")
    assert reponse.headers["allow"] == "GET"
    assert "GET" in reponse.json()["detail"]


async def test_an_unexpected_error_tells_only_its_incident(ouvrir: Any, journal_capture: list[Any]) -> None:
    async with ouvrir(_routes()) as client:
        reponse = await client.get("/v1/panne")
    assert "hunter2" not in reponse.text
    assert "RuntimeError" not in reponse.text
    (ligne,) = [x for x in journal_capture if x["event"] == "erreur inattendue"]
    assert ligne["incident"] == reponse.json()["incident"]
    assert isinstance(ligne["exc_info"], RuntimeError)


async def test_invalid_data_are_listed_with_their_place_and_no_value(ouvrir: Any) -> None:
    corps = {"lignes": [{"date": "2026-01-01", "nombre": 0}, {"nombre": "valeur-sensible"}]}
    async with ouvrir(_routes()) as client:
        reponse = await client.post("/v1/lots/7?limite=x", json=corps)
    assert reponse.status_code == 422
    assert "valeur-sensible" not in reponse.text
    assert reponse.json()["erreurs"] == [
        {"emplacement": "requête.limite", "message": "Un nombre entier est attendu."},
        {"emplacement": "corps.lignes[0].nombre", "message": "La valeur doit être supérieure ou égale à 1."},
        {"emplacement": "corps.lignes[1].date", "message": "Champ obligatoire absent."},
        {"emplacement": "corps.lignes[1].nombre", "message": "Un nombre entier est attendu."},
    ]


@pytest.mark.parametrize(
    ("type_media", "corps", "statut"),
    [
        ("application/json", b'{"lignes": [', 400),
        ("text/csv", b"a;b", 415),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"[]", 422),
        ("application/json", b"", 422),
    ],
)
async def test_a_body_that_is_not_json_is_refused_for_what_it_is(
    ouvrir: Any, type_media: str, corps: bytes, statut: int
) -> None:
    async with ouvrir(_routes()) as client:
        reponse = await client.post("/v1/lots/7", content=corps, headers={"Content-Type": type_media})
    assert reponse.status_code == statut
    assert reponse.json()["status"] == statut


async def test_every_answer_bears_the_security_headers_and_its_request_id(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        for adresse in ("/livez", "/metrics", "/v1/panne", "/nulle-part"):
            entetes = (await client.get(adresse)).headers
            assert entetes["x-content-type-options"] == "nosniff"
            assert entetes["content-security-policy"].startswith("default-src 'none'")
            assert entetes["cache-control"] == "no-store"
            assert len(entetes["x-request-id"]) == 32
            assert "strict-transport-security" not in entetes


async def test_https_is_made_to_last_only_where_the_caller_came_by_it(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        for adresse in ("/livez", "/metrics", "/nulle-part"):
            entetes = (await client.get(adresse, headers={"X-Forwarded-Proto": "https"})).headers
            assert entetes["strict-transport-security"] == "max-age=31536000"


async def test_the_callers_ids_join_the_logs_unless_they_are_malformed(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        suivi = {"X-Request-Id": "r-1", "X-Correlation-Id": "c-9"}
        assert (await client.get("/v1/contexte", headers=suivi)).json() == {"requete": "r-1", "correlation": "c-9"}
        malforme = {"X-Request-Id": 'a"; drop'}
        contexte = (await client.get("/v1/contexte", headers=malforme)).json()
    assert contexte["requete"] == contexte["correlation"] != malforme["X-Request-Id"]
    assert structlog.contextvars.get_contextvars() == {}


async def test_the_openapi_document_shows_problems_and_not_the_frameworks_errors(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/lots/{lot}"]["post"]
    assert set(operation["responses"]) == {"200", "default"}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "Probleme" in document["components"]["schemas"]


@dataclass
class Piece:
    ouvertures: list[str] = field(default_factory=list)


async def test_lifespans_open_in_order_close_in_reverse_and_give_their_piece(ouvrir: Any) -> None:
    vus: list[str] = []

    @asynccontextmanager
    async def premiere(app: Any) -> AsyncIterator[Piece]:
        vus.append("+1")
        yield Piece(["x"])
        vus.append("-1")

    @asynccontextmanager
    async def seconde(app: Any) -> AsyncIterator[str]:
        vus.append(f"+2 après {len(app.pieces)}")
        yield "chaine"
        vus.append("-2")

    routes = APIRouter()

    @routes.get("/piece")
    async def lire(piece_: Annotated[Piece, Depends(piece(Piece))]) -> list[str]:
        return piece_.ouvertures

    async with ouvrir(routes, lifespans=[premiere, seconde]) as client:
        assert (await client.get("/piece")).json() == ["x"]
    assert vus == ["+1", "+2 après 1", "-2", "-1"]


async def test_a_router_given_whole_asks_for_the_principal_even_if_no_route_does(ouvrir: Any) -> None:
    class Porte:
        async def identifier(self, entetes: Any) -> Principal:
            if entetes.get("authorization") != "jeton":
                raise NonIdentifie("Identifiez-vous.", entetes={"WWW-Authenticate": "Bearer"})
            return Principal("u1", "Une personne", frozenset({"auditeur"}))

    routes = APIRouter()

    @routes.get("/v1/contexte")
    async def contexte() -> str:
        return "ouvert"

    table = {"GET /v1/contexte": ouvert_a("auditeur")}
    async with ouvrir(routes, identite=Porte(), mode="production", acces=table) as client:
        refus = await client.get("/v1/contexte")
        acces = await client.get("/v1/contexte", headers={"Authorization": "jeton"})
        sante = await client.get("/livez")
    assert (refus.status_code, refus.headers["www-authenticate"]) == (401, "Bearer")
    assert (acces.status_code, sante.status_code) == (200, 200)


def test_production_without_identity_provider_refuses_to_start(fabriquer: Callable[..., Any]) -> None:
    with pytest.raises(ReglagesInvalides, match="fournisseur d'identité"):
        fabriquer(mode="production")


def test_production_with_a_simulated_clock_refuses_to_start(fabriquer: Callable[..., Any]) -> None:
    with pytest.raises(ReglagesInvalides, match="VIGIE_HORLOGE"):
        fabriquer(mode="production", clock=SimulatedClock(NOEL))


async def test_a_simulated_clock_moves_by_header_and_by_route_and_never_back(ouvrir: Any) -> None:
    horloge = SimulatedClock(NOEL)
    async with ouvrir(clock=horloge) as client:
        await client.get("/livez", headers={"Vigie-Horloge": "2026-01-01T00:00:00+01:00"})
        assert horloge.now() == datetime(2025, 12, 31, 23, tzinfo=UTC)
        reponse = await client.put("/v1/horloge", json={"instant": "2026-02-01T00:00:00Z"})
        assert reponse.json() == {"instant": "2026-02-01T00:00:00Z"}
        await client.put("/v1/horloge", json={"instant": "2020-02-01T00:00:00Z"})
        assert horloge.now() == datetime(2026, 2, 1, tzinfo=UTC)
        for faux in ("hier", "2026-01-01T00:00:00"):
            assert (await client.get("/livez", headers={"Vigie-Horloge": faux})).status_code == 400
        sans_fuseau = await client.put("/v1/horloge", json={"instant": "2026-02-01T00:00:00"})
    assert "fuseau" in sans_fuseau.json()["erreurs"][0]["message"]


def test_a_simulated_clock_tells_the_present_once_it_was_told_the_time() -> None:
    horloge = creer_horloge(Reglages(horloge="simulee"))
    assert not horloge.reglee
    assert isinstance(horloge, SimulatedClock)
    horloge.advance_to(NOEL)
    assert horloge.reglee
    assert creer_horloge(Reglages()).reglee


async def test_the_systems_clock_is_moved_by_nobody(ouvrir: Any) -> None:
    async with ouvrir() as client:
        assert (await client.put("/v1/horloge", json={"instant": "2026-02-01T00:00:00Z"})).status_code == 404
        assert (await client.get("/livez", headers={"Vigie-Horloge": "hier"})).status_code == 200


async def test_the_principal_is_found_once_a_request(ouvrir: Any) -> None:
    appels = 0

    class Compteur:
        async def identifier(self, entetes: Any) -> Principal:
            nonlocal appels
            appels += 1
            return Principal("u1", "Une personne", frozenset({"reseau"}))

    routes = APIRouter()

    @routes.get("/x")
    async def lire(request: Request, un: PrincipalCourant) -> str:
        return un.identifiant

    async with ouvrir(routes, identite=Compteur(), acces={"GET /x": ouvert_a("reseau")}) as client:
        assert (await client.get("/x")).json() == "u1"
    assert appels == 1
