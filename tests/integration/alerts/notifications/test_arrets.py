"""The facteur is killed at the worst moments: nothing is lost, and a receiver that honours the id sees one message."""

import asyncio
import os
import signal
import sys
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from services.alerts.notifications.domain import Resultat
from services.alerts.notifications.envoi import Envoi, Voie
from tests.integration.alerts.notifications.conftest import OuvrirPoste, Poste, Recepteur, accepter
from tests.support.attente import attendre


async def brancher(poste: Poste, recepteur: Recepteur) -> None:
    document = await poste.declarer("direction@caisse.test", webhook=recepteur.url, courriel=False)
    recepteur.secret = document["webhook"]["secret"]


async def test_a_process_killed_while_it_sends_holds_nothing(
    ouvrir_poste: OuvrirPoste, recepteur: Recepteur, postgres_url: str
) -> None:
    lache = asyncio.Event()

    async def retenue(request: Request) -> Response:
        await lache.wait()
        return Response(status_code=204)

    async with ouvrir_poste() as poste:
        await brancher(poste, recepteur)
        recepteur.comportement = retenue
        identifiant = await poste.publier("a", accuse_attendu=False)
        processus = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.facteur_seul", postgres_url, poste.clock.now().isoformat(),
            env=os.environ | {"VIGIE_HOME": str(poste.dossier)},
        )  # fmt: skip
        await attendre(lambda: recepteur.appels == 1)
        await poste.facteur().tour()
        assert recepteur.appels == 1, "the row is held by the process that sends it"
        processus.send_signal(signal.SIGKILL)
        await processus.wait()
        lache.set()
        recepteur.comportement = accepter
        await poste.passer(1, pas_minutes=1)
        assert (await poste.detail(identifiant))["etat"] == "remise"
        assert set(recepteur.corps) == {str(identifiant)}


class MeurtApres:
    """A channel whose process dies right after the receiver took the message."""

    def __init__(self, voie: Voie) -> None:
        self.voie = voie

    async def envoyer(self, envoi: Envoi) -> Resultat:
        await self.voie.envoyer(envoi)
        raise asyncio.CancelledError


async def test_killed_between_the_answer_and_its_writing_the_same_message_comes_again(
    poste: Poste, recepteur: Recepteur
) -> None:
    await brancher(poste, recepteur)
    identifiant = await poste.publier("a", accuse_attendu=False)
    facteur = poste.facteur()
    mourant = replace(facteur, voies={**facteur.voies, "webhook": MeurtApres(facteur.voies["webhook"])})
    with pytest.raises(asyncio.CancelledError):
        await mourant.tour()
    premier = recepteur.corps[str(identifiant)]
    recepteur.corps.clear()
    await poste.passer(1, pas_minutes=1)
    assert recepteur.appels == 2
    assert recepteur.corps == {str(identifiant): premier}
    assert (await poste.detail(identifiant))["etat"] == "remise"


async def test_a_channel_at_fault_keeps_nothing_else_from_leaving(poste: Poste, recepteur: Recepteur) -> None:
    class EnFaute:
        async def envoyer(self, envoi: Envoi) -> Resultat:
            raise KeyError(envoi.genre)

    await brancher(poste, recepteur)
    await poste.declarer("direction@caisse.test", webhook=recepteur.url)
    identifiant = await poste.publier("a", accuse_attendu=False)
    facteur = poste.facteur()
    await replace(facteur, voies={**facteur.voies, "webhook": EnFaute()}).tour()
    assert len(poste.courrier.recus) == 1
    etats = {li["canal"]: li["etat"] for li in (await poste.detail(identifiant))["livraisons"]}
    assert etats == {"courriel": "envoyee", "webhook": "a_envoyer"}


async def test_the_facteur_of_the_service_stops_when_asked(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    arret = asyncio.Event()
    tache = asyncio.create_task(poste.facteur().executer(arret))
    await poste.publier("a", accuse_attendu=False)
    await attendre(lambda: len(poste.courrier.recus) == 1)
    arret.set()
    await asyncio.wait_for(tache, 5)
