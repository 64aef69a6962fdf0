"""Webhooks on a real HTTP receiver: signed, sent until they arrive, never where they may not go."""

import asyncio
import base64
import uuid
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tests.integration.alerts.notifications.conftest import (
    OuvrirPoste,
    Poste,
    Recepteur,
    accepter,
    servir_recepteur,
)  # fmt: skip
from tests.support.attente import attendre

Comportement = Callable[[Request], Awaitable[Response]]


async def brancher(poste: Poste, recepteur: Recepteur) -> None:
    document = await poste.declarer("direction@caisse.test", webhook=recepteur.url, courriel=False)
    recepteur.secret = document["webhook"]["secret"]


async def test_a_signed_cloudevent_arrives_with_the_stable_id(poste: Poste, recepteur: Recepteur) -> None:
    await brancher(poste, recepteur)
    identifiant = await poste.publier("a", donnees={"mois": "2026-10"})
    await poste.facteur().tour()
    evenement = msgspec.json.decode(recepteur.corps[str(identifiant)])
    assert evenement["specversion"] == "1.0"
    assert evenement["id"] == str(identifiant)
    assert evenement["type"] == "vigie.notification.essai.v1"
    assert evenement["subject"] == "cpam-31"
    assert evenement["data"]["mois"] == "2026-10"
    assert (await poste.detail(identifiant))["etat"] == "remise"


async def test_the_secret_is_told_once_and_never_read_again(poste: Poste, recepteur: Recepteur) -> None:
    await brancher(poste, recepteur)
    assert recepteur.secret.startswith("whsec_")
    assert "secret" not in (await poste.reseau.lire("/v1/caisses/cpam-31/contacts"))["webhook"]
    assert "secret" not in (await poste.declarer("d@caisse.test", webhook=recepteur.url))["webhook"]


async def test_the_secret_is_sealed_at_rest_and_the_key_rotates(
    ouvrir_poste: OuvrirPoste, recepteur: Recepteur
) -> None:
    une, autre = (SecretStr(base64.b64encode(bytes([n]) * 32).decode()) for n in (1, 2))
    garde = "SELECT webhook_secret FROM alerts.destinataires WHERE caisse = 'cpam-31'"
    async with ouvrir_poste(cle_secrets=une) as poste:
        await brancher(poste, recepteur)
        avant = await poste.reseau.service.pool.fetchval(garde)
    assert avant.startswith("v1.")
    assert recepteur.secret not in avant
    async with ouvrir_poste(cle_secrets=autre, cle_secrets_precedente=une) as poste:
        identifiant = await poste.publier("a")
        await poste.facteur().tour()
        assert (await poste.detail(identifiant))["etat"] == "remise", "signé du même secret"
        assert await poste.reseau.service.pool.fetchval(garde) != avant, "scellé de nouveau par la nouvelle clé"
    async with ouvrir_poste(cle_secrets=autre) as poste:
        identifiant = await poste.publier("b")
        await poste.facteur().tour()
        assert (await poste.detail(identifiant))["etat"] == "remise", "l'ancienne clé peut disparaître"
    async with ouvrir_poste(cle_secrets=une) as poste:
        identifiant = await poste.publier("c")
        await poste.facteur().tour()
        detail = await poste.detail(identifiant)
        assert (detail["etat"], "clé que ce service n'a pas" in str(detail["livraisons"])) == ("a_envoyer", True)


async def panne(request: Request) -> Response:
    return Response(status_code=500)


async def debordee(request: Request) -> Response:
    return Response(status_code=503, headers={"retry-after": "7200"})


async def lente(request: Request) -> Response:
    await asyncio.sleep(3)
    return Response(status_code=204)


async def redirige(request: Request) -> Response:
    return RedirectResponse("http://127.0.0.1:1/ailleurs")


@pytest.mark.parametrize("comportement", [panne, debordee, lente, redirige])
async def test_a_receiver_in_trouble_is_asked_again_until_it_takes_it(
    ouvrir_poste: OuvrirPoste, recepteur: Recepteur, comportement: Comportement
) -> None:
    async with ouvrir_poste(envoi_delai_s=1.0) as poste:
        await brancher(poste, recepteur)
        recepteur.comportement = comportement
        identifiant = await poste.publier("a", accuse_attendu=False)
        await poste.facteur().tour()
        assert recepteur.appels == 1
        assert not recepteur.corps
        assert (await poste.detail(identifiant))["etat"] == "a_envoyer"
        recepteur.comportement = accepter
        await poste.passer(3, pas_minutes=10)
        assert list(recepteur.corps) == [str(identifiant)]
        assert recepteur.appels == 2


async def test_the_wish_of_the_receiver_is_honoured(poste: Poste, recepteur: Recepteur) -> None:
    await brancher(poste, recepteur)
    recepteur.comportement = debordee
    await poste.publier("a", accuse_attendu=False)
    await poste.facteur().tour()
    recepteur.comportement = accepter
    await poste.passer(1.5, pas_minutes=10)
    assert recepteur.appels == 1
    await poste.passer(1, pas_minutes=10)
    assert recepteur.appels == 2


