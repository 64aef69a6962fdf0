"""One look at everything that is watched: what the owners of the indicators answer, made into observations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.alerts.consumers.lecture import Amont, LectureImpossible
from services.alerts.domain.cibles import Adaptees, regroupees
from services.alerts.domain.continuite import (
    ReglagesContinuite,
    SourceMuette,
    inhibitions,
    observer_stock,
    semaines,
    stocks_surveilles,
)
from services.alerts.domain.etats import Observation
from services.alerts.domain.performance import Inhibitions, essais, fenetre, observer_mesures, surveilles_le
from services.alerts.domain.portee import Neutralisation
from shared.catalogue.indicateurs import indicateur
from shared.indicators.fausses_decouvertes import Mesure as Essai


@dataclass(slots=True)
class Recolte:
    """What was read. ``muettes`` None: nobody follows the sources. ``sans_reponse``: what could not be, in words."""

    observations: list[Observation] = field(default_factory=list)
    essais: list[Essai] = field(default_factory=list)
    muettes: list[SourceMuette] | None = None
    sans_reponse: list[str] = field(default_factory=list)


async def recolter(
    amont: Amont,
    processus: Collection[str] | None,
    jour: date,
    instant: datetime,
    neutralisations: Sequence[Neutralisation],
    adaptees: Adaptees,
    reglages: ReglagesContinuite,
) -> Recolte:
    """Read the watched indicators of these processes (None: all of them), and the sources in every case."""
    recolte = Recolte()
    await _sources(amont, recolte)
    inhibees = inhibitions(recolte.muettes or ())
    surveilles = surveilles_le(jour)
    for surveille in surveilles:
        defini = indicateur(surveille.indicateur)
        if processus is not None and defini.process not in processus:
            continue
        groupes = regroupees(surveille, adaptees)
        a_part = {caisse for _, caisses in groupes for caisse in caisses or ()}
        for propre, caisses in groupes:
            try:
                lues = await amont.mesures(propre, fenetre(propre, jour), avec_preuves=processus is None)
            except LectureImpossible as exc:
                recolte.sans_reponse.append(str(exc))
                continue
            mesures = [m for m in lues if (m.caisse not in a_part if caisses is None else m.caisse in caisses)]
            recolte.observations += observer_mesures(
                propre, mesures, jour, instant, neutralisations, inhibees, adaptees
            )
            recolte.essais += essais(propre, mesures, inhibees)
    vus = {indicateur(s.indicateur).process for s in surveilles}
    await _stocks(amont, recolte, vus if processus is None else vus & set(processus), jour, instant, inhibees, reglages)
    recolte.sans_reponse = sorted(set(recolte.sans_reponse))
    return recolte


async def _sources(amont: Amont, recolte: Recolte) -> None:
    for service in amont.adresses:
        try:
            muettes = await amont.sources(service)
        except LectureImpossible as exc:
            recolte.sans_reponse.append(str(exc))
            continue
        if muettes is not None:
            recolte.muettes = [*(recolte.muettes or ()), *muettes]


async def _stocks(
    amont: Amont,
    recolte: Recolte,
    processus: Collection[str],
    jour: date,
    instant: datetime,
    inhibees: Inhibitions,
    reglages: ReglagesContinuite,
) -> None:
    for defini in stocks_surveilles(processus):
        try:
            series = await amont.series(defini, *semaines(jour, reglages.semaines))
        except LectureImpossible as exc:
            recolte.sans_reponse.append(str(exc))
            continue
        recolte.observations += [
            observer_stock(defini, caisse, serie, instant, reglages, inhibees.get((defini.process, caisse)))
            for caisse, serie in series.items()
        ]
