"""A mission on first IJ, with the claims service that sees its work: what was known before, what came after."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import httpx
from asgi_lifespan import LifespanManager

from services.claims.domain import DEFINITION as CLAIMS
from services.entraide.app import creer
from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.amonts import Amonts
from services.entraide.reglages import ReglagesEntraide
from services.entraide.suivi.ordonnancement import tour
from shared.clock import SimulatedClock
from shared.dossiers.assemblage import Definition
from tests.integration.alerts.conftest import servir
from tests.integration.api.conftest import Evenement, Pile, instant, ouvrir_pile
from tests.integration.entraide.atelier_propositions import LUNDI, Document, Entraide, Identites

AIDEE, AIDANTE = "cpam-75", "cpam-31"
TEMOINS = (
    "cpam-06", "cpam-13", "cpam-33", "cpam-34", "cpam-35", "cpam-38", "cpam-44", "cpam-67", "cpam-80",
)  # fmt: skip
DEPART = "2026-03-02 09:00"
VEILLE = date(2026, 3, 12)
"""The last evening known when the mission is projected."""

CONFIES, LOTS, SEMAINES = 3, 10, 4
"""Files of each lot of the aidée that the aidante works, ``LOTS`` each week, in so many weeks from ``LUNDI`` on."""

PREMIER_LOT = date(2026, 2, 2)
REDRESSEE = date(2026, 3, 2)
"""The first lot worked by the aidante; the first that the aidée, helped, pays as fast as the others."""


class Lot(NamedTuple):
    """Files alike of one caisse: how many, when they came, when they were paid and by whom."""

    sujet: str
    caisse: str
    nombre: int
    ouvert: date
    paye: date
    productrice: str | None = None


@dataclass
class Atelier:
    entraide: Entraide
    claims: Pile
    client: httpx.AsyncClient
    amonts: Amonts

    def il_est(self, texte: str) -> None:
        self.entraide.il_est(texte)
        self.claims.il_est(texte)

    async def recevoir(self, lots: list[Lot], apres: date | None, jusqu_a: date) -> None:
        """What these files became between two evenings."""
        evenements = [e for lot in lots if (e := _evenement(self.claims, lot, apres, jusqu_a)) is not None]
        for debut in range(0, len(evenements), 400):
            await self.claims.compter(*evenements[debut : debut + 400])

    async def vivre(self, lots: list[Lot], apres: date, jusqu_a: date) -> None:
        """The same, working day by working day: a source that says nothing for weeks is not believed."""
        for jour in [apres + timedelta(days=d) for d in range(1, (jusqu_a - apres).days + 1)]:
            if jour.isoweekday() <= 5 or jour == jusqu_a:
                self.il_est(f"{jour} 18:00")
                await self.recevoir(lots, apres, jour)
                apres = jour

    async def tour(self) -> dict[str, int]:
        await self.entraide.tour()
        return await tour(self.entraide.service, self.amonts)

    async def lire(self, chemin: str, statut: int = 200, **options: str) -> Document:
        reponse = await self.entraide.client.get(chemin, params=options)
        assert reponse.status_code == statut, reponse.text
        document: Document = reponse.json()
        return document


def _evenement(pile: Pile, lot: Lot, apres: date | None, jusqu_a: date) -> Evenement | None:
    jalons: dict[str, Any] = {}
    if lot.ouvert <= jusqu_a:
        jalons |= {"aat_recu": f"{lot.ouvert} 09:00", "dsij_recue": f"{lot.ouvert} 10:00"}
    if lot.paye <= jusqu_a:
        jalons["payee"] = f"{lot.paye} 15:00"
    deja = apres is not None and lot.ouvert <= apres
    if not jalons or (deja and (lot.paye <= apres or lot.paye > jusqu_a)):
        return None
    autres = {} if lot.productrice is None else {"productrice": lot.productrice}
    return pile.dossier(
        "ij",
        jalons,
        caisse=lot.caisse,
        nombre=lot.nombre,
        subject=lot.sujet,
        subrogee="non",
        risque="maladie",
        **autres,
    )


def files(du: date, au: date, *, aidee: bool) -> Iterator[Lot]:
    """Every working day of each caisse: about eight files, paid after some 18 days; at the aidée 36, until its mission.
    ``aidee``: it has one."""
    lots = [jour for d in range((au - du).days + 1) if (jour := du + timedelta(days=d)).isoweekday() <= 5]
    for rang, jour in enumerate(lots):
        for place, caisse in enumerate((AIDEE, AIDANTE, *TEMOINS)):
            hasard = (rang * rang + 3 * place + place * jour.month) % 7
            nombre, duree, sujet = 5 + hasard, 15 + hasard, f"{caisse}-{jour}"
            if caisse == AIDEE and not (aidee and jour >= REDRESSEE):
                duree += 18
            ordre = rang - next(r for r, j in enumerate(lots) if j >= PREMIER_LOT)
            if caisse == AIDEE and aidee and 0 <= ordre < LOTS * SEMAINES:
                mercredi = date.fromisoformat(LUNDI) + timedelta(days=7 * (ordre // LOTS) + 2)
                yield Lot(f"{sujet}-a", caisse, CONFIES, jour, mercredi, AIDANTE)
                nombre -= CONFIES
            yield Lot(sujet, caisse, nombre, jour, jour + timedelta(days=duree))


@asynccontextmanager
async def ouvrir_atelier(url: str, definition: Definition = CLAIMS) -> AsyncIterator[Atelier]:
    """``definition``: of the one service that answers."""
    async with ouvrir_pile(definition, url) as claims, servir(claims.app) as adresse:
        clock, identites = SimulatedClock(instant(DEPART)), Identites()
        adresses = {"claims_url": "", "contacts_url": "", "alerts_url": "", f"{definition.nom}_url": adresse}
        reglages = ReglagesEntraide(database_url=url, role="api", **adresses)
        app = creer(reglages, clock)
        app.state.identite = identites
        async with (
            LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as vie,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=vie.app), base_url="http://essai", timeout=60
            ) as client,
            httpx.AsyncClient() as sortant,
        ):
            service = app.pieces[ServiceEntraide]
            assert isinstance(service, ServiceEntraide)
            entraide = Entraide(app, service, client, clock, identites)
            yield Atelier(entraide, claims, client, Amonts(sortant, reglages.amonts))
