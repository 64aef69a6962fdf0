"""The whole stack as processes run it, in one process: three services on one PostgreSQL and the embedded log, a real
SMTP server, a real HTTP receiver, a real Alertmanager, and one present that the tests move."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import pytest

from services.alerts.app import evaluer_sans_fin
from services.alerts.comite import ordonnanceur
from services.alerts.comite.ordonnanceur import ordonner
from services.alerts.consumers.evaluation import _VERROU as VERROU_EVALUATION
from services.alerts.suivis import ordonnancement
from services.alerts.suivis.ordonnancement import suivre
from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from shared.clock import SimulatedClock
from tests.integration.alerts.acceptation.scenario import BRUIT, CALMES, CRISE, DERIVE, DURABLE, PANNE, envois
from tests.integration.alerts.conftest import Document, Reseau, journal_capture, ouvrir_alertes, servir
from tests.integration.alerts.notifications.conftest import Courrier, Recepteur, servir_recepteur
from tests.integration.alerts.test_alertmanager import Alertmanager, client, serveur
from tests.integration.api.conftest import LOT, PARIS, instant, ouvrir_pile
from tests.support.attente import attendre

__all__ = ["client", "journal_capture", "serveur"]

PREMIER_JOUR = date(2026, 1, 7)
DEPART = "2026-06-01 08:00"
LOT_MAX = 500
MEMBRES = [{"identifiant": i, "nom": n} for i, n in (("local", "Mme Dubois"), ("b", "M. Bernard"), ("c", "Mme Caron"))]


@dataclass
class Monde:
    """``present``: the day up to which the sources have sent everything, that day in."""

    reseau: Reseau
    courrier: Courrier
    recepteur: Recepteur
    present: date = PREMIER_JOUR - timedelta(days=1)

    async def jusqu_au(self, texte: str) -> None:
        """Live until then: what the sources send, then what the service makes of it, its evaluation awaited.

        While days of events go by in a second nobody evaluates: half of them would be a silence.
        """
        voulu = instant(texte)
        async with self.reseau.service.pool.acquire() as conn:
            await conn.execute("SELECT pg_advisory_lock($1)", VERROU_EVALUATION)
            try:
                await self._vivre(voulu)
            finally:
                await conn.execute("SELECT pg_advisory_unlock($1)", VERROU_EVALUATION)
        await attendre(lambda: self._evaluee(voulu), 60, f"l'évaluation du {texte}")

    async def _vivre(self, voulu: datetime) -> None:
        piles = {"contacts": self.reseau.contacts, "claims": self.reseau.claims}
        for pile in piles.values():
            assert pile is not None
            pile.clock.advance_to(voulu)
        a_envoyer: dict[str, list[Any]] = {"contacts": [], "claims": []}
        for service, evenement in envois(self.present + timedelta(days=1), voulu.date()):
            a_envoyer[service].append(evenement)
        self.present = voulu.date()
        for service, evenements in a_envoyer.items():
            pile, suite = piles[service], iter(evenements)
            assert pile is not None
            while lot := list(islice(suite, LOT_MAX)):
                reponse = await pile.poster(lot, LOT)
                assert {r["statut"] for r in reponse.json()["resultats"]} == {"accepte"}
            await pile.ecouler()
        self.reseau.clock.advance_to(voulu)

    async def _evaluee(self, voulu: datetime) -> bool:
        lue = await self.reseau.service.pool.fetchrow("SELECT complete_le, sans_reponse FROM alerts.evaluation")
        return lue is not None and lue["complete_le"] >= voulu and not lue["sans_reponse"]

    async def tout_part(self) -> None:
        """Wait until nothing that is due waits to leave."""

        async def parti() -> bool:
            return not await self.reseau.service.pool.fetchval(
                "SELECT count(*) FROM alerts.livraisons WHERE prochain_essai <= $1", self.reseau.clock.now()
            )

        await attendre(parti, 60, "le courrier part")

    async def comite(self, mois: str) -> Document:
        """Hold the comité that the scheduler prepared: everything proposed is accepted. What it was given to decide,
        by caisse, is in ``mesures``."""
        chemin = f"/v1/comites/{mois}"

        async def prepare() -> bool:
            return (await self.reseau.client.get(chemin)).json().get("etat") == "preparee"

        await attendre(prepare, 60, f"le comité de {mois} se prépare de lui-même")
        await self._acte(chemin, "ouverture", {"president": "local", "membres": MEMBRES})
        ouvert = await self.reseau.lire(chemin)
        decisions = [{"caisse": m["caisse"], "mesure": m["mesure"], "issue": "acceptee"} for m in ouvert["mesures"]]
        if decisions:
            await self._acte(chemin, "decisions", decisions)
        await self._acte(chemin, "cloture", None)
        await self.tout_part()
        return ouvert

    async def _acte(self, chemin: str, quoi: str, corps: Any) -> None:
        vu = (await self.reseau.client.get(chemin)).headers["etag"]
        reponse = await self.reseau.envoyer("POST", f"{chemin}/{quoi}", corps, if_match=vu)
        assert reponse.status_code == 200, reponse.text


@asynccontextmanager
async def ouvrir_monde(url: str, home: Any, alertmanager: str, recepteur: Recepteur) -> AsyncIterator[Monde]:
    async with AsyncExitStack() as pile:
        courrier = Courrier()
        await courrier.ouvrir()
        pile.push_async_callback(courrier.fermer)
        services, adresses = {}, {}
        for definition in (CONTACTS, CLAIMS):
            ouverte = await pile.enter_async_context(ouvrir_pile(definition, url))
            services[definition.nom] = ouverte
            adresses[f"{definition.nom}_url"] = await pile.enter_async_context(servir(ouverte.app))
        reseau = await pile.enter_async_context(
            ouvrir_alertes(
                url, SimulatedClock(instant(DEPART)), **adresses, home=home, alertmanager_url=alertmanager,
                alertmanager_relance_s=1.0, smtp_hote="localhost", smtp_port=courrier.port, smtp_tls="aucun",
                webhooks_autorises=("127.0.0.0/8",),
            )
        )  # fmt: skip
        reseau.contacts, reseau.claims = services["contacts"], services["claims"]
        sortant = await pile.enter_async_context(httpx.AsyncClient())
        arret = asyncio.Event()
        monde = Monde(reseau, courrier, recepteur)
        await _declarer_les_contacts(monde)
        relais = [asyncio.create_task(p.service.relais().executer()) for p in services.values()]
        au_travail = [
            asyncio.create_task(travail)
            for travail in (
                evaluer_sans_fin(reseau.service, sortant, arret),
                ordonner(reseau.service, sortant, arret),
                suivre(reseau.service, sortant, arret),
            )
        ]
        try:
            yield monde
        finally:
            arret.set()
            for tache in relais:
                tache.cancel()
            await asyncio.gather(*relais, return_exceptions=True)
            await asyncio.wait_for(asyncio.gather(*au_travail), 40)


async def _declarer_les_contacts(monde: Monde) -> None:
    for caisse in (CRISE, PANNE, DERIVE, BRUIT, DURABLE, *CALMES):
        chemin = f"/v1/caisses/{caisse}/contacts"
        vu = (await monde.reseau.client.get(chemin)).headers["etag"]
        corps: Document = {"contacts": [{"nom": "La direction", "courriel": f"direction@{caisse}.test"}]}
        if caisse == CRISE:
            corps["webhook"] = {"url": monde.recepteur.url}
        reponse = await monde.reseau.envoyer("PUT", chemin, corps, if_match=vu)
        assert reponse.status_code == 200, reponse.text
        if caisse == CRISE:
            monde.recepteur.secret = reponse.json()["webhook"]["secret"]


@pytest.fixture
async def monde(
    postgres_url: str, tmp_path: Any, serveur: Alertmanager, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Monde]:
    """The stack at work on the first of June 2026, before any event."""
    del client  # Alertmanager is ready.
    monkeypatch.setattr(ordonnanceur, "PERIODE_S", 0.2)
    monkeypatch.setattr(ordonnancement, "PERIODE_S", 1.0)
    async with (
        servir_recepteur(Recepteur()) as recepteur,
        ouvrir_monde(postgres_url, tmp_path, serveur.adresse, recepteur) as ouvert,
    ):
        yield ouvert


def jour_de(document: Document) -> date:
    return datetime.fromisoformat(document["ouverte_le"]).astimezone(PARIS).date()
