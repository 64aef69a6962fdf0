"""Access tokens: who is known, who is not, and what the provider is asked for it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter

from shared.clock import SimulatedClock, SystemClock
from shared.service.acces import ouvert_a
from shared.service.erreurs import Indisponible, NonIdentifie
from shared.service.identite import Principal, PrincipalCourant, fournisseur_pour
from shared.service.oidc import FournisseurOidc
from shared.service.reglages import Reglages, ReglagesInvalides
from tests.support.emetteur import AUDIENCE, CLES, Emetteur, emetteur_en_marche, jwk, revendications, signer

MIDI = datetime(2026, 3, 2, 12, tzinfo=UTC)
AUTRE_CLE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def emetteur() -> Iterator[Emetteur]:
    with emetteur_en_marche() as emetteur:
        yield emetteur


class Porte:
    """The provider of a service at noon, and the clock that moves it."""

    def __init__(self, emetteur: Emetteur, **reglages: Any) -> None:
        self.clock = SimulatedClock(MIDI)
        lus = Reglages(mode="production", oidc_emetteur=emetteur.url, oidc_audience=AUDIENCE, **reglages)
        fournisseur = fournisseur_pour(lus, None, self.clock)
        assert isinstance(fournisseur, FournisseurOidc)
        self.fournisseur = fournisseur

    async def entrer(self, jeton: str) -> Principal:
        return await self.fournisseur.identifier({"authorization": f"Bearer {jeton}"})

    async def refuser(self, jeton: str) -> NonIdentifie:
        with pytest.raises(NonIdentifie) as refus:
            await self.entrer(jeton)
        return refus.value

    def passer(self, duree: timedelta) -> None:
        self.clock.advance_to(self.clock.now() + duree)


@pytest.fixture
def porte(emetteur: Emetteur) -> Porte:
    return Porte(emetteur)


def bon(emetteur: Emetteur, algorithme: str = "RS256", *, cle: Any = None, kid: str | None = None, **dites: Any) -> str:
    return signer(revendications(emetteur, MIDI, **dites), algorithme, cle=cle, kid=kid)


@pytest.mark.parametrize("algorithme", ["RS256", "ES256", "EdDSA"])
async def test_a_good_token_says_who_calls_whatever_the_algorithm(
    emetteur: Emetteur, porte: Porte, algorithme: str
) -> None:
    assert await porte.entrer(bon(emetteur, algorithme)) == Principal("f1d2", "Camille Diop", frozenset({"reseau"}))


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _a_la_main(entete: dict[str, Any], contenu: dict[str, Any], secret: bytes | None) -> str:
    """A token no honest library would sign."""
    corps = f"{_b64(json.dumps(entete).encode())}.{_b64(json.dumps(contenu).encode())}"
    signature = b"" if secret is None else hmac.new(secret, corps.encode(), hashlib.sha256).digest()
    return f"{corps}.{_b64(signature)}"


def _modifie(jeton: str) -> str:
    entete, contenu, signature = jeton.split(".")
    lu = json.loads(base64.urlsafe_b64decode(contenu + "=="))
    return f"{entete}.{_b64(json.dumps(lu | {'sub': 'president'}).encode())}.{signature}"


def _hs256_de_la_cle_publique(e: Emetteur) -> str:
    pem = CLES["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return _a_la_main({"alg": "HS256", "kid": "rs256"}, revendications(e, MIDI), pem)


SECONDES = int(MIDI.timestamp())

REFUSES = {
    "pas encore valable": lambda e: bon(e, nbf=SECONDES + 31),
    "émis demain": lambda e: bon(e, iat=SECONDES + 86_400),
    "sans fin": lambda e: bon(e, exp=None),
    "fin infinie": lambda e: bon(e, exp=float("inf")),
    "autre destinataire": lambda e: bon(e, aud="account"),
    "sans destinataire": lambda e: bon(e, aud=None),
    "autre émetteur": lambda e: bon(e, iss=e.url + "-autre"),
    "émetteur à une barre près": lambda e: bon(e, iss=e.url + "/"),
    "sans sujet": lambda e: bon(e, sub=None),
    "jeton d'identité": lambda e: bon(e, typ="ID"),
    "jeton de renouvellement": lambda e: bon(e, typ="Refresh"),
    "signé par une autre clé": lambda e: bon(e, cle=AUTRE_CLE),
    "modifié": lambda e: _modifie(bon(e)),
    "sans signature": lambda e: _a_la_main({"alg": "none", "kid": "rs256"}, revendications(e, MIDI), None),
    "alg None": lambda e: _a_la_main({"alg": "None", "kid": "rs256"}, revendications(e, MIDI), None),
    "HS256 de la clé publique": _hs256_de_la_cle_publique,
    "algorithme d'une autre clé": lambda e: bon(e, "ES256", kid="rs256"),
    "algorithme hors liste": lambda e: jwt.encode(
        revendications(e, MIDI), CLES["RS256"], algorithm="RS512", headers={"kid": "rs256"}
    ),
    "sans kid": lambda e: jwt.encode(revendications(e, MIDI), CLES["RS256"], algorithm="RS256"),
    "extension critique": lambda e: jwt.encode(
        revendications(e, MIDI), CLES["RS256"], algorithm="RS256", headers={"kid": "rs256", "crit": ["x"], "x": 1}
    ),
    "illisible": lambda _: "abc.def.ghi",
    "pas un jeton": lambda _: "é" * 20,
    "démesuré": lambda e: bon(e, name="x" * 20_000),
}


@pytest.mark.parametrize("cas", REFUSES)
async def test_a_token_that_is_not_good_is_refused_without_saying_why(
    emetteur: Emetteur, porte: Porte, cas: str
) -> None:
    refus = await porte.refuser(REFUSES[cas](emetteur))
    assert refus.detail == "Ce jeton n'est pas accepté ici : demandez un jeton d'accès fait pour Vigie."
    assert refus.entetes["WWW-Authenticate"] == 'Bearer realm="vigie", error="invalid_token"'


@pytest.mark.parametrize(("apres", "entre"), [(0, True), (329, True), (330, False), (3600, False)])
async def test_a_token_lasts_until_its_end_and_thirty_seconds(
    emetteur: Emetteur, porte: Porte, apres: int, entre: bool
) -> None:
    porte.passer(timedelta(seconds=apres))
    if entre:
        await porte.entrer(bon(emetteur))
    else:
        assert (await porte.refuser(bon(emetteur))).detail == "Votre jeton d'accès a expiré : demandez-en un nouveau."


async def test_an_expired_forgery_is_not_told_that_it_expired(emetteur: Emetteur, porte: Porte) -> None:
    porte.passer(timedelta(hours=1))
    assert "expiré" not in (await porte.refuser(bon(emetteur, cle=AUTRE_CLE))).detail


@pytest.mark.parametrize("entete", [{}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer "}])
async def test_without_a_token_the_answer_says_what_to_send(porte: Porte, entete: dict[str, str]) -> None:
    with pytest.raises(NonIdentifie, match="Authorization") as refus:
        await porte.fournisseur.identifier(entete)
    assert refus.value.entetes == {"WWW-Authenticate": 'Bearer realm="vigie"'}


async def test_unknown_key_ids_ask_the_provider_once_in_thirty_seconds(emetteur: Emetteur, porte: Porte) -> None:
    await porte.entrer(bon(emetteur))
    porte.passer(timedelta(seconds=31))
    for rang in range(5):
        await porte.refuser(bon(emetteur, cle=AUTRE_CLE, kid=f"faux-{rang}"))
    assert emetteur.lectures_des_cles() == 2


async def test_a_rotated_key_enters_at_once_and_the_old_one_leaves_in_ten_minutes(
    emetteur: Emetteur, porte: Porte
) -> None:
    await porte.entrer(bon(emetteur))
    emetteur.jwks.append(jwk(AUTRE_CLE, "RS256", "nouvelle"))
    porte.passer(timedelta(seconds=31))
    await porte.entrer(bon(emetteur, cle=AUTRE_CLE, kid="nouvelle"))
    emetteur.jwks = emetteur.jwks[-1:]
    porte.passer(timedelta(minutes=10, seconds=1))
    dates = {"iat": int(porte.clock.now().timestamp()), "exp": int(porte.clock.now().timestamp()) + 60}
    await porte.entrer(bon(emetteur, cle=AUTRE_CLE, kid="nouvelle", **dates))
    await porte.refuser(bon(emetteur, **dates))


async def test_a_silent_provider_leaves_the_known_keys_good_for_a_day(emetteur: Emetteur, porte: Porte) -> None:
    await porte.entrer(bon(emetteur))
    emetteur.panne = True
    porte.passer(timedelta(hours=23))
    tard = int(porte.clock.now().timestamp())
    await porte.entrer(bon(emetteur, iat=tard, exp=tard + 60))
    porte.passer(timedelta(hours=2))
    with pytest.raises(Indisponible):
        await porte.entrer(bon(emetteur))
    emetteur.panne = False
    porte.passer(timedelta(seconds=31))
    tard = int(porte.clock.now().timestamp())
    await porte.entrer(bon(emetteur, iat=tard, exp=tard + 60))


async def test_a_provider_silent_from_the_start_is_our_fault_not_the_callers(emetteur: Emetteur, porte: Porte) -> None:
    emetteur.panne = True
    with pytest.raises(Indisponible) as panne:
        await porte.entrer(bon(emetteur))
    assert panne.value.retry_after_s == 30


@pytest.mark.parametrize(
    "changement",
    [{"issuer": "https://ailleurs.example"}, {"jwks_uri": "http://ailleurs.example/cles"}, {"jwks_uri": None}],
)
async def test_a_discovery_that_points_elsewhere_is_not_followed(
    emetteur: Emetteur, porte: Porte, changement: dict[str, Any]
) -> None:
    emetteur.configuration |= changement
    with pytest.raises(Indisponible):
        await porte.entrer(bon(emetteur))
    assert emetteur.lectures_des_cles() == 0


async def test_keys_that_do_not_sign_are_not_used(emetteur: Emetteur, porte: Porte) -> None:
    petite = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    secret = {"kty": "oct", "k": _b64(b"s" * 32), "kid": "oct", "alg": "HS256"}
    emetteur.jwks = [jwk(petite, "RS256", "petite"), jwk(AUTRE_CLE, "RS256", "chiffre", use="enc"), secret]
    emetteur.jwks += [{"kty": "RSA", "kid": "creuse"}, {"kty": ["RSA"]}, 7]  # type: ignore[list-item]
    hmac_ = _a_la_main({"alg": "HS256", "kid": "oct"}, revendications(emetteur, MIDI), b"s" * 32)
    await porte.refuser(hmac_)
    await porte.refuser(bon(emetteur, cle=AUTRE_CLE, kid="chiffre"))


@pytest.mark.parametrize(
    ("chemin", "dites", "attendus"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["caisse:cpam-75", "coordinateur:cpam-31"]}},
         {"caisse:cpam-75", "coordinateur:cpam-31"}),
        ("realm_access.roles", {"realm_access": {"roles": ["Lecteurs Paris", "comite"]}}, {"caisse:cpam-75", "comite"}),
        ("https://idp.example/roles", {"https://idp.example/roles": ["auditeur"]}, {"auditeur"}),
        ("groups", {"groups": "reseau"}, set()),
        ("roles", {"roles": ["administrateur", "caisse:", "caisse:cpam-99999", "caisse:CPAM de Paris", "RESEAU", 7]},
         set()),
        ("realm_access.roles", {"realm_access": None}, set()),
        ("resource_access.vigie.roles", {"resource_access": {"vigie": {"roles": ["source"]}}}, {"source"}),
    ],
)  # fmt: skip
async def test_roles_are_read_where_the_settings_say_and_unknown_ones_give_nothing(
    emetteur: Emetteur, chemin: str, dites: dict[str, Any], attendus: set[str]
) -> None:
    porte = Porte(emetteur, oidc_roles=chemin, oidc_correspondance={"Lecteurs Paris": "caisse:cpam-75"})
    lu = await porte.entrer(bon(emetteur, **dites))
    assert (lu.roles, lu.administrateur) == (attendus, False)


async def test_a_service_answers_by_the_token_and_its_roles(emetteur: Emetteur, ouvrir: Any) -> None:
    routes = APIRouter()

    @routes.get("/v1/qui")
    async def qui(principal: PrincipalCourant) -> str:
        return principal.nom

    options = {"mode": "production", "oidc_emetteur": emetteur.url, "oidc_audience": AUDIENCE}
    table = {"GET /v1/qui": ouvert_a("auditeur")}
    async with ouvrir(routes, clock=SystemClock(), acces=table, **options) as client:

        async def lire(**dites: Any) -> httpx.Response:
            jeton = signer(revendications(emetteur, datetime.now(UTC), **dites))
            return await client.get("/v1/qui", headers={"Authorization": f"Bearer {jeton}"})

        sans = await client.get("/v1/qui")
        bonne = await lire(realm_access={"roles": ["auditeur"]})
        autre = await lire()
        fausse = await lire(aud="autre")
    assert (bonne.status_code, bonne.json(), autre.status_code) == (200, "Camille Diop", 403)
    for refus in (sans, fausse):
        assert (refus.status_code, refus.json()["type"]) == (401, "urn:vigie:probleme:non-identifie")
        assert refus.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("reglages", "message"),
    [
        ({}, "VIGIE_OIDC_EMETTEUR, VIGIE_OIDC_AUDIENCE"),
        ({"oidc_emetteur": "https://idp.example"}, "donnez VIGIE_OIDC_AUDIENCE"),
        ({"oidc_emetteur": "https://idp.example", "oidc_audience": "v", "oidc_correspondance": {"x": "chef"}}, "chef"),
    ],
)
def test_outside_embedded_mode_a_service_says_what_is_missing(reglages: dict[str, Any], message: str) -> None:
    with pytest.raises(ReglagesInvalides, match=message):
        fournisseur_pour(Reglages(mode="production", **reglages), None, SystemClock())


def test_in_embedded_mode_a_provider_that_nobody_would_ask_is_not_let_through() -> None:
    with pytest.raises(ReglagesInvalides, match="VIGIE_MODE=production"):
        fournisseur_pour(Reglages(oidc_emetteur="https://idp.example"), None, SystemClock())


@pytest.mark.parametrize("emetteur_", ["http://idp.example/realms/x", "idp.example", "https://"])
def test_the_issuer_is_https_or_this_machine(emetteur_: str) -> None:
    with pytest.raises(ReglagesInvalides, match="https"):
        Reglages(oidc_emetteur=emetteur_)


def test_settings_come_from_the_environment_and_the_secret_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("VIGIE_OIDC_CORRESPONDANCE", "Lecteurs Paris=caisse:cpam-75, R=reseau")
    monkeypatch.setenv("VIGIE_OIDC_CLIENT", "alerts")
    monkeypatch.setenv("VIGIE_OIDC_SECRET_FICHIER", str(tmp_path / "secret"))
    lus = Reglages.charger()
    assert lus.oidc_correspondance == {"Lecteurs Paris": "caisse:cpam-75", "R": "reseau"}
    assert lus.oidc_secret is not None and lus.oidc_secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(lus)
