"""The token of one process for another: asked for once, kept, asked for again near its end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from services.alerts.reglages import ReglagesAlertes
from services.entraide.reglages import ReglagesEntraide
from shared.clock import SimulatedClock
from shared.service.amonts import Adresses, Amonts, LectureImpossible
from shared.service.jeton_de_service import JetonDeService
from shared.service.reglages import Reglages, ReglagesInvalides
from tests.support.emetteur import CLIENT, SECRET, Emetteur, emetteur_en_marche

AMONT = "http://amont.example"
MIDI = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def emetteur() -> Iterator[Emetteur]:
    with emetteur_en_marche() as emetteur:
        yield emetteur


class Reseau(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """The service asked, which notes what it is shown; the provider is reached for real."""

    def __init__(self) -> None:
        self.montres: list[str] = []
        self.statuts: list[int] = []
        self._vers_l_emetteur = httpx.AsyncHTTPTransport()
        self._vers_l_emetteur_sync = httpx.HTTPTransport()

    def _repondre(self, request: httpx.Request) -> httpx.Response:
        self.montres.append(request.headers.get("authorization", ""))
        return httpx.Response(self.statuts.pop(0) if self.statuts else 200, json={"lu": True})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.extensions["timeout"]["read"] is not None
        vers_amont = request.url.host == "amont.example"
        return self._repondre(request) if vers_amont else await self._vers_l_emetteur.handle_async_request(request)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        vers_amont = request.url.host == "amont.example"
        return self._repondre(request) if vers_amont else self._vers_l_emetteur_sync.handle_request(request)

    async def aclose(self) -> None:
        await self._vers_l_emetteur.aclose()

    def close(self) -> None:
        self._vers_l_emetteur_sync.close()


class Lecture:
    """An upstream read under a token, at a simulated noon."""

    def __init__(self, emetteur: Emetteur, secret: str = SECRET) -> None:
        self.clock = SimulatedClock(MIDI)
        self.reseau = Reseau()
        self.auth = JetonDeService(emetteur.url, CLIENT, secret, self.clock)

    async def lire(self) -> None:
        async with httpx.AsyncClient(transport=self.reseau) as client:
            await Amonts(client, Adresses({"claims": AMONT}, self.auth)).demander("claims", "/v1/groupes", {})


def demandes(emetteur: Emetteur) -> int:
    return emetteur.demandes.count("/realms/essai/jetons")


async def test_one_token_serves_until_half_a_minute_before_its_end(emetteur: Emetteur) -> None:
    lecture = Lecture(emetteur)
    for seconde in (0, 100, 269, 271):
        lecture.clock.advance_to(MIDI + timedelta(seconds=seconde))
        await lecture.lire()
    assert demandes(emetteur) == 2
    assert emetteur.demandes.count("/realms/essai/.well-known/openid-configuration") == 1
    premiers, dernier = lecture.reseau.montres[:3], lecture.reseau.montres[3]
    assert len(set(premiers)) == 1 and dernier not in premiers and dernier.startswith("Bearer ey")


async def test_a_token_refused_after_a_rotation_is_replaced_once_and_a_young_one_is_not(emetteur: Emetteur) -> None:
    lecture = Lecture(emetteur)
    await lecture.lire()
    lecture.clock.advance_to(MIDI + timedelta(seconds=60))
    lecture.reseau.statuts = [401]
    await lecture.lire()
    assert demandes(emetteur) == 2
    lecture.reseau.statuts = [401]
    with pytest.raises(LectureImpossible, match="répond 401"):
        await lecture.lire()
    assert demandes(emetteur) == 2


async def test_without_a_token_the_reading_says_so_and_not_the_secret(emetteur: Emetteur) -> None:
    lecture = Lecture(emetteur, secret="mauvais-secret")
    with pytest.raises(LectureImpossible, match="VIGIE_OIDC_CLIENT") as refus:
        await lecture.lire()
    assert "mauvais" not in str(refus.value) and lecture.reseau.montres == []


async def test_a_discovery_of_another_issuer_is_not_given_the_secret(emetteur: Emetteur) -> None:
    emetteur.configuration["issuer"] = "https://ailleurs.example"
    with pytest.raises(LectureImpossible, match="autre émetteur"):
        await Lecture(emetteur).lire()
    assert demandes(emetteur) == 0


def test_the_command_line_bears_it_too(emetteur: Emetteur) -> None:
    lecture = Lecture(emetteur)
    with httpx.Client(transport=lecture.reseau, auth=lecture.auth) as client:
        assert client.get(f"{AMONT}/v1/comites").status_code == 200
    assert lecture.reseau.montres[0].startswith("Bearer ey")


PRODUCTION = {"mode": "production", "oidc_emetteur": "https://idp.example", "oidc_audience": "vigie"}


@pytest.mark.parametrize("genre", [ReglagesAlertes, ReglagesEntraide])
def test_in_production_a_service_that_reads_others_needs_its_account(genre: type[Reglages]) -> None:
    with pytest.raises(ReglagesInvalides, match="VIGIE_OIDC_CLIENT, VIGIE_OIDC_SECRET"):
        genre(**PRODUCTION).exiger_compte_de_service()  # type: ignore[arg-type]
    lus = genre(**PRODUCTION, oidc_client="a", oidc_secret=SecretStr("b"))  # type: ignore[arg-type]
    premieres, secondes = lus.amonts, lus.amonts  # type: ignore[attr-defined]
    assert premieres.auth is secondes.auth is not None


def test_in_embedded_mode_nothing_is_shown() -> None:
    assert ReglagesAlertes().amonts.auth is None
