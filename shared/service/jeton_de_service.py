"""The token under which one process calls another (OAuth 2.0 client credentials, RFC 6749, section 4.4)."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard
from urllib.parse import quote_plus

import httpx

from shared.clock import Clock, SystemClock
from shared.service.cles_publiques import FournisseurMuet, adresse_de_decouverte, adresse_decouverte
from shared.service.reglages_identite import ReglagesIdentite

AVANCE = timedelta(seconds=30)
"""Before its end, a token is not used any more: the call must arrive while it lasts."""

DUREE_PAR_DEFAUT = timedelta(minutes=1)
"""Of a token whose provider does not say how long it lasts."""

DUREE_MAX = timedelta(hours=24)


class JetonNonObtenu(httpx.HTTPError):
    """The provider gave no token; ``str()`` is a French sentence, without the secret."""


ESSAI = timedelta(seconds=30)
"""A token younger than that and refused (401) is not worth asking for again."""


@dataclass(frozen=True, slots=True)
class _Jeton:
    valeur: str
    obtenu_le: datetime
    fin: datetime


class JetonDeService(httpx.Auth):
    """Puts a token on each request, asking the provider for one, through the same client, when none is good.

    Sync and async clients alike; give one to all the clients of a process. A 401 to a token of some age asks for a new
    one, once: the provider may have turned its keys. Every request raises JetonNonObtenu when there is none to be had.
    """

    requires_response_body = True

    def __init__(self, emetteur: str, client: str, secret: str, clock: Clock) -> None:
        self._emetteur = emetteur
        # RFC 6749, 2.3.1: each half is form-encoded before it is put in Basic.
        self._compte = httpx.BasicAuth(quote_plus(client), quote_plus(secret))
        self._clock = clock
        self._guichet: str | None = None
        self._jeton: _Jeton | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        jeton = self._jeton
        if jeton is None or jeton.fin <= self._clock.now():
            jeton = yield from self._demander(request)
        request.headers["Authorization"] = f"Bearer {jeton.valeur}"
        reponse = yield request
        if reponse.status_code == httpx.codes.UNAUTHORIZED and self._clock.now() - jeton.obtenu_le > ESSAI:
            jeton = yield from self._demander(request)
            request.headers["Authorization"] = f"Bearer {jeton.valeur}"
            yield request

    def _demander(self, pour: httpx.Request) -> Generator[httpx.Request, httpx.Response, _Jeton]:
        guichet = self._guichet
        if guichet is None:
            configuration = _document((yield _requete("GET", adresse_de_decouverte(self._emetteur), pour)))
            try:
                guichet = adresse_decouverte(configuration, self._emetteur, "token_endpoint")
            except FournisseurMuet as exc:
                raise JetonNonObtenu(f"Aucun jeton de service : {exc}.") from None
            self._guichet = guichet
        demande = _requete("POST", guichet, pour, {"grant_type": "client_credentials"})
        document = _document((yield next(self._compte.auth_flow(demande))))
        valeur, duree = document.get("access_token"), document.get("expires_in")
        if not isinstance(valeur, str):
            raise JetonNonObtenu("Aucun jeton de service : la réponse du fournisseur d'identité n'en contient pas.")
        lue = timedelta(seconds=duree) if _est_une_duree(duree) else DUREE_PAR_DEFAUT
        maintenant = self._clock.now()
        self._jeton = _Jeton(valeur, maintenant, maintenant + lue - min(AVANCE, lue / 2))
        return self._jeton


def jeton_de(reglages: ReglagesIdentite) -> JetonDeService:
    """The token of the account that the settings name. Raises ReglagesInvalides naming what is missing."""
    emetteur, client, secret = reglages.exiger_identite("oidc_emetteur", "oidc_client", "oidc_secret")
    return JetonDeService(emetteur, client, secret, SystemClock())


def _requete(methode: str, url: str, pour: httpx.Request, formulaire: Mapping[str, str] | None = None) -> httpx.Request:
    """A request to the provider, with the delays of the one it is for: httpx gives a bare one none."""
    delais = {nom: pour.extensions[nom] for nom in ("timeout",) if nom in pour.extensions}
    return httpx.Request(methode, url, data=formulaire, headers={"accept": "application/json"}, extensions=delais)


def _document(reponse: httpx.Response) -> Mapping[str, Any]:
    if reponse.status_code != httpx.codes.OK:
        raise JetonNonObtenu(
            f"Aucun jeton de service : le fournisseur d'identité répond {reponse.status_code} à {reponse.url.path}. "
            "Vérifiez VIGIE_OIDC_CLIENT et son secret."
        )
    try:
        document = reponse.json()
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise JetonNonObtenu("Aucun jeton de service : le fournisseur d'identité ne répond pas en JSON.")
    return document


def _est_une_duree(duree: object) -> TypeGuard[float]:
    return isinstance(duree, int | float) and not isinstance(duree, bool) and 0 < duree <= DUREE_MAX.total_seconds()
