"""A dossier service as a source meets it: its HTTP API on a real PostgreSQL, the embedded log, a consumer at work."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import structlog
from asgi_lifespan import LifespanManager

from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from shared.clock import SimulatedClock
from shared.dossiers.application import creer
from shared.dossiers.assemblage import Definition, ServiceDossiers
from shared.log.consommateur import ReglagesConsommateur
from shared.service.application import Application
from shared.service.reglages import Reglages
from tests.support.attente import attendre

PARIS = ZoneInfo("Europe/Paris")
SOURCE = "urn:vigie:source:essai"
UN, LOT, NDJSON = "application/cloudevents+json", "application/cloudevents-batch+json", "application/x-ndjson"
DEPART = "2026-03-02 09:00"
"""A Monday: the present of every test until it moves it."""

Evenement = dict[str, Any]


def instant(texte: str, zone: str = "Europe/Paris") -> datetime:
    """A local time written ``2026-03-02 09:00``."""
    return datetime.fromisoformat(texte).replace(tzinfo=ZoneInfo(zone))


@dataclass
class Pile:
    """One service and its simulated present."""

    app: Application
    client: httpx.AsyncClient
    service: ServiceDossiers
    clock: SimulatedClock
    numeros: Iterator[int] = field(default_factory=lambda: count(1))

    def dossier(self, process: str, jalons: dict[str, Any], zone: str = "Europe/Paris", **autres: Any) -> Evenement:
        """An event of a new dossier with these jalons, local times. ``autres``: envelope attributes, else data."""
        numero = f"{next(self.numeros):05d}"
        enveloppe = {c: autres.pop(c) for c in ("id", "subject", "source", "namespace", "revision") if c in autres}
        dates = {
            nom: [instant(t, zone).isoformat() for t in v] if isinstance(v, list) else instant(v, zone).isoformat()
            for nom, v in jalons.items()
        }
        return {
            "specversion": "1.0", "id": f"e-{numero}", "source": SOURCE, "subject": f"d-{numero}",
            "type": f"vigie.{process}.dossier.v1", "data": {"caisse": "cpam-75", "jalons": dates, **autres},
        } | enveloppe  # fmt: skip

    async def poster(
        self, corps: bytes | Evenement | Sequence[Evenement], media: str, **entetes: str
    ) -> httpx.Response:
        octets = corps if isinstance(corps, bytes) else json.dumps(corps).encode()
        return await self.client.post("/v1/events", content=octets, headers={"content-type": media, **entetes})

    async def compter(self, *evenements: Evenement) -> None:
        """Send events, all good, and wait until they count."""
        reponse = await self.poster(list(evenements), LOT)
        assert reponse.status_code == 202
        refus = [r for r in reponse.json()["resultats"] if r["statut"] != "accepte"]
        assert refus == []
        await self.ecouler()

    async def ecouler(self) -> None:
        """Wait until the consumer has been through all that the log holds."""
        nom, topic = self.service.definition.nom, self.service.definition.topic
        fins = {p: b.fin for p, b in (await self.service.journal.bornes(topic)).items() if b.fin}

        async def passe() -> bool:
            lus = await self.service.pool.fetch(f"SELECT partition, next FROM {nom}.positions WHERE topic = $1", topic)
            positions = {ligne["partition"]: ligne["next"] for ligne in lus}
            return all(positions.get(p, 0) >= fin for p, fin in fins.items())

        await attendre(passe, 30, "le consommateur n'a pas tout lu")

    async def valeurs(self, code: str, **options: str) -> list[dict[str, Any]]:
        reponse = await self.client.get(f"/v1/indicateurs/{code}/valeurs", params=options)
        assert reponse.status_code == 200, reponse.text
        return reponse.json()["valeurs"]

    async def mesure(self, code: str, caisse: str = "cpam-75", **options: str) -> tuple[float | None, int]:
        """(valeur, n) of the one period asked."""
        (ligne,) = await self.valeurs(code, caisse=caisse, **options)
        return ligne["valeur"], ligne["n"]

    def il_est(self, texte: str, zone: str = "Europe/Paris") -> None:
        self.clock.advance_to(instant(texte, zone))

    def metrique(self, nom: str, **libelles: str) -> float | None:
        return self.app.registre.get_sample_value(nom, libelles)


@asynccontextmanager
async def ouvrir_pile(definition: Definition, url: str, **reglages: Any) -> AsyncIterator[Pile]:
    clock = SimulatedClock(instant(DEPART))
    app = creer(definition, Reglages(database_url=url, role="api", **reglages), clock)
    async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as vie:
        service = app.pieces[ServiceDossiers]
        assert isinstance(service, ServiceDossiers)
        consommateur = service.consommateur(ReglagesConsommateur(lot_max=500, attente=0.05))
        tache = asyncio.create_task(consommateur.executer())
        transport = httpx.ASGITransport(app=vie.app)
        await attendre(lambda: consommateur.pret, 30, "le consommateur n'est pas en marche")
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://essai", timeout=60) as client:
                yield Pile(app, client, service, clock)
        finally:
            consommateur.arreter()
            await asyncio.wait_for(tache, 30)


@pytest.fixture
async def contacts(postgres_url: str) -> AsyncIterator[Pile]:
    async with ouvrir_pile(CONTACTS, postgres_url) as pile:
        yield pile


@pytest.fixture
async def claims(postgres_url: str) -> AsyncIterator[Pile]:
    async with ouvrir_pile(CLAIMS, postgres_url) as pile:
        yield pile


@pytest.fixture(autouse=True)
def journal_capture() -> Iterator[list[Any]]:
    """The log lines of the test, instead of its output."""
    with structlog.testing.capture_logs() as lignes:
        yield lignes
