"""The access log of Vigie is a histogram: duration of every request by method, route template and status."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROUTE_INCONNUE = "inconnue"
_METHODES = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Seconds: from a cached read (1 ms) to the request time limit (60 s).
_BORNES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class MesuresHttp:
    """The HTTP metrics of one application, in its own registry."""

    def __init__(self, registre: CollectorRegistry) -> None:
        self.duree = Histogram(
            "vigie_http_request_duration_seconds",
            "Time from the request's first byte to the end of its response.",
            ("method", "route", "status"),
            buckets=_BORNES,
            registry=registre,
        )
        self.en_cours = Gauge("vigie_http_requests_in_flight", "Requests being answered now.", registry=registre)
        self.octets_recus = Counter(
            "vigie_http_request_body_bytes",
            "Bytes of request bodies read, as sent (compressed if they were).",
            registry=registre,
        )
        self._enfants: dict[tuple[str, str, int], Histogram] = {}

    def observer(self, methode: str, route: str, statut: int, duree_s: float) -> None:
        """Count one request. The labels are bounded: known methods, route templates, statuses answered."""
        cle = (methode if methode in _METHODES else "autre", route, statut)
        enfant = self._enfants.get(cle)
        if enfant is None:
            enfant = self._enfants[cle] = self.duree.labels(cle[0], route, str(statut))
        enfant.observe(duree_s)


def gabarit(scope: Scope) -> str:
    """The full template of the route that answered (``/v1/caisses/{caisse}``), or ``inconnue``.

    FastAPI keeps an included router's prefix beside the route, in its own part of the scope.
    """
    contexte = scope.get("fastapi", {}).get("effective_route_context")
    route = contexte if contexte is not None else scope.get("route")
    chemin = getattr(route, "path_format", None)
    return chemin if isinstance(chemin, str) and chemin else ROUTE_INCONNUE


class Acces:
    """Measures every request in ``finally``: errors, time-outs and clients gone (status 499) too."""

    def __init__(self, app: ASGIApp, mesures: MesuresHttp) -> None:
        self.app = app
        self.mesures = mesures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        mesures = self.mesures
        scope["vigie.statut"] = 500

        async def envoyer(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["vigie.statut"] = message["status"]
            await send(message)

        async def recevoir() -> Message:
            message = await receive()
            if message["type"] == "http.request" and (corps := message.get("body")):
                mesures.octets_recus.inc(len(corps))
            return message

        mesures.en_cours.inc()
        depart = time.perf_counter()
        try:
            await self.app(scope, recevoir, envoyer)
        finally:
            mesures.en_cours.dec()
            duree = time.perf_counter() - depart
            mesures.observer(scope["method"], gabarit(scope), scope["vigie.statut"], duree)
