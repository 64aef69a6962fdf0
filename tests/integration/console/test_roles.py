"""What a person sees through the console is what the services let their own roles see."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from services.claims.domain import DEFINITION as CLAIMS
from services.console.app import creer
from services.console.reglages import ReglagesConsole
from shared.clock import SystemClock
from shared.dossiers.application import creer as creer_dossiers
from shared.service.reglages import Reglages
from tests.integration.alerts.conftest import servir
from tests.support.emetteur import AUDIENCE, CLIENT, SECRET, emetteur_en_marche
from tests.support.guichet import Guichet

CONSOLE = "http://127.0.0.1:8105"
NULLE_PART = "http://127.0.0.1:9"


@pytest.fixture
def guichet() -> Iterator[Guichet]:
    with emetteur_en_marche(Guichet) as guichet:
        yield guichet


@pytest.fixture
async def navigateur(guichet: Guichet, postgres_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The console before a claims API as in production; the other services do not answer."""
    identite = {
        "mode": "production", "oidc_emetteur": guichet.url, "oidc_audience": AUDIENCE, "oidc_client": CLIENT,
        "oidc_secret": SecretStr(SECRET),
    }  # fmt: skip
    async with AsyncExitStack() as pile:
        dossiers = creer_dossiers(CLAIMS, Reglages(database_url=postgres_url, role="api", **identite), SystemClock())  # type: ignore[arg-type]
        await pile.enter_async_context(LifespanManager(dossiers, startup_timeout=30, shutdown_timeout=30))
        claims = await pile.enter_async_context(servir(dossiers))
        console = creer(
            ReglagesConsole(
                console_url=CONSOLE, claims_url=claims, contacts_url=NULLE_PART, alerts_url=NULLE_PART,
                entraide_url=NULLE_PART, **identite,
            ),  # type: ignore[arg-type]
            SystemClock(),
        )  # fmt: skip
        vie = await pile.enter_async_context(LifespanManager(console))
        yield await pile.enter_async_context(
            httpx.AsyncClient(
                mounts={CONSOLE: httpx.ASGITransport(app=vie.app)}, base_url=CONSOLE, follow_redirects=True
            )
        )


def en_tant_que(guichet: Guichet, *roles: str) -> None:
    guichet.personne = {"sub": "-".join(roles), "name": "Essai", "realm_access": {"roles": list(roles)}}


async def test_les_services_jugent_sous_le_jeton_de_qui_regarde(
    navigateur: httpx.AsyncClient, guichet: Guichet
) -> None:
    en_tant_que(guichet, "auditeur")
    page = await navigateur.get("/rejets")
    assert page.status_code == 200
    assert "Service contacts injoignable" in page.text
    assert "Service dossiers injoignable" not in page.text

    navigateur.cookies.clear()
    en_tant_que(guichet, "caisse:cpam-75")
    siens = "/caisses/cpam-75/indicateurs/delai_fsp_assures_moyen/explication"
    assert (await navigateur.get(siens)).status_code == 200
    autre = await navigateur.get(siens.replace("cpam-75", "cpam-31"))
    assert autre.status_code == 403
    assert "Vous n’avez pas accès à ces chiffres de CPAM de la Haute-Garonne" in autre.text
    assert "Vous agissez pour cpam-75" in autre.text


async def test_une_partie_reservee_n_est_pas_une_panne(navigateur: httpx.AsyncClient, guichet: Guichet) -> None:
    en_tant_que(guichet, "coordinateur:cpam-75")
    ailleurs = await navigateur.get("/caisses/cpam-31/surveillance")
    assert re.findall(r"Service dossiers injoignable|Vous agissez pour", ailleurs.text) == []
    assert "Réservé à d’autres rôles que les vôtres." in ailleurs.text
