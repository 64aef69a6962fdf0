"""A proposal answered from its page by those whose roles let them, then what it changed, on the page of the caisse."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from services.console.app import creer as creer_console
from services.console.reglages import ReglagesConsole
from services.entraide.app import creer as creer_entraide
from services.entraide.assemblage import ServiceEntraide
from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.propositions import store as propositions
from services.entraide.propositions.echeances import tour
from services.entraide.propositions.lignes import Ligne
from services.entraide.reglages import ReglagesEntraide
from services.entraide.suivi import store as suivi
from shared.clock import SystemClock
from shared.database.transactions import transaction
from shared.network.jours import jour_de
from tests.integration.alerts.conftest import servir
from tests.support.emetteur import AUDIENCE, CLIENT, SECRET, emetteur_en_marche
from tests.support.guichet import Guichet

CONSOLE, NULLE_PART = "http://127.0.0.1:8105", "http://127.0.0.1:9"
AIDANTE, AIDEE = "cpam-31", "cpam-75"
_CACHE = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_CHOIX = re.compile(r'<option value="([^"]+)"')


@dataclass
class Personnes:
    """A browser in which one person after another logs in."""

    client: httpx.AsyncClient
    guichet: Guichet
    service: ServiceEntraide
    numero: int

    @property
    def adresse(self) -> str:
        return f"/entraide/propositions/{self.numero}"

    def est(self, *roles: str) -> None:
        self.client.cookies.clear()
        self.guichet.personne = {"sub": "-".join(roles), "name": "Essai", "realm_access": {"roles": list(roles)}}

    async def page(self, chemin: str) -> str:
        reponse = await self.client.get(chemin)
        assert reponse.status_code == 200, reponse.text
        return reponse.text

    async def formulaires(self) -> dict[str, tuple[dict[str, str], list[str]]]:
        """The acts that the page of the proposal offers: hidden fields, and the choices of who it is for."""
        page = await self.page(self.adresse)
        return {
            acte: ({nom: unescape(valeur) for nom, valeur in _CACHE.findall(corps)}, _CHOIX.findall(corps))
            for acte, corps in re.findall(rf'action="{self.adresse}/([^"]+)">(.*?)</form>', page, re.DOTALL)
        }

    async def agir(self, acte: str) -> str:
        caches, _ = (await self.formulaires())[acte]
        reponse = await self.client.post(f"{self.adresse}/{acte}", data=caches)
        assert reponse.status_code == 200, reponse.text
        return reponse.text


@pytest.fixture
def guichet() -> Iterator[Guichet]:
    with emetteur_en_marche(Guichet) as guichet:
        yield guichet


@pytest.fixture
async def personnes(guichet: Guichet, postgres_url: str) -> AsyncIterator[Personnes]:
    """The console before an entraide API as in production, where Toulouse is asked to help Paris since last Monday."""
    identite = {
        "mode": "production", "oidc_emetteur": guichet.url, "oidc_audience": AUDIENCE, "oidc_client": CLIENT,
        "oidc_secret": SecretStr(SECRET),
    }  # fmt: skip
    ailleurs = dict.fromkeys(("contacts_url", "claims_url", "alerts_url"), NULLE_PART)
    async with AsyncExitStack() as pile:
        reglages = ReglagesEntraide(database_url=postgres_url, role="api", **ailleurs, **identite)  # type: ignore[arg-type]
        app = creer_entraide(reglages, SystemClock())
        await pile.enter_async_context(LifespanManager(app, startup_timeout=30, shutdown_timeout=30))
        service = app.pieces[ServiceEntraide]
        assert isinstance(service, ServiceEntraide)
        maintenant = datetime.now(UTC)
        lundi = maintenant.date() - timedelta(days=maintenant.weekday() + 7)
        termes = Termes(jour_de(lundi), (100,) * 8, 200)
        ligne = Ligne(f"2026-02|{AIDEE}|ij", "pole", AIDANTE, AIDEE, "ij", termes, {"phrase": "Le besoin est couvert."})
        async with transaction(service.moteur) as conn:
            (numero,) = await propositions.proposer(conn, 1, [ligne], maintenant)
        entraide = await pile.enter_async_context(servir(app))
        console = creer_console(
            ReglagesConsole(console_url=CONSOLE, entraide_url=entraide, **ailleurs, **identite),  # type: ignore[arg-type]
            SystemClock(),
        )
        vie = await pile.enter_async_context(LifespanManager(console))
        client = httpx.AsyncClient(
            mounts={CONSOLE: httpx.ASGITransport(app=vie.app)}, base_url=CONSOLE, follow_redirects=True
        )
        yield Personnes(await pile.enter_async_context(client), guichet, service, numero)


async def test_chacun_n_a_que_les_boutons_de_son_role(personnes: Personnes) -> None:
    personnes.est(f"coordinateur:{AIDANTE}")
    siens = await personnes.formulaires()
    assert siens.keys() == {"accuse-reception", "acceptation", "amendement", "refus"}
    assert {caches["par"] for caches, _ in siens.values()} == {AIDANTE}

    personnes.est("coordination-phare")
    nationaux = await personnes.formulaires()
    assert nationaux["acceptation"][1] == [AIDANTE, AIDEE]
    assert nationaux["annulation"][0]["par"] == "coordination-phare"

    for role in ("auditeur", "comite", f"caisse:{AIDEE}", "coordinateur:cpam-06"):
        personnes.est(role)
        assert await personnes.formulaires() == {}, role
        assert "Vos rôles ouvrent la lecture." in await personnes.page(personnes.adresse)
        assert "Établir un plan maintenant" not in await personnes.page("/entraide")


async def test_une_proposition_acceptee_des_deux_cotes_montre_son_effet_sur_la_page_de_l_aidee(
    personnes: Personnes,
) -> None:
    for slug in (AIDANTE, AIDEE):
        personnes.est(f"coordinateur:{slug}")
        assert "Proposition acceptée." in await personnes.agir("acceptation")
    personnes.est(f"coordinateur:{AIDANTE}")
    assert "Ordre de mission donné." in await personnes.agir("ordre-de-mission")
    await tour(personnes.service.moteur, datetime.now(UTC))
    faite = suivi.Faite(personnes.numero, 1, "aidee", "delai_ij_premiere_non_subrogee_moyen", "1")
    phrase = "Le délai moyen a baissé de 9 jours de plus que chez les caisses comparables."
    async with transaction(personnes.service.moteur) as conn:
        await suivi.garder_effets(conn, {faite: {"phrase": phrase, "conclusion": "amelioree"}}, datetime.now(UTC))

    personnes.est(f"caisse:{AIDEE}")
    page = await personnes.page(f"/caisses/{AIDEE}")
    recue = page[page.index("<h3>Aide reçue</h3>") :]
    assert "Par la CPAM de la Haute-Garonne" in recue
    assert "(en cours)" in recue
    assert phrase in recue
    assert "Ce qui reste à mesurer" in recue
    assert phrase not in await personnes.page(f"/caisses/{AIDANTE}")
