"""What becomes of a proposition is told to its two caisses by the alerts service: once each, in clear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.alerts.notifications.entraide import TraitementEntraide, dire, ecouter_entraide
from services.alerts.store.base import pilote, transaction
from shared.clock import SimulatedClock
from shared.database.connexion import acquerir
from shared.log.envoi import Relais
from tests.integration.alerts.conftest import Reseau, ouvrir_alertes
from tests.integration.api.conftest import instant
from tests.integration.entraide.atelier_propositions import Entraide, ouvrir_entraide
from tests.support.attente import attendre

DEPART = "2026-03-02 09:00"


@asynccontextmanager
async def _les_deux(url: str) -> AsyncIterator[tuple[Entraide, Reseau]]:
    clock = SimulatedClock(instant(DEPART))
    async with (
        ouvrir_alertes(url, clock, contacts_url="", claims_url="", entraide_url="https://entraide.exemple") as alertes,
        ouvrir_entraide(url, DEPART) as entraide,
    ):
        yield entraide, alertes


async def _dites(alertes: Reseau) -> list[tuple[str, str, str]]:
    lues = await alertes.service.pool.fetch(
        "SELECT caisse, objet, texte FROM alerts.notifications WHERE genre = 'entraide' ORDER BY numero"
    )
    return [tuple(ligne) for ligne in lues]


async def test_chaque_changement_est_dit_aux_deux_caisses_une_fois(postgres_url: str) -> None:
    async with _les_deux(postgres_url) as (entraide, alertes):
        numero = await entraide.proposer()
        await entraide.faire(numero, "accuse-reception", pour="cpam-31")
        await entraide.faire(numero, "refus", pour="cpam-75", motif="La file s'est vidée")
        async with acquerir(entraide.service.pool) as conn:
            await Relais(entraide.service.pool, "entraide", entraide.service.journal).relayer(conn)
        arret = asyncio.Event()
        ecoute = asyncio.create_task(ecouter_entraide(alertes.service, arret))

        async def tout_est_dit() -> bool:
            assert not ecoute.done(), ecoute.exception()
            return len(await _dites(alertes)) == 5

        await attendre(tout_est_dit)
        arret.set()
        await ecoute
        dites = await _dites(alertes)
        assert sorted(caisse for caisse, _, _ in dites) == ["cpam-31", "cpam-31", "cpam-75", "cpam-75", "cpam-75"]
        premier = next(texte for caisse, _, texte in dites if caisse == "cpam-75")
        assert "au plus tard le 9\u00a0mars\u00a02026" in premier
        assert "du 16\u00a0mars\u00a02026 au 29\u00a0mars\u00a02026, 1 ETP par semaine, 200\u00a0demandes" in premier
        assert premier.endswith(f"https://entraide.exemple/v1/propositions/{numero}")
        assert "La file s’est vidée" in dites[-1][2]


async def test_un_evenement_revenu_deux_fois_n_est_dit_qu_une(postgres_url: str) -> None:
    async with _les_deux(postgres_url) as (entraide, alertes):
        await entraide.proposer()
        (ligne,) = await entraide.service.pool.fetch("SELECT valeur FROM entraide.boite_envoi")
        traitement = TraitementEntraide(alertes.clock)
        for _ in range(2):
            async with transaction(alertes.service.moteur) as conn:
                entendus = traitement.preparer([_Record(ligne["valeur"])])  # type: ignore[list-item]
                await traitement.appliquer(await pilote(conn), entendus, 0)
            await dire(alertes.service)
        assert len(await _dites(alertes)) == 2


class _Record:
    def __init__(self, value: bytes) -> None:
        self.value = value