async def test_a_connection_cut_before_the_answer_is_a_try_that_failed(poste: Poste) -> None:
    coupures = 0

    async def couper(lecteur: asyncio.StreamReader, plume: asyncio.StreamWriter) -> None:
        nonlocal coupures
        coupures += 1
        await lecteur.readuntil(b"\r\n\r\n")
        plume.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\ncoup")
        await plume.drain()
        plume.transport.abort()

    serveur = await asyncio.start_server(couper, "127.0.0.1", 0)
    port = serveur.sockets[0].getsockname()[1]
    async with serveur:
        await poste.declarer("d@caisse.test", webhook=f"http://127.0.0.1:{port}/", courriel=False)
        identifiant = await poste.publier("a", accuse_attendu=False)
        await poste.facteur().tour()
    assert coupures == 1
    (livraison,) = (await poste.detail(identifiant))["livraisons"]
    assert livraison["etat"] == "a_envoyer"
    assert "Connexion" in livraison["detail"]


async def test_a_receiver_down_for_a_day_gets_everything_once_and_keeps_its_place(poste: Poste) -> None:
    recepteur = Recepteur()
    async with servir_recepteur(recepteur):
        await brancher(poste, recepteur)
    identifiants = {str(await poste.publier(f"jour-{i}", accuse_attendu=False)) for i in range(4)}
    await poste.passer(24)
    assert not recepteur.corps
    async with servir_recepteur(recepteur):
        await poste.passer(11)
    assert set(recepteur.corps) == identifiants
    assert recepteur.appels == len(identifiants)
    webhook = (await poste.reseau.lire("/v1/caisses/cpam-31/contacts"))["webhook"]
    assert webhook["actif"]
    assert webhook["echec_depuis"] is None


async def test_a_webhook_that_only_fails_is_set_aside_the_caisse_is_told_and_nothing_is_lost(
    poste: Poste, recepteur: Recepteur
) -> None:
    await brancher(poste, recepteur)
    await poste.declarer("direction@caisse.test", webhook=recepteur.url)
    recepteur.comportement = panne
    for jour in range(5):
        await poste.publier(f"jour-{jour}", accuse_attendu=False)
        await poste.passer(24, pas_minutes=120)
    webhook = (await poste.reseau.lire("/v1/caisses/cpam-31/contacts"))["webhook"]
    assert not webhook["actif"]
    assert "3 jours" in webhook["motif"]
    assert [m["Subject"] for m in poste.courrier.recus if "webhook" in m["Subject"]] == ["Votre webhook est désactivé"]
    appels = recepteur.appels
    dernier = await poste.publier("encore", accuse_attendu=False)
    await poste.passer(4)
    assert recepteur.appels == appels
    recepteur.comportement = accepter
    await poste.declarer("direction@caisse.test", webhook=recepteur.url)
    await poste.facteur().tour()
    assert str(dernier) in recepteur.corps


async def test_410_sets_it_aside_at_once(poste: Poste, recepteur: Recepteur) -> None:
    async def partie(request: Request) -> Response:
        return Response(status_code=410)

    await brancher(poste, recepteur)
    recepteur.comportement = partie
    await poste.publier("a")
    await poste.facteur().tour()
    assert not (await poste.reseau.lire("/v1/caisses/cpam-31/contacts"))["webhook"]["actif"]


@pytest.mark.parametrize("hote", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
async def test_an_internal_address_is_never_called(ouvrir_poste: OuvrirPoste, recepteur: Recepteur, hote: str) -> None:
    async with ouvrir_poste(webhooks_autorises=()) as poste:
        await poste.declarer("d@caisse.test", webhook=f"http://{hote}:{recepteur.port}/", courriel=False)
        identifiant = await poste.publier("a", accuse_attendu=False)
        await poste.facteur().tour()
        (livraison,) = (await poste.detail(identifiant))["livraisons"]
    assert recepteur.appels == 0
    assert livraison["etat"] == "a_envoyer"
    assert "réseau interne" in livraison["detail"] or "mène nulle part" in livraison["detail"]


async def test_a_facteur_killed_while_it_sends_leaves_the_message_to_the_next_one(
    poste: Poste, recepteur: Recepteur
) -> None:
    await brancher(poste, recepteur)
    lache = asyncio.Event()

    async def retenue(request: Request) -> Response:
        await lache.wait()
        return Response(status_code=204)

    recepteur.comportement = retenue
    identifiant = await poste.publier("a", accuse_attendu=False)
    tache = asyncio.create_task(poste.facteur().tour())
    await attendre(lambda: recepteur.appels == 1)
    tache.cancel()
    await asyncio.gather(tache, return_exceptions=True)
    lache.set()
    recepteur.comportement = accepter
    assert (await poste.detail(identifiant))["etat"] == "a_envoyer"
    await poste.passer(1, pas_minutes=1)
    assert (await poste.detail(identifiant))["etat"] == "remise"
    assert set(recepteur.corps) == {str(identifiant)}


async def test_two_facteurs_never_send_one_message_at_the_same_time_even_if_the_clock_jumps(
    poste: Poste, recepteur: Recepteur
) -> None:
    await brancher(poste, recepteur)
    ensemble: dict[str, int] = {}
    simultanes = 0

    async def compter(request: Request) -> Response:
        nonlocal simultanes
        cle = request.headers["webhook-id"]
        ensemble[cle] = ensemble.get(cle, 0) + 1
        simultanes = max(simultanes, ensemble[cle])
        poste.clock.advance_to(poste.clock.now().replace(day=poste.clock.now().day + 1))
        await asyncio.sleep(0.2)
        ensemble[cle] -= 1
        return Response(status_code=204)

    recepteur.comportement = compter
    identifiants: set[uuid.UUID] = {await poste.publier(f"n-{i}", accuse_attendu=False) for i in range(6)}
    await asyncio.gather(poste.facteur().tour(), poste.facteur().tour(), poste.facteur().tour())
    assert simultanes == 1
    assert set(recepteur.corps) == {str(i) for i in identifiants}
    assert recepteur.appels == len(identifiants)
