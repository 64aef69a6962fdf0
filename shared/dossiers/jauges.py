"""Prometheus gauges: each indicator per caisse over today, seven days and the month, with its sample size."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from datetime import date

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.catalogue.indicateurs import indicateurs_du_service
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.presentation import NOM_RESEAU
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de, jour_de
from shared.network.reseau import charger
from shared.service.periodique import repeter

INTERVALLE = 15.0
"""Seconds between two refreshes, as often as Prometheus asks by default."""

REPOS = 4
"""Least rest after a refresh, in its own durations."""

PERIMEES = 120.0
"""Seconds after which values that could not be refreshed are no longer given: silence is seen, an old figure is not."""

_LIBELLES = ("service", "indicateur", "caisse", "fenetre")


def fenetres(aujourdhui: date) -> dict[str, Periode]:
    """The three windows, each ending today: the day, seven days, the month so far."""
    fin = jour_de(aujourdhui)
    return {
        "jour": Periode(fin, fin),
        "7j": Periode(fin - 6, fin),
        "mois": Periode(jour_de(aujourdhui.replace(day=1)), fin),
    }


class Jauges(Collector):
    """The gauges of one service, as of the last ``rafraichir``. A caisse with no activity has no series."""

    def __init__(self, service: ServiceDossiers) -> None:
        self._service = service
        self._familles: list[Metric] = []
        self._le = 0.0
        self._slugs = {RESEAU: NOM_RESEAU} | {c.code: c.slug for c in charger().caisses}

    def collect(self) -> Iterable[Metric]:
        return self._familles if time.monotonic() - self._le < PERIMEES else ()

    async def rafraichir(self) -> None:
        """Compute every indicator over its windows and replace what ``collect`` gives."""
        debut = time.monotonic()
        valeur = GaugeMetricFamily("vigie_indicateur_valeur", "Valeur de l'indicateur", labels=_LIBELLES)
        effectif = GaugeMetricFamily("vigie_indicateur_effectif", "Taille de l'échantillon", labels=_LIBELLES)
        nom = self._service.definition.nom
        secondes = int(self._service.clock.now().timestamp())
        noms = _noms_par_periode(fenetres(date_de(fuseau("Europe/Paris").jour(secondes))))
        async with self._service.a_l_instant.connect() as conn:
            indicateurs = indicateurs_du_service(nom)
            demandes = [Demande(indicateur, list(noms), secondes) for indicateur in indicateurs]
            tous = await self._service.gardees.ensemble(conn, demandes)
        for indicateur, tableaux in zip(indicateurs, tous, strict=True):
            for v in (v for tableau in tableaux for v in tableau.valeurs):
                for fenetre in noms[v.periode]:
                    libelles = (nom, indicateur.code, self._slugs[v.caisse], fenetre)
                    if v.valeur is not None:
                        valeur.add_metric(libelles, v.valeur)
                    effectif.add_metric(libelles, v.n)
        self._le = time.monotonic()
        duree = GaugeMetricFamily(
            "vigie_indicateur_rafraichissement_secondes", "Durée du dernier calcul des jauges", labels=["service"]
        )
        duree.add_metric([nom], self._le - debut)
        self._familles = [valeur, effectif, duree]

    async def entretenir(self, arret: asyncio.Event) -> None:
        """Refresh every INTERVALLE, or less often, until ``arret``; a database that is away is waited for."""
        await repeter("jauges", self.rafraichir, arret, lambda s: min(PERIMEES / 2, max(INTERVALLE, REPOS * s)))


def _noms_par_periode(voulues: dict[str, Periode]) -> dict[Periode, list[str]]:
    """Windows by period: on the first of a month, the day and the month are one."""
    noms: dict[Periode, list[str]] = {}
    for nom, periode in voulues.items():
        noms.setdefault(periode, []).append(nom)
    return noms


class MesuresCommunes(Collector):
    """The metrics that modules declare globally (log, ingestion), for an application's own registry."""

    def collect(self) -> Iterator[Metric]:
        for metrique in REGISTRY.collect():
            if metrique.name.startswith("vigie_"):
                yield metrique
