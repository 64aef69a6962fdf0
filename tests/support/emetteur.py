"""An OIDC provider of the tests: real keys, discovery, keys and tokens over real HTTP on this machine."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "vigie"
CLIENT, SECRET = "vigie-alerts", "secret d'essai : %+é"

CLES = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
_EN_JWK: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def jwk(cle: Any, algorithme: str, kid: str, **autres: Any) -> dict[str, Any]:
    """The public half of a key, as a provider shows it."""
    return _EN_JWK[algorithme].to_jwk(cle.public_key(), as_dict=True) | {"kid": kid, "use": "sig"} | autres


class Emetteur:
    """What it shows may be changed at any time. ``demandes``: paths asked, in order."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/realms/essai"
        self.jwks = [jwk(cle, algorithme, algorithme.lower()) for algorithme, cle in CLES.items()]
        self.panne = False
        self.demandes: list[str] = []
        self.configuration = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/cles",
            "token_endpoint": f"{self.url}/jetons",
        }
        self.duree_s = 300

    def lectures_des_cles(self) -> int:
        return self.demandes.count("/realms/essai/cles")

    def repondre(self, chemin: str, corps: str, autorisation: str) -> tuple[int, Any]:
        self.demandes.append(chemin)
        if self.panne:
            return 503, {}
        if chemin.endswith("/.well-known/openid-configuration"):
            return 200, self.configuration
        if chemin.endswith("/cles"):
            return 200, {"keys": self.jwks}
        if chemin.endswith("/jetons"):
            return self._jeton_de_client(corps, autorisation)
        return 404, {}

    def _jeton_de_client(self, corps: str, autorisation: str) -> tuple[int, Any]:
        # RFC 6749, 2.3.1: each half is form-encoded before it is put in Basic.
        attendue = base64.b64encode(b"vigie-alerts:secret+d%27essai+%3A+%25%2B%C3%A9").decode()
        if parse_qs(corps).get("grant_type") != ["client_credentials"] or autorisation != f"Basic {attendue}":
            return 401, {"error": "invalid_client"}
        dites = revendications(self, datetime.now(UTC), sub=CLIENT, jti=str(len(self.demandes)))
        jeton = signer(dites | {"exp": dites["iat"] + self.duree_s})
        return 200, {"access_token": jeton, "token_type": "Bearer", "expires_in": self.duree_s}


def revendications(emetteur: Emetteur, instant: datetime, **autres: Any) -> dict[str, Any]:
    """What a good access token says at ``instant``; ``autres`` replaces, None removes."""
    base = {
        "iss": emetteur.url, "aud": ["account", AUDIENCE], "sub": "f1d2", "typ": "Bearer", "name": "Camille Diop",
        "iat": int(instant.timestamp()), "exp": int(instant.timestamp()) + 300,
        "realm_access": {"roles": ["reseau", "offline_access"]},
    }  # fmt: skip
    return {nom: valeur for nom, valeur in (base | autres).items() if valeur is not None}


def signer(contenu: dict[str, Any], algorithme: str = "RS256", *, cle: Any = None, kid: str | None = None) -> str:
    """A token with exactly these claims."""
    return jwt.encode(
        contenu, cle or CLES[algorithme], algorithm=algorithme, headers={"kid": kid or algorithme.lower()}
    )


E = TypeVar("E", bound=Emetteur)


@contextmanager
def emetteur_en_marche(genre: type[E] = Emetteur) -> Iterator[E]:  # type: ignore[assignment]
    """The provider, listening on a free port of this machine."""
    emetteur: E

    class Guichet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            taille = int(self.headers.get("content-length") or 0)
            corps = self.rfile.read(taille).decode()
            statut, document = emetteur.repondre(self.path, corps, self.headers.get("authorization") or "")
            octets = json.dumps(document).encode()
            self.send_response(statut)
            if statut == HTTPStatus.FOUND:
                self.send_header("location", document)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Guichet) as serveur:
        emetteur = genre(serveur.server_port)
        fil = threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.02})
        fil.start()
        try:
            yield emetteur
        finally:
            serveur.shutdown()
            fil.join()
