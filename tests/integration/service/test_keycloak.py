"""A real Keycloak before a real service: each role, keys that turn, and tokens that are not for us."""

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from services.claims.domain import DEFINITION as CLAIMS
from shared.clock import SimulatedClock, SystemClock
from shared.dossiers.application import creer
from shared.service.amonts import Adresses, Amonts
from shared.service.erreurs import NonIdentifie
from shared.service.identite import fournisseur_pour
from shared.service.reglages import Reglages
from tests.support.keycloak import AUDIENCE, CLIENT, COMPTES, SECRET, Keycloak, arreter, lancer, royaume

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(300)]
"""Keycloak takes half a minute to start on a quiet machine."""

ENVOI = {
    "specversion": "1.0", "id": "e-1", "source": "urn:essai", "subject": "d-1", "type": "vigie.fse.dossier.v1",
    "data": {"caisse": "cpam-75", "jalons": {"recue": "2026-02-02T09:00:00+01:00"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def keycloak() -> Iterator[Keycloak]:
    with tempfile.TemporaryDirectory(prefix="vigie-keycloak-", ignore_cleanup_errors=True) as dossier:
        lance, processus = lancer(Path(dossier), json.dumps(royaume()))
        yield lance
        arreter(processus)


def reglages(keycloak: Keycloak, **autres: object) -> Reglages:
    return Reglages(
        mode="production", oidc_emetteur=keycloak.emetteur, oidc_audience=AUDIENCE, oidc_client=CLIENT,
        oidc_secret=SecretStr(SECRET), **autres,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
async def claims(keycloak: Keycloak, postgres_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The claims API as in production."""
    app = creer(CLAIMS, reglages(keycloak, database_url=postgres_url, role="api"), SystemClock())
    async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as vie:
        transport = httpx.ASGITransport(app=vie.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://claims") as client:
            yield client


APPELS = {
    "rejets": ("GET", "/v1/rejets", {"reseau", "auditeur"}),
    "envoi": ("POST", "/v1/events", {"reseau", "source"}),
    "explication de Paris": (
        "GET", "/v1/dossiers/fse/inconnu?caisse=cpam-75", {"reseau", "comite", "president", "auditeur"},
    ),
    "indicateurs": (
        "GET", "/v1/indicateurs", {"reseau", "comite", "president", "auditeur", "caisse", "coordinateur"},
    ),
}  # fmt: skip


async def test_each_role_of_the_provider_opens_what_its_row_says_and_no_more(
    keycloak: Keycloak, claims: httpx.AsyncClient
) -> None:
    ouverts: dict[str, set[str]] = {nom: set() for nom in APPELS}
    for compte in COMPTES:
        jeton = keycloak.jetons(compte)["access_token"]
        for nom, (methode, chemin, _) in APPELS.items():
            reponse = await claims.request(
                methode, chemin, json=ENVOI if methode == "POST" else None, headers={"Authorization": f"Bearer {jeton}"}
            )
            assert reponse.status_code in (200, 202, 403, 404), reponse.text
            if reponse.status_code != 403:
                ouverts[nom].add(compte)
    assert ouverts == {nom: attendus for nom, (_, _, attendus) in APPELS.items()}
    assert (await claims.get("/v1/indicateurs")).status_code == 401


async def test_the_account_of_a_service_reads_the_others(keycloak: Keycloak, claims: httpx.AsyncClient) -> None:
    app = claims._transport

    class Reseau(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            vers_claims = request.url.host == "claims"
            return await (app if vers_claims else super()).handle_async_request(request)

    auth = reglages(keycloak).jeton_de_service
    async with httpx.AsyncClient(transport=Reseau()) as client:
        lus = await Amonts(client, Adresses({"claims": "http://claims"}, auth)).demander("claims", "/v1/rejets", {})
    assert lus["rejets"] == []


async def test_what_is_no_access_token_for_these_services_is_refused(keycloak: Keycloak) -> None:
    donnes = keycloak.jetons("reseau")
    bon = donnes["access_token"]
    mauvais = {
        "identité": donnes["id_token"],
        "renouvellement": donnes["refresh_token"],
        "autre client, sans audience": keycloak.jetons("reseau", "autre")["access_token"],
        "signature d'un autre": bon.rpartition(".")[0]
        + "."
        + keycloak.jetons("source")["access_token"].rpartition(".")[2],
    }
    clock = SimulatedClock(datetime.now(UTC))
    fournisseur = fournisseur_pour(reglages(keycloak), None, clock)
    principal = await fournisseur.identifier({"authorization": f"Bearer {bon}"})
    assert (principal.nom, principal.roles) == ("Compte reseau", frozenset({"reseau"}))
    for cas, jeton in mauvais.items():
        with pytest.raises(NonIdentifie) as refus:
            await fournisseur.identifier({"authorization": f"Bearer {jeton}"})
        assert "pas accepté" in refus.value.detail, cas
    clock.advance_to(clock.now() + timedelta(minutes=6))
    with pytest.raises(NonIdentifie, match="expiré"):
        await fournisseur.identifier({"authorization": f"Bearer {bon}"})


async def test_a_key_that_turns_is_followed_and_tokens_of_the_old_one_end_by_themselves(keycloak: Keycloak) -> None:
    ancien = keycloak.jetons("comite")["access_token"]
    clock = SimulatedClock(datetime.now(UTC))
    fournisseur = fournisseur_pour(reglages(keycloak), None, clock)
    await fournisseur.identifier({"authorization": f"Bearer {ancien}"})
    keycloak.tourner_les_cles()
    nouveau = keycloak.jetons("comite")["access_token"]
    assert nouveau.partition(".")[0] != ancien.partition(".")[0]
    clock.advance_to(clock.now() + timedelta(seconds=31))
    for jeton in (nouveau, ancien):
        assert (await fournisseur.identifier({"authorization": f"Bearer {jeton}"})).roles == {"comite"}
