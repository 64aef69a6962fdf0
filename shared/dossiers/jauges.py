"""Prometheus gauges: each indicator per caisse over today, seven days and the month, with its sample size."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.database.connexion import est_passagere
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode, jour_de, numero
from shared.indicators.statistiques import RESEAU, Valeur
from shared.network.heure_locale import fuseau
from shared.network.reseau import charger

_log = structlog.get_logger(__name__)

INTERVALLE = 15.0
"""Seconds between two refreshes, as often as Prometheus asks by default."""

_LIBELLES = ("service", "indicateur", "caisse", "fenetre")


def fenetres(aujourdhui: date) -> dict[str, Periode]:
    """The three windows, each ending today: the day, seven days, the month so far."""
    fin = numero(aujourdhui)
    return {
        "jour": Periode(fin, fin),
        "7j": Periode(fin - 6, fin),
        "mois": Periode(numero(aujourdhui.replace(day=1)), fin),
    }


class Jauges(Collector):
    """The gauges of one service, as of the last ``rafraichir``. A caisse with no activity has no series."""

    def __init__(self, service: ServiceDossiers) -> None:
        self._service = service
        self._familles: list[Metric] = []
        self._slugs = {RESEAU: "reseau"} | {c.code: c.slug for c in charger().caisses}

    def collect(self) -> Iterable[Metric]:
        return self._familles

    async def rafraichir(self) -> None:
        """Compute every indicator over its windows and replace what ``collect`` gives."""
        valeur = GaugeMetricFamily("vigie_indicateur_valeur", "Valeur de l'indicateur", labels=_LIBELLES)
        effectif = GaugeMetricFamily("vigie_indicateur_effectif", "Taille de l'échantillon", labels=_LIBELLES)
        nom = self._service.definition.nom
        for indicateur in indicateurs_du_service(nom):
            for fenetre, v in await self._valeurs(indicateur):
                libelles = (nom, indicateur.code, self._slugs[v.caisse], fenetre)
                if v.valeur is not None:
                    valeur.add_metric(libelles, v.valeur)
                effectif.add_metric(libelles, v.n)
        self._familles = [valeur, effectif]

    async def _valeurs(self, indicateur: Indicateur) -> list[tuple[str, Valeur]]:
        secondes = int(self._service.clock.now().timestamp())
        periodes = fenetres(jour_de(fuseau("Europe/Paris").jour(secondes)))
        async with self._service.moteur.connect() as conn:
            await self._service.dictionnaire.actualiser(conn)
            demande = Demande(indicateur, list(dict.fromkeys(periodes.values())), secondes)
            valeurs = await self._service.evaluateur.valeurs(conn, demande)
        return [(nom, v) for nom, periode in periodes.items() for v in valeurs if v.periode == periode]

    async def entretenir(self, arret: asyncio.Event) -> None:
        """Refresh every INTERVALLE until ``arret``; a database that is away is waited for."""
        while not arret.is_set():
            try:
                await self.rafraichir()
            except Exception as exc:
                if not est_passagere(exc):
                    raise
                _log.warning("jauges en attente", erreur=repr(exc))
            try:
                async with asyncio.timeout(INTERVALLE):
                    await arret.wait()
            except TimeoutError:
                continue


class MesuresCommunes(Collector):
    """The metrics that modules declare globally (log, ingestion), for an application's own registry."""

    def collect(self) -> Iterator[Metric]:
        for metrique in REGISTRY.collect():
            if metrique.name.startswith("vigie_"):
                yield metrique
