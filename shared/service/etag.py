"""Strong ETags and the conditions on them (RFC 9110, sections 8.8.3 and 13)."""

import hashlib
import re

from fastapi import Request, Response

from shared.service.erreurs import VersionPerimee, VersionRequise

_ETIQUETTE = re.compile(r'(?P<faible>W/)?"(?P<valeur>[\x21\x23-\x7e\x80-\xff]*)"')


def etag(octets: bytes) -> str:
    """The strong ETag of a representation, quotes included: equal for equal bytes (BLAKE2b, 128 bits)."""
    return f'"{hashlib.blake2b(octets, digest_size=16).hexdigest()}"'


def reponse_conditionnelle(request: Request, octets: bytes, *, type_media: str = "application/json") -> Response:
    """200 with ``octets`` and their ETag, or 304 with no body when the caller already holds them
    (``If-None-Match``).

    Made to be asked again: ``Cache-Control: private, no-cache``.
    """
    etiquette = etag(octets)
    return inchangee(request, etiquette) or Response(octets, media_type=type_media, headers=conditions(etiquette))


def inchangee(request: Request, etiquette: str) -> Response | None:
    """304 when the caller already holds what ``etiquette`` names, else None: asked before the answer is made."""
    detenus = request.headers.get("if-none-match")
    if detenus is not None and _cite(detenus, etiquette, faible=True):
        return Response(status_code=304, headers=conditions(etiquette))
    return None


def conditions(etiquette: str) -> dict[str, str]:
    """The headers of an answer that its ETag names."""
    return {"ETag": etiquette, "Cache-Control": "private, no-cache"}


def exiger_if_match(request: Request, etag_present: str) -> None:
    """What two people may edit changes only for who saw its present state.

    ``etag_present``: the ETag of the resource as it stands, read under its lock. Raises ``VersionRequise``
    (428) without ``If-Match``, ``VersionPerimee`` (412) when it names another state.
    """
    vus = request.headers.get("if-match")
    if vus is None:
        raise VersionRequise("Envoyez dans If-Match l'ETag de la version que vous avez lue.")
    if not _cite(vus, etag_present, faible=False):
        raise VersionPerimee(
            "La ressource a changé depuis votre lecture. Relisez-la, puis refaites votre modification.",
            entetes={"ETag": etag_present},
        )


def _cite(liste: str, etiquette: str, *, faible: bool) -> bool:
    """Whether a list of entity tags names ``etiquette``; only the weak comparison takes ``W/`` tags."""
    if liste.strip() == "*":
        return True
    valeur = etiquette.strip('"')
    return any(
        trouvee["valeur"] == valeur and (faible or not trouvee["faible"]) for trouvee in _ETIQUETTE.finditer(liste)
    )
