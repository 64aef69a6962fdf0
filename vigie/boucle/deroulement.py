"""The loop itself: each morning the services and the people, then the day of the twin, then its events."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import uvloop

from services.claims.domain import DEFINITION as CLAIMS
from shared.dossiers.assemblage import ServiceDossiers
from shared.network.mois import jour_de_preparation
from simulator.envoi import Emetteur
from simulator.jumeau.evenements import Journal
from vigie.appels import Appels
from vigie.boucle.coordination import Coordination
from vigie.boucle.reglages import Reglages
from vigie.boucle.reseau import Reseau, matin, mois_entiers
from vigie.pile import Base, Pile, ports_libres
from vigie.travail import ecouler, service_ouvert

BASE = "vigie_boucle"

INDICATEUR = "delai_ij_premiere_non_subrogee_moyen"
"""What is looked at: the watched indicator of the process of the shipped crisis."""

Dire = Callable[[str], None]

REALLOCATION = 24 * 366
"""Hours between two allocations that nothing asked for: none here. Simulated days pass faster than its rounds."""


REPOS_S = 1
"""Seconds of real time between two rounds of entraide: a simulated week passes in a few."""


@dataclass(slots=True)
class Tour:
    """What a run did. ``comites``: what ``Coordination.comite`` says, and the day, by month; ``propositions`` as they
    were proposed, ``missions`` as they ended, each with its ``suivi`` and its ``effet``. ``mesures``: the indicator of
    the caisse as the service measures it, by month. ``suites``: by Monday, what the service says is left to do by each
    active mission of the caisse, of which those without use are released.
    """

    reseau: Reseau
    comites: dict[str, dict[str, Any]] = field(default_factory=dict)
    propositions: list[dict[str, Any]] = field(default_factory=list)
    acceptees_le: dict[int, date] = field(default_factory=dict)
    missions: list[dict[str, Any]] = field(default_factory=list)
    mesures: dict[str, float | None] = field(default_factory=dict)
    suites: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    evenements: int = 0
    refuses: int = 0
    secondes: float = 0.0


def boucler(reglages: Reglages, dossier: Path, dire: Dire) -> Tour:
    """Start the stack under ``dossier``, and run the loop to its end. Raises what stops it."""
    # Each event carries how many it stands for.
    environnement = {
        "VIGIE_ECHANTILLON": "1", "VIGIE_ALLOCATION_HEURES": str(REALLOCATION), "VIGIE_REPOS_S": str(REPOS_S),
    }  # fmt: skip
    os.environ.update(environnement)
    reseau = Reseau(reglages)
    pile = Pile(dossier, base=BASE, neuve=True, horloge="simulee", ports=ports_libres())
    with pile as debout, asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        return boucle.run(_boucler(reseau, debout, dossier, dire))


async def _boucler(reseau: Reseau, pile: Pile, dossier: Path, dire: Dire) -> Tour:
    base = Base(pile.database_url, pile.kafka_bootstrap, pile_en_marche=True)
    async with AsyncExitStack() as ouverts:
        claims = await ouverts.enter_async_context(service_ouvert(base, CLAIMS))
        emetteur = await ouverts.enter_async_context(
            Emetteur(pile.urls["contacts"], pile.urls["claims"], horloges=list(_a_l_heure(pile.urls)))
        )
        deroulement = Deroulement(Tour(reseau), emetteur, claims, pile, dossier, dire)
        return await deroulement.jouer()


def _a_l_heure(urls: Mapping[str, str]) -> list[str]:
    return [urls[nom] for nom in ("contacts", "claims", "alerts", "entraide")]


class Deroulement:
    """One run through one stack."""

    def __init__(
        self, tour: Tour, emetteur: Emetteur, claims: ServiceDossiers, pile: Pile, dossier: Path, dire: Dire
    ) -> None:
        self._tour, self._reseau, self._emetteur, self._claims, self._pile = tour, tour.reseau, emetteur, claims, pile
        self._dire = dire
        self._gens = Coordination(pile.urls["alerts"], pile.urls["entraide"], dossier)
        self._seances = {jour_de_preparation(m): str(m) for m in mois_entiers(tour.reseau.reglages)}
        self._rendez_vous: set[date] = set()

    async def jouer(self) -> Tour:
        """From the first day to the last."""
        debut = time.monotonic()
        reglages = self._reseau.reglages
        journal = Journal(self._reseau.jumeau, reglages.fraction, (reglages.process,))
        while (jour := self._reseau.demain) is not None:
            await self._matin(jour)
            journee = self._reseau.raconter(journal)
            await self._emetteur.envoyer(journee)
            self._tour.evenements += len(journee.contacts) + len(journee.claims)
            self._pile.verifier()
        await self._conclure()
        self._tour.secondes = time.monotonic() - debut
        return self._tour

    async def _matin(self, jour: date) -> None:
        """What is due this morning, once the services hold all that was sent; then what aidantes lend today."""
        mois = self._seances.get(jour)
        lundi = jour.weekday() == 0 and bool(self._gens.missions)
        if mois is None and jour not in self._rendez_vous and not lundi:
            await self._emetteur.dire_l_heure(matin(jour))
            if not self._gens.missions:
                return
            actives = [m for m in self._gens.missions if m["etat"] == "active"]
        else:
            await ecouler(self._claims, consommer=False)
            await self._emetteur.dire_l_heure(matin(jour))
            actives = await asyncio.to_thread(self._agir, jour, mois)
        self._reseau.preter(actives)

    def _agir(self, jour: date, mois: str | None) -> list[Mapping[str, Any]]:
        gens, tour = self._gens, self._tour
        if mois is not None:
            tour.comites[mois] = {"jour": str(jour), **gens.comite(mois)}
            besoins = tour.comites[mois]["besoins"]
            self._dire(f"{jour:%d/%m/%Y} : comité de {mois}, {len(besoins)} besoin{'s' if len(besoins) > 1 else ''}.")
        if jour.weekday() == 0 and gens.missions:
            gens.a_jour(jour)
            gens.revoir(jour)
        nouvelles = gens.accepter()
        tour.propositions += nouvelles
        tour.acceptees_le |= dict.fromkeys((p["id"] for p in nouvelles), jour)
        if nouvelles:
            self._rendez_vous |= gens.rendez_vous()
            self._dire(f"{jour:%d/%m/%Y} : {len(nouvelles)} propositions acceptées.")
        actives = gens.a_jour(jour)
        gens.mesurer(jour)
        if jour.weekday() != 0 or not actives:
            return actives
        siennes = [s for s in gens.suites(jour) if s["aidee"] == self._reseau.reglages.caisse]
        tour.suites[str(jour)] = siennes
        superflues = [s["id"] for s in siennes if s["utile"] is False]
        for numero in superflues:
            gens.liberer(numero)
        if superflues:
            self._dire(f"{jour:%d/%m/%Y} : {len(superflues)} missions libérées.")
        return [m for m in actives if m["id"] not in superflues]

    async def _conclure(self) -> None:
        await ecouler(self._claims, consommer=False)
        tour, gens = self._tour, self._gens
        compte = self._emetteur.compte
        tour.refuses = compte.refuses
        if compte.refuses:
            self._dire(f"{compte.refuses} événements refusés : {dict(compte.raisons)}")
        tour.missions = [
            {**m, "suivi": gens.suivi(m["id"]), "effet": gens.effet(m["id"])} for m in gens.lire_missions()
        ]
        tour.mesures = self._mesures()

    def _mesures(self) -> dict[str, float | None]:
        mois = mois_entiers(self._reseau.reglages)
        options = {"du": str(mois[0].du), "au": str(mois[-1].au), "caisse": self._reseau.reglages.caisse, "pas": "mois"}
        with Appels("claims", self._pile.urls["claims"]) as claims:
            lues = claims.lire(f"/v1/indicateurs/{INDICATEUR}/valeurs", options)["valeurs"]
        return {ligne["du"][:7]: ligne["valeur"] for ligne in lues}
