"""The files of the pages: one stylesheet, one script, one icon. Their address carries their digest: kept for ever."""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response

from shared.service.erreurs import Introuvable

DOSSIER = Path(__file__).parent

MEDIAS = {
    "vigie.css": "text/css; charset=utf-8",
    "vigie.js": "text/javascript; charset=utf-8",
    "vigie.svg": "image/svg+xml",
}

routes = APIRouter(include_in_schema=False)


@cache
def _octets(nom: str) -> bytes:
    return (DOSSIER / nom).read_bytes()


@cache
def adresse(nom: str) -> str:
    """Where a file is served: another address when its content is another."""
    return f"/statique/{hashlib.blake2b(_octets(nom), digest_size=6).hexdigest()}/{nom}"


@routes.get("/statique/{empreinte}/{nom}")
async def fichier(empreinte: str, nom: str) -> Response:
    """One of ``MEDIAS``. Raises Introuvable."""
    del empreinte
    if nom not in MEDIAS:
        raise Introuvable(f"Aucun fichier ne se nomme « {nom} ».")
    return Response(
        _octets(nom), media_type=MEDIAS[nom], headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
