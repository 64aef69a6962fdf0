"""The identity provider as the console uses it (OpenID Connect Core 1.0, section 3.1; PKCE: RFC 7636)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx

from shared.clock import Clock
from shared.service.cles_publiques import (
    DELAI_S,
    FRAICHEUR,
    ClesPubliques,
    FournisseurMuet,
    adresse_decouverte,
    lire_configuration,
)
from shared.service.erreurs import Indisponible, NonIdentifie
from shared.service.identite import Principal
from shared.service.oidc import TOLERANCE_S, Attentes, FournisseurOidc, JetonRefuse, lire_signe

DUREE_PAR_DEFAUT_S = 60
"""Of an access token whose provider does not say how long it lasts, in seconds."""

_OCTETS = 32


class ConnexionRefusee(Exception):
    """The provider, or what it answers, does not let this person in; ``str()`` is a French sentence. ``raison``: for
    the journal only."""

    def __init__(self, phrase: str, raison: str) -> None:
        self.raison = raison
        super().__init__(phrase)


@dataclass(frozen=True, slots=True)
class Depart:
    """A login on its way: what must come back, and where to go then. Only the browser that left keeps it."""

    etat: str
    nonce: str
    verificateur: str
    vers: str

    @classmethod
    def tirer(cls, vers: str) -> "Depart":
        """A new one, that nobody can guess. ``vers``: an address of the console."""
        etat, nonce, verificateur = (secrets.token_urlsafe(_OCTETS) for _ in range(3))
        return cls(etat, nonce, verificateur, vers)


@dataclass(frozen=True, slots=True)
class Jetons:
    """What the provider gave. ``fin``: of the access token; ``identite``: the ID token, which the logout names."""

    acces: str
    fin: datetime
    renouvellement: str | None
    identite: str | None


@dataclass(frozen=True, slots=True)
class Compte:
    """The client of the console at the provider. ``retour``: where people come back to (redirect URI)."""

    client: str
    secret: str
    retour: str
    portees: str


class Guichet:
    """Asks the provider. Its ``Raises`` are the same everywhere: ConnexionRefusee, and Indisponible (503) when it does
    not answer as it should."""

    def __init__(self, attentes: Attentes, compte: Compte, clock: Clock) -> None:
        self._attentes = attentes
        self._compte = compte
        self._clock = clock
        self._cles = ClesPubliques(attentes.emetteur, clock)
        self._porteurs = FournisseurOidc(attentes, self._cles, clock)
        self._configuration: tuple[datetime, Mapping[str, Any]] | None = None

    def maintenant(self) -> datetime:
        """By the clock that judges the tokens."""
        return self._clock.now()

    async def adresse_de_depart(self, depart: Depart) -> str:
        """Where the browser goes to log in."""
        empreinte = hashlib.sha256(depart.verificateur.encode()).digest()
        demande = {
            "response_type": "code", "client_id": self._compte.client, "redirect_uri": self._compte.retour,
            "scope": self._compte.portees, "state": depart.etat, "nonce": depart.nonce,
            "code_challenge": base64.urlsafe_b64encode(empreinte).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }  # fmt: skip
        return _avec(await self._adresse("authorization_endpoint"), demande)

    async def adresse_de_fin(self, identite: str | None, retour: str) -> str | None:
        """Where the browser goes to log out of the provider too (RP-Initiated Logout 1.0); None: it has no such way."""
        try:
            adresse = await self._adresse("end_session_endpoint")
        except Indisponible:
            return None
        demande = {"client_id": self._compte.client, "post_logout_redirect_uri": retour}
        return _avec(adresse, demande | ({"id_token_hint": identite} if identite else {}))

    async def echanger(self, code: str, depart: Depart) -> tuple[Jetons, Principal]:
        """The tokens of a code, and who they are for."""
        document = await self._demander(
            {
                "grant_type": "authorization_code", "code": code, "redirect_uri": self._compte.retour,
                "code_verifier": depart.verificateur,
            }
        )  # fmt: skip
        jetons = self._jetons(document, None)
        if jetons.identite is None:
            raise _refusee("pas de jeton d'identité")
        sujet = await self._sujet(jetons.identite, depart.nonce)
        return jetons, await self._porteur(jetons, sujet)

    async def renouveler(self, jetons: Jetons, sujet: str) -> tuple[Jetons, Principal]:
        """Fresh tokens of the same person, with the roles of now."""
        document = await self._demander({"grant_type": "refresh_token", "refresh_token": jetons.renouvellement or ""})
        neufs = self._jetons(document, jetons)
        return neufs, await self._porteur(neufs, sujet)

    def _jetons(self, document: Mapping[str, Any], anciens: Jetons | None) -> Jetons:
        acces, duree = document.get("access_token"), document.get("expires_in")
        if not isinstance(acces, str) or str(document.get("token_type", "")).lower() != "bearer":
            raise _refusee("pas de jeton d'accès")
        secondes = duree if isinstance(duree, int) and 0 < duree <= 86_400 else DUREE_PAR_DEFAUT_S
        renouvellement = _texte(document, "refresh_token") or (anciens.renouvellement if anciens else None)
        identite = _texte(document, "id_token") or (anciens.identite if anciens else None)
        return Jetons(acces, self._clock.now() + timedelta(seconds=secondes), renouvellement, identite)

    async def _porteur(self, jetons: Jetons, sujet: str) -> Principal:
        try:
            principal = await self._porteurs.identifier({"authorization": f"Bearer {jetons.acces}"})
        except NonIdentifie as exc:
            raise _refusee("jeton d'accès non valable pour Vigie (VIGIE_OIDC_AUDIENCE ?)") from exc
        if principal.identifiant != sujet:
            raise _refusee("jeton d'accès d'une autre personne")
        return principal

    async def _sujet(self, identite: str, nonce: str) -> str:
        """The subject of an ID token meant for this client and this login (Core 1.0, 3.1.3.7)."""
        try:
            dites = await lire_signe(identite, self._cles)
        except JetonRefuse as exc:
            raise _refusee(f"jeton d'identité : {exc}") from None
        client, pour = self._compte.client, dites.get("aud")
        pour_nous = client in (pour if isinstance(pour, list) else [pour]) and dites.get("azp", client) == client
        fin, sujet = dites.get("exp"), dites.get("sub")
        vit = isinstance(fin, int | float) and fin > self._clock.now().timestamp() - TOLERANCE_S
        le_notre = hmac.compare_digest(str(dites.get("nonce", "")).encode(), nonce.encode())
        if dites.get("iss") != self._attentes.emetteur or not (pour_nous and vit and le_notre):
            raise _refusee("jeton d'identité d'un autre émetteur, client, instant ou départ")
        if not isinstance(sujet, str) or not sujet:
            raise _refusee("jeton d'identité sans sujet")
        return sujet

    async def _demander(self, formulaire: Mapping[str, str]) -> Mapping[str, Any]:
        adresse = await self._adresse("token_endpoint")
        # RFC 6749, 2.3.1: each half is form-encoded before it is put in Basic.
        compte = (quote_plus(self._compte.client), quote_plus(self._compte.secret))
        try:
            async with httpx.AsyncClient(timeout=DELAI_S) as client:
                reponse = await client.post(adresse, data=dict(formulaire), auth=compte)
                document = reponse.json()
        except (httpx.HTTPError, ValueError) as exc:
            raise _muet() from exc
        if reponse.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or not isinstance(document, Mapping):
            raise _muet()
        if not reponse.is_success:
            raise _refusee(f"{reponse.status_code} {str(document.get('error'))[:80]}")
        return document

    async def _adresse(self, nom: str) -> str:
        try:
            return adresse_decouverte(await self._lire(), self._attentes.emetteur, nom)
        except FournisseurMuet as exc:
            raise _muet() from exc

    async def _lire(self) -> Mapping[str, Any]:
        maintenant = self._clock.now()
        if self._configuration is None or maintenant - self._configuration[0] > FRAICHEUR:
            async with httpx.AsyncClient(timeout=DELAI_S) as client:
                self._configuration = maintenant, await lire_configuration(client, self._attentes.emetteur)
        return self._configuration[1]


def _refusee(raison: str) -> ConnexionRefusee:
    return ConnexionRefusee("Le fournisseur d’identité ne vous a pas fait entrer dans Vigie.", raison)


def _muet() -> Indisponible:
    return Indisponible(
        "Le fournisseur d’identité ne répond pas : personne ne peut se connecter pour l’instant. Réessayez bientôt.",
        retry_after_s=30,
    )


def _avec(adresse: str, demande: Mapping[str, str]) -> str:
    return f"{adresse}{'&' if '?' in adresse else '?'}{urlencode(demande)}"


def _texte(document: Mapping[str, Any], nom: str) -> str | None:
    valeur = document.get(nom)
    return valeur if isinstance(valeur, str) and valeur else None
