"""The same call sent twice is applied once, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.clock import SimulatedClock
from shared.service.application import creer_application
from shared.service.erreurs import Conflit
from shared.service.idempotence import CleIdempotence, appel_recu, appliquer_une_fois, creer_table, purger
from shared.service.identite import Principal, PrincipalCourant
from shared.service.reglages import Reglages

SCHEMA = "essai"
DEBUT = datetime(2026, 3, 2, 9, tzinfo=UTC)
pytestmark = pytest.mark.timeout(60)


class Mission(BaseModel):
    nom: str


class ParEntete:
    """Tests name their caller."""

    async def identifier(self, entetes: Any) -> Principal:
        nom = entetes.get("x-qui", "u1")
        return Principal(nom, nom, frozenset(), administrateur=True)


class Scene:
    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.horloge = SimulatedClock(DEBUT)
        self.entree = asyncio.Event()
        self.sortie = asyncio.Event()
        self.sortie.set()
        self.client: httpx.AsyncClient

    async def creer(self, cle: str | None, nom: str = "a", **entetes: str) -> httpx.Response:
        if cle is not None:
            entetes["Idempotency-Key"] = cle
        return await self.client.post("/v1/missions", json={"nom": nom}, headers=entetes)

    async def missions(self) -> list[str]:
        return [m["nom"] for m in await self.pool.fetch("SELECT nom FROM essai.mission ORDER BY id")]

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix="/v1")

        @routes.post("/missions")
        async def creer(
            request: Request, mission: Mission, cle: CleIdempotence, principal: PrincipalCourant
        ) -> Response:
            async def action(connexion: Any) -> Response:
                numero = await connexion.fetchval(
                    "INSERT INTO essai.mission (nom) VALUES ($1) RETURNING id", mission.nom
                )
                self.entree.set()
                await self.sortie.wait()
                if mission.nom == "close":
                    raise Conflit("La mission est close.")
                if mission.nom == "panne":
                    raise RuntimeError
                entetes = {"Location": f"/v1/missions/{numero}"}
                return JSONResponse({"id": numero}, status_code=201, headers=entetes)

            appel = await appel_recu(request, cle, principal)
            return await appliquer_une_fois(self.pool, SCHEMA, appel, self.horloge, action)

        return routes


@pytest.fixture
async def scene(url_base: str) -> AsyncIterator[Scene]:
    async with asyncpg.create_pool(url_base, min_size=1, max_size=12) as pool:
        await pool.execute("DROP SCHEMA IF EXISTS essai CASCADE")
        await pool.execute("CREATE SCHEMA essai")
        await pool.execute("CREATE TABLE essai.mission (id serial PRIMARY KEY, nom text NOT NULL)")
        for ordre in creer_table(SCHEMA):
            await pool.execute(ordre)
        scene = Scene(pool)
        app = creer_application(
            "Essai",
            "1",
            routers=[scene.routes()],
            lifespans=[],
            reglages=Reglages(),
            clock=scene.horloge,
            identite=ParEntete(),
        )
        async with LifespanManager(app) as vie:
            transport = httpx.ASGITransport(app=vie.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://essai") as client:
                scene.client = client
                yield scene


async def test_the_same_call_is_applied_once_and_answered_the_same(scene: Scene) -> None:
    premiere, seconde = await scene.creer("k1"), await scene.creer('"k1"')
    assert (premiere.status_code, premiere.json()) == (201, {"id": 1})
    assert (seconde.status_code, seconde.content) == (201, premiere.content)
    assert seconde.headers["location"] == premiere.headers["location"]
    assert seconde.headers["content-type"] == premiere.headers["content-type"]
    assert "idempotency-replayed" not in premiere.headers
    assert seconde.headers["idempotency-replayed"] == "true"
    assert await scene.missions() == ["a"]


async def test_a_key_used_for_another_call_is_a_422(scene: Scene) -> None:
    await scene.creer("k1")
    autre = await scene.creer("k1", nom="b")
    assert (autre.status_code, autre.json()["type"]) == (422, "urn:vigie:probleme:cle-idempotence-deja-utilisee")
    assert await scene.missions() == ["a"]


async def test_keys_belong_to_their_principal(scene: Scene) -> None:
    await scene.creer("k1", **{"X-Qui": "u1"})
    assert (await scene.creer("k1", nom="b", **{"X-Qui": "u2"})).status_code == 201


async def test_a_call_in_progress_is_a_409_at_once_then_its_answer(scene: Scene) -> None:
    scene.sortie.clear()
    premiere = asyncio.create_task(scene.creer("k1"))
    await asyncio.wait_for(scene.entree.wait(), 5)
    pendant = await asyncio.wait_for(scene.creer("k1"), 5)
    assert (pendant.status_code, pendant.headers["retry-after"]) == (409, "1")
    assert pendant.json()["retryable"] is True
    scene.sortie.set()
    assert (await premiere).status_code == 201
    assert (await scene.creer("k1")).headers["idempotency-replayed"] == "true"


async def test_many_at_once_make_one_effect(scene: Scene) -> None:
    reponses = await asyncio.gather(*(scene.creer("k1") for _ in range(10)))
    assert {r.status_code for r in reponses} <= {201, 409}
    assert 201 in {r.status_code for r in reponses}
    assert await scene.missions() == ["a"]


@pytest.mark.parametrize(("nom", "statut"), [("close", 409), ("panne", 500)])
async def test_a_call_that_failed_leaves_no_trace_and_may_be_sent_again(scene: Scene, nom: str, statut: int) -> None:
    assert (await scene.creer("k1", nom=nom)).status_code == statut
    assert await scene.missions() == []
    assert (await scene.creer("k1")).status_code == 201


async def test_the_effect_is_committed_when_the_answer_arrives(scene: Scene) -> None:
    reponse = await scene.creer("k1")
    lu = await scene.pool.fetchval("SELECT count(*) FROM essai.mission WHERE id = $1", reponse.json()["id"])
    assert lu == 1


async def test_a_connection_that_dies_frees_its_key(scene: Scene) -> None:
    scene.sortie.clear()
    premiere = asyncio.create_task(scene.creer("k1"))
    await asyncio.wait_for(scene.entree.wait(), 5)
    await scene.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE state = 'idle in transaction' AND datname = current_database()"
    )
    scene.sortie.set()
    interrompue = await premiere
    assert (interrompue.status_code, interrompue.json()["retryable"]) == (503, True)
    assert await scene.missions() == []
    assert (await scene.creer("k1")).status_code == 201


@pytest.mark.parametrize("cle", [None, "", "a b", "a\tb", "x" * 256])
async def test_a_call_without_a_well_formed_key_is_a_400(scene: Scene, cle: str | None) -> None:
    assert (await scene.creer(cle)).status_code == 400


async def test_after_a_day_a_key_is_new_again_and_the_purge_forgets_it(scene: Scene) -> None:
    await scene.creer("k1")
    await scene.creer("k2")
    scene.horloge.advance_to(DEBUT + timedelta(hours=24))
    assert (await scene.creer("k1", nom="b")).status_code == 201
    assert await scene.missions() == ["a", "a", "b"]
    assert await purger(scene.pool, SCHEMA, scene.horloge.now()) == 1


def test_a_schema_that_is_not_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        creer_table("essai; DROP TABLE x")
