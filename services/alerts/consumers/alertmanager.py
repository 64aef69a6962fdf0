"""Pushing the alerts to a Prometheus Alertmanager (API v2), for the teams that already live there.

An open alert is sent again before it would expire; one that ended is sent as resolved until Alertmanager has taken
it. Silences are kept alike on both sides. Alertmanager lives on the system's clock, so that its instants do too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.domain.etats import FINIS
from services.alerts.domain.portee import Silence
from services.alerts.store import registres
from services.alerts.store.base import transaction
from services.alerts.store.tables import alertes
from shared.clock import Clock, SystemClock
from shared.network.reseau import charger

_log = structlog.get_logger(__name__)

DELAI_S = 10.0
VIES = 4
"""An alert not sent again for so many intervals ends by itself in Alertmanager."""

LOT = 500
AUTEUR = "vigie"
_MARQUE = "[vigie silence {numero}]"
_LABELS = {"caisse": "caisse", "objet": "objet", "genre": "genre"}

_NOMS = {
    "performance": "VigieSeuilFranchi",
    "source_muette": "VigieSourceMuette",
    "stock": "VigieStockExplose",
    "declaration": "VigieDeclaration",
    "desaccord": "VigieDesaccord",
}


@dataclass(slots=True)
class Poussoir:
    """Sends to one Alertmanager. ``clock`` is the service's, that silences follow."""

    moteur: AsyncEngine
    client: httpx.AsyncClient
    adresse: str
    clock: Clock
    relance_s: float

    async def pousser(self) -> int:
        """Send everything that is open, and what ended and was not yet said; how many. Raises httpx.HTTPError."""
        async with self.moteur.connect() as conn:
            lignes = (await conn.execute(_a_pousser())).all()
            silences = await registres.silences_en_cours(conn, self.clock.now())
        await self._accorder_les_silences(silences)
        maintenant = SystemClock().now()
        fin = maintenant + timedelta(seconds=VIES * self.relance_s)
        for debut in range(0, len(lignes), LOT):
            lot = lignes[debut : debut + LOT]
            await self._poster("/api/v2/alerts", [alerte(li, maintenant, fin) for li in lot])
            await self._noter(lot)
        return len(lignes)

    async def _noter(self, lot: Sequence[Row[Any]]) -> None:
        """What was sent: an open alert will have to be resolved, an ended one has been."""
        async with transaction(self.moteur) as conn:
            for finie in (True, False):
                numeros = [li.id for li in lot if (li.etat in FINIS) is finie and li.poussee is finie]
                if numeros:
                    await conn.execute(update(alertes).where(alertes.c.id.in_(numeros)).values(poussee=not finie))

    async def _accorder_les_silences(self, silences: Sequence[Silence]) -> None:
        lus = await self.client.get(f"{self.adresse}/api/v2/silences", timeout=DELAI_S)
        lus.raise_for_status()
        la_bas = {
            s["comment"].partition("]")[0] + "]": s["id"]
            for s in lus.json()
            if s["createdBy"] == AUTEUR and s["status"]["state"] != "expired"
        }
        voulus = {_MARQUE.format(numero=s.id): s for s in silences}
        maintenant = SystemClock().now()
        for marque in voulus.keys() - la_bas.keys():
            voulu = voulus[marque]
            # A simulated clock may be anywhere: what is left of the silence is what is told.
            fin = maintenant + (voulu.fin - self.clock.now())
            await self._poster("/api/v2/silences", silence(voulu, marque, maintenant, fin))
        for marque in la_bas.keys() - voulus.keys():
            reponse = await self.client.delete(f"{self.adresse}/api/v2/silence/{la_bas[marque]}", timeout=DELAI_S)
            reponse.raise_for_status()

    async def _poster(self, chemin: str, corps: object) -> None:
        reponse = await self.client.post(f"{self.adresse}{chemin}", json=corps, timeout=DELAI_S)
        if reponse.is_error:
            _log.warning("refus d'Alertmanager", statut=reponse.status_code, corps=reponse.text[:500])
        reponse.raise_for_status()


def alerte(ligne: Row[Any], maintenant: datetime, fin: datetime) -> dict[str, Any]:
    """A row of ``alertes`` as Alertmanager takes it. The labels never change while the alert lives."""
    resolue = ligne.etat in FINIS
    caisse = charger().par_slug[ligne.caisse]
    annotations = {
        "summary": f"{caisse.nom} : {ligne.constat}",
        "etat": ligne.etat,
        "niveau": str(ligne.niveau),
        "gravite": ligne.gravite or "",
        "prise_en_compte_par": ligne.prise_en_compte_par or "",
        "inhibee_par": ligne.inhibee_par or "",
    }
    return {
        "labels": {
            "alertname": _NOMS[ligne.genre],
            "alerte": str(ligne.id),
            "genre": ligne.genre,
            "caisse": ligne.caisse,
            "region": caisse.region,
            "objet": ligne.objet,
            "severity": "warning" if ligne.genre in ("performance", "desaccord") else "critical",
        },
        "annotations": {nom: texte for nom, texte in annotations.items() if texte},
        "startsAt": min(ligne.ouverte_le, maintenant).isoformat(),
        "endsAt": (maintenant if resolue else fin).isoformat(),
    }


def silence(voulu: Silence, marque: str, debut: datetime, fin: datetime) -> dict[str, Any]:
    """A silence as Alertmanager takes it; its comment carries the mark by which it is found again."""
    conditions = {_LABELS[nom]: getattr(voulu, nom) for nom in _LABELS}
    return {
        "matchers": [
            {"name": nom, "value": valeur, "isRegex": False, "isEqual": True}
            for nom, valeur in conditions.items()
            if valeur is not None
        ],
        "startsAt": debut.isoformat(),
        "endsAt": fin.isoformat(),
        "createdBy": AUTEUR,
        "comment": f"{marque} {voulu.auteur} : {voulu.motif}",
    }


def _a_pousser() -> Any:
    vivante = alertes.c.finie_le.is_(None) & alertes.c.etat.in_(("ouverte", "prise_en_compte"))
    return (
        select(alertes).where(or_(vivante, alertes.c.finie_le.is_not(None) & alertes.c.poussee)).order_by(alertes.c.id)
    )
