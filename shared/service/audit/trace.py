"""The trace of one call: what is known of it as it goes, and the row it becomes.

A call refused before its caller is known (401) leaves none: it would let anyone fill the register. The journal and
``vigie_http_request_duration_seconds`` have it.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from starlette.types import Message

from shared.network.reseau import CaisseInconnue, charger
from shared.service.audit.ligne import DANS_L_APPEL, Acte, Issue, sans_personne
from shared.service.audit.registre import inscrire
from shared.service.audit.tracees import Genre, Regle
from shared.service.identite import Principal

if TYPE_CHECKING:
    from shared.service.audit.registre import type_connexion

SECRETS: Final = frozenset({"jeton"})
"""Path parameters that are themselves a right: never written."""

_ECHEC = 500
_REFUS = 400


class Trace:
    """Made when the request comes, completed once its route and its caller are known."""

    def __init__(self, requete: str | None) -> None:
        self._requete = None if requete is None else sans_personne(requete)
        self._condensat = hashlib.sha256()
        self._octets = 0
        self._principal: Principal | None = None
        self._methode = self._route = ""
        self._objet: dict[str, str] = {}
        self._caisse: str | None = None
        self._regle: Regle | None = None
        self.inscrite = False
        """Whether the outcome is in the register, or will be when the transaction commits."""

    def lire(self, message: Message) -> None:
        """A piece of the body as it came."""
        if message["type"] == "http.request" and (corps := message.get("body")):
            self._octets += len(corps)
            self._condensat.update(corps)

    async def completer(self, request: Request, route: str, regle: Regle, principal: Principal | None) -> None:
        """What the call is about. The framework has read a JSON body already."""
        self._methode, self._route = request.method, route
        chemin, requete = request.path_params, request.query_params
        dits = {nom: str(valeur) for nom, valeur in chemin.items() if nom not in SECRETS}
        dits |= {nom: requete[nom] for nom in regle.requete if nom in requete}
        self._objet = {nom: sans_personne(valeur) for nom, valeur in dits.items()}
        self._caisse = _slug(chemin.get("caisse") or chemin.get("slug") or requete.get("caisse")) or await _du_corps(
            request
        )
        self._principal, self._regle = principal, regle

    @property
    def genre(self) -> Genre | None:
        """When the row is committed; None: nothing is to be written (yet)."""
        return None if self._regle is None else self._regle.genre

    def se_garde(self, statut: int) -> bool:
        """Whether a call that ends so leaves a row: of who is not known, only what was done."""
        return self._regle is not None and (self._principal is not None or statut < _REFUS)

    def acte(self, instant: datetime, statut: int | None, *, rejouee: bool = False, lieu: str | None = None) -> Acte:
        """The row of this outcome; ``statut`` None: it begins. ``lieu``: the address of what was made."""
        principal = self._principal
        roles = () if principal is None else sorted({*principal.roles, *_administration(principal)})
        return Acte(
            instant, None if principal is None else principal.identifiant, roles, self._methode, self._route,
            self._issue(statut, rejouee), statut, self._objet | ({} if lieu is None else {"lieu": lieu}),
            self._caisse, self._requete, self._condensat.digest() if self._octets else None,
        )  # fmt: skip

    async def inscrire(
        self, conn: "type_connexion", schema: str, instant: datetime, statut: int, *,
        rejouee: bool = False, lieu: str | None = None,
    ) -> None:  # fmt: skip
        """Add the outcome in the transaction of the change, as its last statement; nothing when none is asked for."""
        if self.genre is Genre.CHANGEMENT:
            await inscrire(conn, schema, self.acte(instant, statut, rejouee=rejouee, lieu=lieu))
            self.inscrite = True

    def _issue(self, statut: int | None, rejouee: bool) -> Issue:
        if statut is None:
            return "commence"
        if statut >= _REFUS:
            return "echec" if statut >= _ECHEC else "refuse"
        if rejouee:
            return "rejoue"
        return "lu" if self.genre is Genre.LECTURE else "fait"


def trace_de(request: Request) -> Trace | None:
    """The trace of this call; None in an application that keeps no register."""
    trace: Trace | None = request.scope.get(DANS_L_APPEL)
    return trace


def _administration(principal: Principal) -> tuple[str, ...]:
    return ("administrateur",) if principal.administrateur else ()


async def _du_corps(request: Request) -> str | None:
    """The caisse a JSON body names."""
    if "json" not in request.headers.get("content-type", ""):
        return None
    try:
        corps: Any = await request.json()
    except (ValueError, RecursionError):
        return None
    return _slug(corps.get("caisse")) if isinstance(corps, Mapping) else None


def _slug(nom: Any) -> str | None:
    if not isinstance(nom, str):
        return None
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue:
        return None
