"""The entraide service with propositions put forward as a plan would, and coordinators who answer them."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import msgspec
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from services.entraide.app import creer
from services.entraide.assemblage import ServiceEntraide
from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.propositions import store
from services.entraide.propositions.echeances import tour
from services.entraide.propositions.lignes import Ligne
from services.entraide.reglages import ReglagesEntraide
from shared.clock import SimulatedClock
from shared.database.transactions import transaction
from shared.network.jours import jour_de
from shared.service.application import Application
from shared.service.identite import AdministrateurLocal, Principal
from tests.integration.api.conftest import instant

Document = dict[str, Any]

LUNDI = "2026-03-16"
"""First day of the missions, two weeks after the present the tests begin at."""

_CLES = itertools.count(1)


@dataclass
class Identites:
    """Callers by the ``x-qui`` header; without it, the local administrator."""

    connus: dict[str, Principal] = field(default_factory=dict)

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        qui = entetes.get("x-qui")
        return await AdministrateurLocal().identifier(entetes) if qui is None else self.connus[qui]


@dataclass
class Entraide:
    app: Application
    service: ServiceEntraide
    client: httpx.AsyncClient
    clock: SimulatedClock
    identites: Identites

    def il_est(self, texte: str) -> None:
        self.clock.advance_to(instant(texte))

    def connaitre(self, nom: str, *roles: str) -> None:
        self.identites.connus[nom] = Principal(nom, nom, frozenset(roles))

    async def proposer(
        self, aidante: str = "cpam-31", aidee: str = "cpam-75", etp: tuple[int, ...] = (100, 100), volume: float = 200,
        debut: str = LUNDI, besoin: str = "2026-02|cpam-75|ij", plan: int | None = None,
    ) -> int:  # fmt: skip
        termes = Termes(jour_de(date.fromisoformat(debut)), etp, volume)
        ligne = Ligne(besoin, f"pole-{aidante}", aidante, aidee, "ij", termes, {"phrase": "Le besoin est couvert."})
        async with transaction(self.service.moteur) as conn:
            (numero,) = await store.proposer(conn, plan or next(_CLES), [ligne], self.clock.now())
        return numero

    async def lire(self, numero: int) -> tuple[Document, str]:
        reponse = await self.client.get(f"/v1/propositions/{numero}")
        assert reponse.status_code == 200, reponse.text
        return reponse.json(), reponse.headers["etag"]

    async def envoyer(
        self, numero: int, quoi: str, corps: Document | None = None, *, vu: str | None = None, cle: str | None = None,
        qui: str | None = None,
    ) -> httpx.Response:  # fmt: skip
        entetes = {"idempotency-key": cle or f"essai-{next(_CLES)}", "if-match": vu or (await self.lire(numero))[1]}
        if qui is not None:
            entetes["x-qui"] = qui
        return await self.client.post(f"/v1/propositions/{numero}/{quoi}", json=corps or {}, headers=entetes)

    async def faire(self, numero: int, quoi: str, pour: str | None = None, **corps: Any) -> Document:
        reponse = await self.envoyer(numero, quoi, corps | ({} if pour is None else {"pour": pour}))
        assert reponse.status_code == 200, reponse.text
        document: Document = reponse.json()
        return document

    async def engager(self, numero: int) -> Document:
        """Both sides commit, and the order is given."""
        vue, _ = await self.lire(numero)
        for slug in (vue["aidante"], vue["aidee"]):
            await self.faire(numero, "acceptation", pour=slug)
        return await self.faire(numero, "ordre-de-mission", pour=vue["aidante"])

    async def tour(self) -> dict[str, int]:
        return await tour(self.service.moteur, self.clock.now())

    async def annonces(self) -> list[Document]:
        """What waits in the outbox."""
        lues = await self.service.pool.fetch("SELECT valeur FROM entraide.boite_envoi ORDER BY id")
        return [msgspec.json.decode(ligne["valeur"]) for ligne in lues]


@asynccontextmanager
async def ouvrir_entraide(url: str, depart: str) -> AsyncIterator[Entraide]:
    clock, identites = SimulatedClock(instant(depart)), Identites()
    app = creer(ReglagesEntraide(database_url=SecretStr(url), role="api"), clock)
    app.state.identite = identites
    async with (
        LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as vie,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=vie.app), base_url="http://essai", timeout=60) as client,
    ):
        service = app.pieces[ServiceEntraide]
        assert isinstance(service, ServiceEntraide)
        yield Entraide(app, service, client, clock, identites)
