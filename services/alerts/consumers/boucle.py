"""The evaluator's loop: on a bell, after a bounce; and every five minutes of the service's clock in any case.

A clock that was not told the time yet says nothing of what is late or silent: nothing is evaluated by it.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import select

from services.alerts.consumers.alertmanager import Poussoir
from services.alerts.consumers.evaluation import Bilan, Evaluateur
from services.alerts.store.tables import a_evaluer, evaluation
from shared.service.periodique import repeter

_log = structlog.get_logger(__name__)

PERIODE_S = 0.25
"""Between two looks at the clock and at the bells."""

REPRISE_S = 15.0
"""Before everything is evaluated again when somebody did not answer, in seconds of the system's clock."""

duree = Histogram(
    "vigie_alertes_evaluation_secondes",
    "Duration of an evaluation of the live alerts, its readings included.",
    ("genre",),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
echecs_poussee = Counter("vigie_alertes_poussees_en_echec", "Pushes to Alertmanager that failed.")


@dataclass(slots=True)
class Boucle:
    """``intervalle``: between two complete evaluations. ``poussoir`` None: no Alertmanager."""

    evaluateur: Evaluateur
    intervalle: timedelta
    antirebond_s: float
    poussoir: Poussoir | None = None
    _dernier_passage: float = field(default=-1e9)
    _derniere_poussee: float = field(default=-1e9)
    _a_refaire: bool = field(default=False)

    async def executer(self, arret: asyncio.Event) -> None:
        """Evaluate until ``arret``; a database that is away is waited for. Raises what will not pass by itself."""
        await repeter("evaluation", self.tour, arret, PERIODE_S)

    async def tour(self) -> Bilan | None:
        """Evaluate what is due, then push it."""
        bilan = await self._evaluer()
        if bilan is not None and bilan.sans_reponse:
            _log.warning("lectures sans reponse", sans_reponse=bilan.sans_reponse)
        await self._pousser(change=bilan is not None and bilan.transitions > 0)
        return bilan

    async def _evaluer(self) -> Bilan | None:
        if not self.evaluateur.clock.reglee:
            return None
        async with self.evaluateur.moteur.connect() as conn:
            derniere = await conn.scalar(select(evaluation.c.complete_le))
            demandee = await conn.scalar(select(a_evaluer.c.process).limit(1)) is not None
        attendu = time.monotonic() - self._dernier_passage
        complete = _echue(derniere, self.evaluateur.clock.now(), self.intervalle)
        complete = complete or (self._a_refaire and attendu >= REPRISE_S)
        if not complete and not (demandee and attendu >= self.antirebond_s):
            return None
        depart = time.perf_counter()
        bilan = await self.evaluateur.evaluer(complete=complete)
        self._dernier_passage = time.monotonic()
        if bilan is not None:
            duree.labels("complete" if bilan.complete else "partielle").observe(time.perf_counter() - depart)
            self._a_refaire = bool(bilan.sans_reponse)
        return bilan

    async def _pousser(self, *, change: bool) -> None:
        poussoir = self.poussoir
        if poussoir is None or not (change or time.monotonic() - self._derniere_poussee >= poussoir.relance_s):
            return
        self._derniere_poussee = time.monotonic()
        try:
            await poussoir.pousser()
        except httpx.HTTPError as exc:
            echecs_poussee.inc()
            # Before the interval: what ended must be said soon.
            self._derniere_poussee -= poussoir.relance_s * 0.8
            _log.warning("alertmanager en attente", erreur=repr(exc))


def _echue(derniere: datetime | None, maintenant: datetime, intervalle: timedelta) -> bool:
    return derniere is None or maintenant - derniere >= intervalle
