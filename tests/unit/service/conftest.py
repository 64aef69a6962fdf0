"""An application called in this process, through its real layers, with its lifespan run."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from asgi_lifespan import LifespanManager
from fastapi import APIRouter

from shared.clock import Clock, SystemClock
from shared.service.application import Application, Lifespan, creer_application
from shared.service.reglages import Reglages

Ouvrir = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def application(
    router: APIRouter | None = None,
    *,
    clock: Clock | None = None,
    lifespans: Sequence[Lifespan] = (),
    identite: Any = None,
    acces: Any = None,
    **reglages: Any,
) -> Application:
    return creer_application(
        "Essai",
        "1.0",
        routers=[router] if router is not None else [],
        lifespans=lifespans,
        reglages=Reglages(**reglages),
        clock=clock or SystemClock(),
        identite=identite,
        acces=acces,
    )


@asynccontextmanager
async def _ouvrir(router: APIRouter | None = None, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with LifespanManager(application(router, **options)) as vie:
        transport = httpx.ASGITransport(app=vie.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://essai") as client:
            yield client


@pytest.fixture(autouse=True)
def journal_capture() -> Iterator[list[Any]]:
    """The log lines of the test, instead of its output."""
    with structlog.testing.capture_logs() as lignes:
        yield lignes


@pytest.fixture
def ouvrir() -> Ouvrir:
    """``async with ouvrir(router, **options) as client``."""
    return _ouvrir


@pytest.fixture
def fabriquer() -> Callable[..., Application]:
    return application
