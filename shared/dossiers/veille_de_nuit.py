"""A consumer process watches the clock for the night's maintenance (see ``entretien``), and tells how it went.

A night missed (nothing ran) is made up for as soon as a process runs and the consumers have caught up.
"""

import asyncio

import structlog
from prometheus_client import Counter, Gauge

from shared.database.connexion import est_passagere
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.derives.messages import TOPIC_PERSONNES
from shared.dossiers.derives.personnes import groupe_des_personnes, tient_les_personnes
from shared.dossiers.entretien import Etape, Lus, Plan, derniere, entretenir
from shared.log.entretien import retard
from shared.log.types import JournalIndisponible

_log = structlog.get_logger(__name__)

PERIODE = 60.0
"""Seconds before each look at the clock."""

RETARD_TOLERE = 10_000
"""Records waiting above which nothing is begun: consumers catch up first, and what they have not read is not
forgotten."""

_dernier = Gauge(
    "vigie_entretien_dernier_succes_secondes",
    "Instant Unix de la fin du dernier entretien de nuit complet",
    ("service",),
)
_duree = Gauge("vigie_entretien_duree_secondes", "Durée de la dernière fois, dans ce processus", ("service", "etape"))
_lignes = Counter(
    "vigie_entretien_lignes", "Lignes pliées, dossiers et chaînes oubliés par ce processus", ("service", "etape")
)
_echecs = Counter("vigie_entretien_echecs", "Entretiens interrompus par une erreur, à reprendre", ("service",))


async def veiller(service: ServiceDossiers, plan: Plan, periode: float = PERIODE) -> None:
    """Do each night's maintenance when it is due, until cancelled. Never raises: figures do not depend on it."""
    nom = service.definition.nom
    while True:
        await asyncio.sleep(periode)
        try:
            await tour(service, plan)
        except Exception as exc:
            _echecs.labels(nom).inc()
            if est_passagere(exc) or isinstance(exc, JournalIndisponible):
                _log.warning("entretien remis", service=nom, erreur=repr(exc))
            else:
                _log.error("entretien en echec", service=nom, exc_info=exc)


async def tour(service: ServiceDossiers, plan: Plan) -> list[Etape] | None:
    """One look: the steps done, None when nothing was due, possible, or another process is at it."""
    nom, faites = service.definition.nom, None
    fait = await derniere(service.pool, nom, plan)
    if fait is None or fait[0] < plan.nuit(service.clock.now()):
        if (restent := await _retard(service)) > RETARD_TOLERE:
            _log.info("entretien remis apres le retard", service=nom, retard=restent)
            return None
        faites = await entretenir(
            service.pool, nom, service.clock, plan, lus_de(service), progres=lambda etape: _dire(nom, etape)
        )
        fait = await derniere(service.pool, nom, plan)
    if fait is not None:
        _dernier.labels(nom).set(fait[1].timestamp())
    return faites


def _dire(service: str, etape: Etape) -> None:
    _log.info("entretien", service=service, etape=etape.nom, lignes=etape.lignes, secondes=round(etape.secondes, 3))
    _duree.labels(service, etape.nom).set(etape.secondes)
    _lignes.labels(service, etape.nom).inc(etape.lignes)


async def _retard(service: ServiceDossiers) -> int:
    """Records that the service's consumers have yet to read, those of its outbox included."""
    nom, pool, journal = service.definition.nom, service.pool, service.journal
    total: int = await pool.fetchval(
        f"SELECT count(*) FROM (SELECT FROM {nom}.boite_envoi LIMIT {RETARD_TOLERE + 1}) b"
    )
    return total + sum([await retard(pool, nom, journal, t, g) for t, g in lus_de(service).groupes.items()])


def lus_de(service: ServiceDossiers) -> Lus:
    """What the consumers of a service read."""
    nom = service.definition.nom
    personnes = {TOPIC_PERSONNES: groupe_des_personnes(nom)} if tient_les_personnes(nom) else {}
    return Lus(service.journal, {service.definition.topic: nom, **personnes})
