"""Callers known by an access token of an OIDC provider (``Authorization: Bearer``).

What is refused says nothing of why, but for a token that was good and is over; the journal has the reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, get_args

import jwt
import structlog
from jwt import PyJWTError

from shared.clock import Clock
from shared.network.reseau import CaisseInconnue, charger
from shared.service.acces import ROLES_D_UNE_CAISSE, DuReseau
from shared.service.cles_publiques import ClesPubliques
from shared.service.environnement import ReglagesInvalides
from shared.service.erreurs import NonIdentifie
from shared.service.identite import Principal
from shared.service.porteur import DEFI, jeton_porte, refus
from shared.service.reglages_identite import ReglagesIdentite

_log = structlog.get_logger(__name__)

TOLERANCE_S = 30
"""How far the provider's clock and ours may be apart."""

JETON_MAX = 16 * 1024
"""Longest token, in characters: it comes in a header."""

TEXTE_MAX = 200
"""Longest subject and name taken, in characters."""

INSTANT_MAX = 2**40
"""No instant of a token is later, in Unix seconds: neither infinity nor what no float can hold."""

_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
"""``typ`` of the header of an access token (RFC 9068, and what was usual before it)."""

_GENRES = frozenset({"Bearer"})
"""``typ`` of the claims, where there is one: Keycloak marks there what is no access token (``ID``, ``Refresh``)."""


