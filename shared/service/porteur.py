"""``Authorization: Bearer`` (RFC 6750): the token or key a request bears, and the answer to one that is not taken."""

from collections.abc import Mapping

from shared.service.erreurs import NonIdentifie

DEFI = 'Bearer realm="vigie"'


def jeton_porte(entetes: Mapping[str, str]) -> str | None:
    """The token of the Authorization header (RFC 6750), or None."""
    schema, _, jeton = entetes.get("authorization", "").partition(" ")
    return jeton.strip() if schema.lower() == "bearer" and jeton.strip() else None


def refus(detail: str) -> NonIdentifie:
    """The answer to a token that is not taken."""
    return NonIdentifie(detail, entetes={"WWW-Authenticate": f'{DEFI}, error="invalid_token"'})
