"""The provider of the tests, where people log in too: authorization code with PKCE, refresh with rotation, logout."""

import base64
import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from tests.support.emetteur import CLIENT, SECRET, Emetteur, revendications, signer


class Guichet(Emetteur):
    """Whoever comes is at once ``personne`` (claims of the access token). ``defaut``: claims of the next ID token that
    are not what they should be."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.configuration |= {
            "authorization_endpoint": f"{self.url}/autorisation",
            "end_session_endpoint": f"{self.url}/fin",
        }
        self.personne: dict[str, Any] = {"sub": "f1d2", "name": "Camille Diop", "realm_access": {"roles": ["reseau"]}}
        self.defaut: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.renouvellements: set[str] = set()
        self.renouveles = 0
        self.finies: list[dict[str, str]] = []

    def repondre(self, chemin: str, corps: str, autorisation: str) -> tuple[int, Any]:
        demande = {nom: valeurs[0] for nom, valeurs in parse_qs(urlsplit(chemin).query or corps).items()}
        genre = demande.get("grant_type")
        if self.panne or genre not in (None, "authorization_code", "refresh_token"):
            return super().repondre(chemin, corps, autorisation)
        match urlsplit(chemin).path.rpartition("/")[2]:
            case "autorisation":
                return self._autoriser(demande)
            case "fin":
                self.finies.append(demande)
                return 302, demande["post_logout_redirect_uri"]
            case "jetons" if autorisation != _BASIC:
                return 401, {"error": "invalid_client"}
            case "jetons" if genre == "refresh_token":
                return self._renouveler(demande)
            case "jetons":
                return self._echanger(demande)
        return super().repondre(chemin, corps, autorisation)

    def _autoriser(self, demande: dict[str, str]) -> tuple[int, Any]:
        if demande["client_id"] != CLIENT or demande["code_challenge_method"] != "S256":
            return 400, {"error": "invalid_request"}
        code = secrets.token_urlsafe(16)
        self.codes[code] = demande
        suite = urlencode({"code": code, "state": demande["state"], "iss": self.url})
        return 302, f"{demande['redirect_uri']}?{suite}"

    def _echanger(self, demande: dict[str, str]) -> tuple[int, Any]:
        depart = self.codes.pop(demande["code"], None)
        empreinte = base64.urlsafe_b64encode(hashlib.sha256(demande["code_verifier"].encode()).digest())
        if (
            depart is None
            or depart["redirect_uri"] != demande["redirect_uri"]
            or depart["code_challenge"] != empreinte.rstrip(b"=").decode()
        ):
            return 400, {"error": "invalid_grant"}
        identite = revendications(
            self, datetime.now(UTC), aud=CLIENT, typ="ID", azp=CLIENT, nonce=depart["nonce"], realm_access=None,
            sub=self.personne["sub"],
        )  # fmt: skip
        return 200, self._jetons() | {"id_token": signer(identite | self.defaut)}

    def _renouveler(self, demande: dict[str, str]) -> tuple[int, Any]:
        if demande["refresh_token"] not in self.renouvellements:
            return 400, {"error": "invalid_grant"}
        self.renouvellements.discard(demande["refresh_token"])
        self.renouveles += 1
        return 200, self._jetons()

    def _jetons(self) -> dict[str, Any]:
        acces = revendications(self, datetime.now(UTC), **self.personne)
        neuf = secrets.token_urlsafe(16)
        self.renouvellements.add(neuf)
        return {
            "access_token": signer(acces | {"exp": acces["iat"] + self.duree_s}), "token_type": "Bearer",
            "expires_in": self.duree_s, "refresh_token": neuf,
        }  # fmt: skip


_BASIC = "Basic " + base64.b64encode(f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}".encode()).decode()