_SIGNATURE_SEULE: Any = {f"verify_{nom}": False for nom in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
"""What the library verifies: the signature. Times and names are ours to check: it would read the machine's clock."""


class JetonRefuse(Exception):
    """The token is not taken; ``str()`` says why, for the journal only."""


class JetonExpire(JetonRefuse):
    """It was a good one, and is over."""


@dataclass(frozen=True, slots=True)
class Attentes:
    """What a token must say, and where it says who its bearer is; see ReglagesIdentite."""

    emetteur: str
    audience: str
    roles: str
    correspondance: Mapping[str, str] = field(default_factory=dict)


class FournisseurOidc:
    """A FournisseurIdentite: the bearer of a token that the provider signed for these services."""

    def __init__(self, attentes: Attentes, cles: ClesPubliques, clock: Clock) -> None:
        self._attentes = attentes
        self._cles = cles
        self._clock = clock

    @classmethod
    def de_reglages(cls, reglages: ReglagesIdentite, clock: Clock) -> Self:
        """Raises ReglagesInvalides naming what is missing, or a role that is none of ours."""
        emetteur, audience = reglages.exiger_identite("oidc_emetteur", "oidc_audience")
        verifier_correspondance(reglages.oidc_correspondance)
        attentes = Attentes(emetteur, audience, reglages.oidc_roles, reglages.oidc_correspondance)
        return cls(attentes, ClesPubliques(emetteur, clock), clock)

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        """Raises NonIdentifie (401), or Indisponible (503) when no key of the provider is known."""
        jeton = jeton_porte(entetes)
        if jeton is None:
            raise NonIdentifie(
                "Identifiez-vous : envoyez le jeton d'accès de votre fournisseur d'identité (Authorization: Bearer …).",
                entetes={"WWW-Authenticate": DEFI},
            )
        try:
            return principal(await self._verifie(jeton), self._attentes)
        except JetonExpire:
            raise refus("Votre jeton d'accès a expiré : demandez-en un nouveau.") from None
        except JetonRefuse as exc:
            _log.info("jeton_refuse", raison=str(exc))
            raise refus("Ce jeton n'est pas accepté ici : demandez un jeton d'accès fait pour Vigie.") from None

    async def _verifie(self, jeton: str) -> dict[str, Any]:
        revendications = await lire_signe(jeton, self._cles)
        verifier(revendications, self._attentes, self._clock.now().timestamp())
        return revendications


async def lire_signe(jeton: str, cles: ClesPubliques) -> dict[str, Any]:
    """What a token says that a key of the provider signed; nothing of it is judged yet.

    Raises JetonRefuse, and Indisponible when no key of the provider is known.
    """
    cle = await cles.cle(identifiant_de_cle(jeton))
    if cle is None:
        raise JetonRefuse("clé inconnue du fournisseur")
    try:
        lues: dict[str, Any] = jwt.decode(jeton, cle, algorithms=[cle.algorithm_name], options=_SIGNATURE_SEULE)
    except PyJWTError as exc:
        raise JetonRefuse(f"signature : {type(exc).__name__}") from None
    return lues


def identifiant_de_cle(jeton: str) -> str:
    """The key id of the header, before anything of the token is believed. Raises JetonRefuse."""
    if len(jeton) > JETON_MAX:
        raise JetonRefuse("trop long")
    try:
        entete = jwt.get_unverified_header(jeton)
    except PyJWTError:
        raise JetonRefuse("illisible") from None
    if "crit" in entete or "b64" in entete:
        raise JetonRefuse("extension inconnue")
    if str(entete.get("typ", "")).lower() not in _TYPES:
        raise JetonRefuse("pas un jeton d'accès")
    kid = entete.get("kid")
    if not isinstance(kid, str):
        raise JetonRefuse("ne nomme pas sa clé")
    return kid


def verifier(revendications: Mapping[str, Any], attentes: Attentes, maintenant: float) -> None:
    """Issuer, audience, kind and times of a token whose signature is good. ``maintenant`` in Unix seconds.

    Raises JetonRefuse, and JetonExpire when nothing else is wrong.
    """
    audience = revendications.get("aud")
    if revendications.get("iss") != attentes.emetteur:
        raise JetonRefuse("autre émetteur")
    if attentes.audience not in (audience if isinstance(audience, list) else [audience]):
        raise JetonRefuse("autre destinataire")
    if revendications.get("typ", "Bearer") not in _GENRES:
        raise JetonRefuse("pas un jeton d'accès")
    fin, debut, emis = (_instant(revendications, nom) for nom in ("exp", "nbf", "iat"))
    if fin is None:
        raise JetonRefuse("sans fin")
    if any(instant is not None and instant > maintenant + TOLERANCE_S for instant in (debut, emis)):
        raise JetonRefuse("pas encore valable")
    if fin <= maintenant - TOLERANCE_S:
        raise JetonExpire("expiré")


def principal(revendications: Mapping[str, Any], attentes: Attentes) -> Principal:
    """The bearer. Raises JetonRefuse for a token without subject."""
    sujet = revendications.get("sub")
    if not isinstance(sujet, str) or not sujet or len(sujet) > TEXTE_MAX:
        raise JetonRefuse("sans sujet")
    nom = next((n for c in ("name", "preferred_username") if isinstance(n := revendications.get(c), str) and n), sujet)
    dits = _chemin(revendications, attentes.roles)
    noms = [n for n in dits if isinstance(n, str)] if isinstance(dits, list) else []
    return Principal(sujet, nom[:TEXTE_MAX], roles_de(noms, attentes.correspondance))


def roles_de(noms: Iterable[str], correspondance: Mapping[str, str]) -> frozenset[str]:
    """Our roles among those the provider gives; the others are not ours and give nothing."""
    notres = (correspondance.get(nom, nom) for nom in noms)
    return frozenset(role for role in notres if est_un_role(role))


def est_un_role(role: str) -> bool:
    """``reseau``… or ``caisse:<slug>``, ``coordinateur:<slug>`` of a caisse of the network."""
    if role in get_args(DuReseau):
        return True
    famille, _, slug = role.partition(":")
    try:
        return famille in ROLES_D_UNE_CAISSE and charger().caisse(slug).slug == slug
    except CaisseInconnue:
        return False


def verifier_correspondance(correspondance: Mapping[str, str]) -> None:
    """Raises ReglagesInvalides naming each role that is none of ours."""
    inconnus = sorted({role for role in correspondance.values() if not est_un_role(role)})
    if inconnus:
        raise ReglagesInvalides(
            f"VIGIE_OIDC_CORRESPONDANCE nomme des rôles inconnus : {', '.join(inconnus)}. Connus : "
            f"{', '.join(get_args(DuReseau))}, caisse:<slug>, coordinateur:<slug>."
        )


def _chemin(revendications: Mapping[str, Any], chemin: str) -> Any:
    if chemin in revendications:
        return revendications[chemin]
    trouve: Any = revendications
    for nom in chemin.split("."):
        trouve = trouve.get(nom) if isinstance(trouve, Mapping) else None
    return trouve


def _instant(revendications: Mapping[str, Any], nom: str) -> float | None:
    valeur = revendications.get(nom)
    if valeur is None:
        return None
    if isinstance(valeur, bool) or not isinstance(valeur, int | float) or not 0 <= valeur <= INSTANT_MAX:
        raise JetonRefuse(f"« {nom} » illisible")
    return float(valeur)
