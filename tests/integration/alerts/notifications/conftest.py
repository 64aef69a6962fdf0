"""The notifications on a real PostgreSQL, with a real SMTP server and a real HTTP receiver on loopback."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.alerts.notifications.facteur import Facteur, facteur_de
from services.alerts.notifications.publication import publier_notification
from services.alerts.store.base import transaction
from shared.clock import SimulatedClock
from shared.service.serveur import ouvrir_socket
from tests.integration.alerts.conftest import DEPART, Reseau, ouvrir_alertes
from tests.integration.api.conftest import instant

CAISSE = "cpam-31"


@dataclass
class Courrier:
    """A real SMTP server, and how it behaves. ``reponse``: what it answers to a message; None: it hangs up."""

    port: int = 0
    recus: list[EmailMessage] = field(default_factory=list)
    reponse: str | None = "250 pris"
    refuses: dict[str, str] = field(default_factory=dict)
    serveur: asyncio.Server | None = None
    tls: Any = None

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 connu"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.reponse is None:
            assert server.transport is not None
            server.transport.abort()
            return "421 raccroche"
        if self.reponse.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.recus.append(message)
        return self.reponse

    async def ouvrir(self) -> None:
        options = {"tls_context": self.tls, "require_starttls": True} if self.tls else {}
        self.serveur = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname="relais.test", **options), "127.0.0.1", self.port
        )
        self.port = self.serveur.sockets[0].getsockname()[1]

    async def fermer(self) -> None:
        if self.serveur is not None:
            self.serveur.close()
            await self.serveur.wait_closed()
            self.serveur = None


Comportement = Callable[[Request], Awaitable[Response]]


async def accepter(request: Request) -> Response:
    return Response(status_code=204)


@dataclass
class Recepteur:
    """A real HTTP receiver that verifies signatures and honours the id; ``appels`` counts every call."""

    port: int = 0
    appels: int = 0
    corps: dict[str, bytes] = field(default_factory=dict)
    comportement: Comportement = accepter
    secret: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/vigie"

    async def recevoir(self, request: Request) -> Response:
        self.appels += 1
        octets = await request.body()
        reponse = await self.comportement(request)
        if reponse.status_code < 300:
            # The clock of the tests is not the machine's: the signature is checked, not its age.
            signee = dict(request.headers)
            attendue = Webhook(self.secret).sign(
                signee["webhook-id"], _horodatage(signee["webhook-timestamp"]), octets.decode()
            )
            assert signee["webhook-signature"] == attendue
            self.corps.setdefault(signee["webhook-id"], octets)
        return reponse


def _horodatage(texte: str) -> datetime:
    return datetime.fromtimestamp(int(texte), UTC)


@asynccontextmanager
async def servir_recepteur(recepteur: Recepteur) -> AsyncIterator[Recepteur]:
    prise = ouvrir_socket("127.0.0.1", recepteur.port)
    recepteur.port = prise.getsockname()[1]
    app = Starlette(routes=[Route("/{reste:path}", recepteur.recevoir, methods=["POST", "GET"])])
    serveur = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    tache = asyncio.create_task(serveur.serve(sockets=[prise]))
    try:
        yield recepteur
    finally:
        serveur.should_exit = True
        await asyncio.wait_for(tache, 20)
        prise.close()


@dataclass
class Poste:
    """The alerts service with its facteur, on a clock the test moves."""

    reseau: Reseau
    courrier: Courrier
    dossier: Path

    @property
    def clock(self) -> SimulatedClock:
        return self.reseau.clock

    def facteur(self) -> Facteur:
        return facteur_de(self.reseau.service.moteur, self.clock, self.reseau.service.reglages)

    async def publier(self, cle: str, **options: Any) -> uuid.UUID:
        valeurs: dict[str, Any] = {"caisse": CAISSE, "genre": "essai", "objet": "Un essai", "texte": "Bonjour."}
        async with transaction(self.reseau.service.moteur) as conn:
            return await publier_notification(conn, cle=cle, maintenant=self.clock.now(), **(valeurs | options))

    async def declarer(self, *adresses: str, webhook: str | None = None, caisse: str = CAISSE, **options: Any) -> Any:
        chemin = f"/v1/caisses/{caisse}/contacts"
        vu = await self.reseau.client.get(chemin)
        corps: dict[str, Any] = {"contacts": [{"nom": f"Contact {a}", "courriel": a} for a in adresses], **options}
        if webhook is not None:
            corps["webhook"] = {"url": webhook}
        reponse = await self.reseau.envoyer("PUT", chemin, corps, if_match=vu.headers["etag"])
        assert reponse.status_code == 200, reponse.text
        return reponse.json()

    async def detail(self, identifiant: uuid.UUID) -> dict[str, Any]:
        return await self.reseau.lire(f"/v1/notifications/{identifiant}")

    async def passer(self, heures: float, pas_minutes: int = 30) -> None:
        """Let this time go by, the facteur at work."""
        facteur = self.facteur()
        for _ in range(int(heures * 60 / pas_minutes)):
            self.clock.advance_to(self.clock.now() + timedelta(minutes=pas_minutes))
            await facteur.tour()


OuvrirPoste = Callable[..., AbstractAsyncContextManager[Poste]]


@pytest.fixture
def ouvrir_poste(postgres_url: str, tmp_path: Path) -> OuvrirPoste:
    """``async with ouvrir_poste(**reglages) as poste``."""

    @asynccontextmanager
    async def ouvrir(**reglages: Any) -> AsyncIterator[Poste]:
        courrier = Courrier()
        courrier.tls = reglages.pop("tls", None)
        await courrier.ouvrir()
        choix: dict[str, Any] = {
            "contacts_url": "", "claims_url": "", "home": tmp_path, "smtp_hote": "localhost",
            "smtp_port": courrier.port, "smtp_tls": "aucun", "webhooks_autorises": ("127.0.0.0/8",),
            "envoi_delai_s": 5.0,
        }  # fmt: skip
        async with ouvrir_alertes(postgres_url, SimulatedClock(instant(DEPART)), **(choix | reglages)) as reseau:
            yield Poste(reseau, courrier, tmp_path)
        await courrier.fermer()

    return ouvrir


@pytest.fixture
async def poste(ouvrir_poste: OuvrirPoste) -> AsyncIterator[Poste]:
    """The service with an SMTP relay; webhooks may go to loopback."""
    async with ouvrir_poste() as ouvert:
        yield ouvert


@pytest.fixture
async def recepteur() -> AsyncIterator[Recepteur]:
    async with servir_recepteur(Recepteur()) as ouvert:
        yield ouvert
