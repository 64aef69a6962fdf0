"""``/livez``, ``/readyz`` and ``/metrics``: what a supervisor asks. They name no principal and change
nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from shared.service.erreurs import Indisponible
from shared.service.journalisation import journal

_log = journal("vigie.service")
_REESSAYER_DANS_S = 5


class PasPret(Exception):
    """Raised by a check; its French message is shown on ``/readyz``."""


@dataclass(frozen=True, slots=True)
class Verification:
    """``fonction`` returns when the part it checks can serve, and raises otherwise, within ``delai_s``
    seconds.
    """

    nom: str
    fonction: Callable[[], Awaitable[object]]
    delai_s: float


class Verifications:
    """What must hold for the service to take work. Parts add their own when they start."""

    def __init__(self) -> None:
        self._verifications: dict[str, Verification] = {}

    def ajouter(self, nom: str, fonction: Callable[[], Awaitable[object]], delai_s: float = 2.0) -> None:
        """Raises ``ValueError`` if ``nom`` is taken."""
        if nom in self._verifications:
            raise ValueError(f"check {nom!r} exists already")
        self._verifications[nom] = Verification(nom, fonction, delai_s)

    async def resultats(self) -> dict[str, str | None]:
        """By name: None when it holds, else what is wrong. All run at once: takes the slowest one's time."""
        verifications = list(self._verifications.values())
        fautes = await asyncio.gather(*(_essayer(v) for v in verifications))
        return {v.nom: faute for v, faute in zip(verifications, fautes, strict=True)}


async def _essayer(verification: Verification) -> str | None:
    try:
        async with asyncio.timeout(verification.delai_s):
            await verification.fonction()
    except PasPret as faute:
        return str(faute)
    except TimeoutError:
        return f"sans réponse en {verification.delai_s:g} s"
    except Exception as faute:
        _log.warning("verification en echec", verification=verification.nom, exc_info=faute)
        return f"en échec ({type(faute).__name__})"
    return None


def routes_sante(verifications: Verifications, registre: CollectorRegistry) -> APIRouter:
    """The three routes; ``/metrics`` is rendered in a thread, so that a large registry does not stop the
    loop.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def livez() -> dict[str, str]:
        return {"statut": "vivant"}

    @routes.get("/readyz")
    async def readyz() -> dict[str, object]:
        resultats = await verifications.resultats()
        etats = [{"nom": nom, "etat": faute or "prêt"} for nom, faute in resultats.items()]
        en_echec = [nom for nom, faute in resultats.items() if faute is not None]
        if en_echec:
            detail = f"Le service n'est pas prêt : {', '.join(en_echec)}."
            raise Indisponible(detail, retry_after_s=_REESSAYER_DANS_S, en_echec=en_echec, verifications=etats)
        return {"statut": "prêt", "verifications": etats}

    @routes.get("/metrics")
    async def metrics(request: Request) -> Response:
        encoder, type_media = choose_encoder(request.headers.get("accept", ""))
        texte = await asyncio.to_thread(encoder, registre)
        return Response(texte, headers={"Content-Type": type_media})

    return routes
