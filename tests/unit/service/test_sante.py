"""Liveness, readiness and metrics."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, HTTPException
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from shared.service.application import Application
from shared.service.sante import PasPret


def _echantillons(texte: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (e.name, frozenset(e.labels.items())): e.value
        for famille in text_string_to_metric_families(texte)
        for e in famille.samples
    }


def _brancher(ajouts: dict[str, Any], delai_s: float = 0.05) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def vie(app: Application) -> Any:
        for nom, fonction in ajouts.items():
            app.verifications.ajouter(nom, fonction, delai_s)
        yield app.verifications

    return vie


async def _tient() -> None:
    return None


async def test_a_service_whose_checks_hold_is_ready(ouvrir: Any) -> None:
    async with ouvrir(lifespans=[_brancher({"base": _tient})]) as client:
        reponse = await client.get("/readyz")
    assert reponse.status_code == 200
    assert reponse.json()["verifications"] == [{"nom": "base", "etat": "prêt"}]


async def test_readiness_names_each_check_that_fails_and_leaks_nothing(ouvrir: Any) -> None:
    async def retard() -> None:
        raise PasPret("retard de 12 000 événements")

    async def panne() -> None:
        raise OSError("mot de passe hunter2")

    async def muette() -> None:
        await asyncio.Event().wait()

    ajouts = {"base": _tient, "retard": retard, "journal": panne, "bus": muette}
    async with ouvrir(lifespans=[_brancher(ajouts)]) as client:
        reponse = await client.get("/readyz")
        vivant = await client.get("/livez")
    assert (reponse.status_code, vivant.status_code) == (503, 200)
    assert reponse.json()["en_echec"] == ["retard", "journal", "bus"]
    assert {v["nom"]: v["etat"] for v in reponse.json()["verifications"]} == {
        "base": "prêt",
        "retard": "retard de 12 000 événements",
        "journal": "en échec (OSError)",
        "bus": "sans réponse en 0.05 s",
    }
    assert "hunter2" not in reponse.text


def _routes() -> APIRouter:
    interne = APIRouter(prefix="/caisses")

    @interne.get("/{caisse}")
    async def lire(caisse: str) -> str:
        if caisse == "panne":
            raise RuntimeError
        if caisse == "refus":
            raise HTTPException(403)
        return caisse

    routes = APIRouter(prefix="/v1")
    routes.include_router(interne)
    return routes


@pytest.mark.parametrize(
    ("methode", "adresse", "etiquettes"),
    [
        ("GET", "/v1/caisses/cpam-75", ("GET", "/v1/caisses/{caisse}", "200")),
        ("GET", "/v1/caisses/panne", ("GET", "/v1/caisses/{caisse}", "500")),
        ("GET", "/v1/caisses/refus", ("GET", "/v1/caisses/{caisse}", "403")),
        ("PUT", "/v1/caisses/cpam-75", ("PUT", "/v1/caisses/{caisse}", "405")),
        ("GET", "/nulle/part", ("GET", "inconnue", "404")),
        ("BREW", "/nulle/part", ("autre", "inconnue", "404")),
    ],
)
async def test_requests_are_counted_by_route_template_and_status(
    ouvrir: Any, methode: str, adresse: str, etiquettes: tuple[str, str, str]
) -> None:
    async with ouvrir(_routes()) as client:
        await client.request(methode, adresse)
        reponse = await client.get("/metrics")
    mesures = _echantillons(reponse.text)
    cle = frozenset(zip(("method", "route", "status"), etiquettes, strict=True))
    assert mesures["vigie_http_request_duration_seconds_count", cle] == 1
    assert mesures["vigie_http_requests_in_flight", frozenset()] == 1  # the scrape itself


async def test_two_applications_of_one_process_measure_apart(ouvrir: Any, fabriquer: Any) -> None:
    une, autre = fabriquer(), fabriquer()
    for app in (une, autre):
        Counter("vigie_essai", "Test.", registry=app.registre).inc()
    assert une.registre.get_sample_value("vigie_essai_total") == 1
