"""The token of the forms: only a page of the console can send one (double submission, cookie and field)."""

import hmac
import secrets
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData, UploadFile

from shared.service.erreurs import AccesRefuse

COOKIE, COOKIE_SUR = "vigie_jeton", "__Host-vigie_jeton"
"""Over HTTPS the browser takes it from this very host only."""
CHAMP = "jeton"
CLE = "cle"
"""Field of the idempotency key, drawn with the page: a form sent twice acts once."""

_OCTETS = 24
_LONGUEUR_MAX = 128
_FORMES = frozenset({"same-origin", "none"})


def _cookie(request: Request) -> str:
    return COOKIE_SUR if request.app.reglages.https else COOKIE


def jeton_de(request: Request) -> str:
    """The token of this browser, drawn when it has none yet. It outlives sessions: what was being written when one
    ended can still be sent."""
    tenu = request.cookies.get(_cookie(request), "")
    return tenu if 20 <= len(tenu) <= _LONGUEUR_MAX else secrets.token_urlsafe(_OCTETS)


def deposer(request: Request, reponse: Response, jeton: str) -> None:
    """Give the token to the browser, unless it holds it."""
    nom = _cookie(request)
    # Lax: coming back from the identity provider, a Strict one would not be sent, and be drawn anew under open forms.
    if request.cookies.get(nom) != jeton:
        reponse.set_cookie(nom, jeton, httponly=True, samesite="lax", secure=nom == COOKIE_SUR, path="/")


def nouvelle_cle() -> str:
    """An idempotency key."""
    return str(uuid.uuid4())


class Saisie:
    """What a person wrote in a form: texts without outer blanks; an empty one is as if it were not there."""

    def __init__(self, champs: Mapping[str, Any]) -> None:
        self._champs = champs

    def texte(self, nom: str) -> str | None:
        """One field; None when it is empty or absent."""
        valeur = self._champs.get(nom)
        return None if valeur is None or isinstance(valeur, UploadFile) else str(valeur).strip() or None

    def textes(self, nom: str) -> list[str]:
        """All the values of a field."""
        lus = self._champs.getlist(nom) if isinstance(self._champs, FormData) else [self._champs.get(nom)]
        return [str(v).strip() for v in lus if v is not None and str(v).strip()]

    def get(self, nom: str, defaut: str = "") -> str:
        """What to write back in the form."""
        return self.texte(nom) or defaut

    @property
    def cle(self) -> str:
        """The idempotency key of the form."""
        return self.texte(CLE) or nouvelle_cle()


RIEN = Saisie({})


async def saisie_verifiee(request: Request) -> Saisie:
    """The form of this request. Raises AccesRefuse when no page of the console sent it."""
    champs = await request.form(max_files=0, max_fields=2_000)
    saisie = Saisie(champs)
    envoye, tenu = saisie.texte(CHAMP) or "", request.cookies.get(_cookie(request), "")
    d_ici = request.headers.get("sec-fetch-site", "same-origin") in _FORMES
    if not (tenu and d_ici and hmac.compare_digest(envoye.encode(), tenu.encode())):
        raise AccesRefuse(
            "Ce formulaire ne vient pas d’une page ouverte de la console, ou il est trop vieux. Rouvrez la page et "
            "recommencez."
        )
    return saisie


SaisieVerifiee = Annotated[Saisie, Depends(saisie_verifiee)]
