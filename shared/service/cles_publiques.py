"""The public keys of an OIDC provider: found by discovery, kept, asked for again when old or when one is missing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from shared.clock import Clock
from shared.service.erreurs import Indisponible
from shared.service.reglages_identite import adresse_sure

_log = structlog.get_logger(__name__)

FRAICHEUR = timedelta(minutes=10)
"""After which the keys are asked for again: how long a key that the provider withdraws is still believed."""

INTERVALLE = timedelta(seconds=30)
"""Between two questions to the provider, answered or not: forged key ids must not become a flood on it."""

GARDE = timedelta(hours=24)
"""How long the last keys are believed while the provider does not answer."""

DELAI_S = 5.0
"""One question to the provider. Only the call that asks waits for it, unless there is no key at all yet."""

RSA_MIN_BITS = 2048

ALGORITHMES: Mapping[tuple[Any, Any], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
"""(kty, crv) of a key -> the one algorithm it verifies. The key says it, never the token: neither ``none`` nor an HMAC
keyed with a public key can be asked for."""


class FournisseurMuet(Exception):
    """The provider does not answer, or not as OIDC has it; ``str()`` says where."""


@dataclass(frozen=True, slots=True)
class _Trousseau:
    cles: Mapping[str, PyJWK]
    lu_le: datetime


class ClesPubliques:
    """The keys of ``emetteur``, for the life of the process. Safe to ask from many tasks of one event loop."""

    def __init__(self, emetteur: str, clock: Clock) -> None:
        self._emetteur = emetteur
        self._clock = clock
        self._trousseau: _Trousseau | None = None
        self._demande_le: datetime | None = None
        self._seul = asyncio.Lock()

    async def cle(self, kid: str) -> PyJWK | None:
        """The key of that id; None when the provider has none such. Raises Indisponible when its keys are not known.

        An unknown id, or keys older than FRAICHEUR, ask the provider again, at most once an INTERVALLE.
        """
        connue = self._connue(kid)
        if connue is None:
            async with self._seul:
                await self._rafraichir(kid)
        elif self._age() > FRAICHEUR and not self._seul.locked():
            async with self._seul:
                await self._rafraichir(None)
        if self._trousseau is None or self._age() > GARDE:
            raise Indisponible(
                "Le fournisseur d'identité ne répond pas : personne ne peut être reconnu. Réessayez bientôt.",
                retry_after_s=int(INTERVALLE.total_seconds()),
            )
        return self._connue(kid)

    def _connue(self, kid: str) -> PyJWK | None:
        return None if self._trousseau is None else self._trousseau.cles.get(kid)

    def _age(self) -> timedelta:
        return timedelta.max if self._trousseau is None else self._clock.now() - self._trousseau.lu_le

    async def _rafraichir(self, kid: str | None) -> None:
        """Under the lock. ``kid``: nothing to do when another call has brought it meanwhile."""
        maintenant = self._clock.now()
        if kid is not None and self._connue(kid) is not None:
            return
        if self._demande_le is not None and maintenant - self._demande_le < INTERVALLE:
            return
        self._demande_le = maintenant
        try:
            self._trousseau = _Trousseau(await lire_cles(self._emetteur), maintenant)
        except FournisseurMuet as exc:
            _log.warning("cles_du_fournisseur_non_lues", raison=str(exc), age_s=self._age().total_seconds())


async def lire_cles(emetteur: str) -> dict[str, PyJWK]:
    """The keys that verify signatures, by their id. Raises FournisseurMuet."""
    async with httpx.AsyncClient(timeout=DELAI_S) as client:
        configuration = await lire_configuration(client, emetteur)
        jeu = _objet(await _demander(client, adresse_decouverte(configuration, emetteur, "jwks_uri")))
    lues = jeu.get("keys")
    if not isinstance(lues, list):
        raise FournisseurMuet("le jeu de clés n'a pas de liste « keys »")
    cles = (cle_de(jwk) for jwk in lues if isinstance(jwk, dict))
    return {cle.key_id: cle for cle in cles if cle is not None and cle.key_id}


async def lire_configuration(client: httpx.AsyncClient, emetteur: str) -> Mapping[str, Any]:
    """What the provider says of itself; see ``adresse_decouverte``. Raises FournisseurMuet."""
    return _objet(await _demander(client, adresse_de_decouverte(emetteur)))


def adresse_de_decouverte(emetteur: str) -> str:
    """OpenID Connect Discovery 1.0, section 4."""
    return f"{emetteur.rstrip('/')}/.well-known/openid-configuration"


def adresse_decouverte(configuration: Mapping[str, Any], emetteur: str, nom: str) -> str:
    """An address the provider gives of itself. Raises FournisseurMuet when it is another's, absent or not safe."""
    if configuration.get("issuer") != emetteur:
        raise FournisseurMuet("la découverte nomme un autre émetteur que VIGIE_OIDC_EMETTEUR")
    adresse = configuration.get(nom)
    if not isinstance(adresse, str) or not adresse_sure(adresse):
        raise FournisseurMuet(f"la découverte ne donne pas d'adresse sûre pour « {nom} »")
    return adresse


def cle_de(jwk: dict[str, Any]) -> PyJWK | None:
    """The key, bound to its one algorithm; None when it is not one that verifies our tokens."""
    genre = jwk.get("kty"), jwk.get("crv")
    algorithme = ALGORITHMES.get(genre) if all(isinstance(g, str | None) for g in genre) else None
    if algorithme is None or jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithme) != algorithme:
        return None
    try:
        cle = PyJWK(jwk, algorithm=algorithme)
    except (PyJWTError, ValueError, TypeError):
        return None
    faible = isinstance(cle.key, RSAPublicKey) and cle.key.key_size < RSA_MIN_BITS
    return None if faible or not isinstance(cle.key_id, str) else cle


async def _demander(client: httpx.AsyncClient, url: str) -> httpx.Response:
    try:
        reponse = await client.get(url)
    except httpx.HTTPError as exc:
        raise FournisseurMuet(f"{url} ne répond pas ({type(exc).__name__})") from exc
    if reponse.status_code != httpx.codes.OK:
        raise FournisseurMuet(f"{url} répond {reponse.status_code}")
    return reponse


def _objet(reponse: httpx.Response) -> Mapping[str, Any]:
    try:
        document = reponse.json()
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise FournisseurMuet(f"{reponse.url} ne répond pas en JSON")
    return document
