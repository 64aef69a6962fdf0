"""Acknowledging, being reminded, the second contact, the inbox."""

import re
import uuid
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

from services.alerts.notifications import jeton, store
from services.alerts.store.base import transaction
from tests.integration.alerts.notifications.conftest import Poste

DEUX = ("direction@caisse.test", "adjoint@caisse.test")


def lien(message: EmailMessage) -> str:
    trouve = re.search(r"http://\S+(/accuse/\S+)", message.get_content())
    assert trouve is not None
    return trouve[1]


async def test_reading_the_page_of_the_link_acknowledges_nothing_its_button_does(poste: Poste) -> None:
    await poste.declarer(*DEUX)
    identifiant = await poste.publier("a", objet="Courrier <d'alerte>")
    await poste.facteur().tour()
    chemin = lien(poste.courrier.recus[0])
    page = await poste.reseau.client.get(chemin)
    assert page.status_code == 200
    assert "&lt;d’alerte&gt;" in page.text
    assert 'method="post"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await poste.detail(identifiant))["etat"] == "envoyee"
    for _ in range(2):
        accuse = await poste.reseau.client.post(chemin)
        assert accuse.status_code == 200
        assert "Réception accusée le 2\u00a0mars\u00a02026" in accuse.text
    detail = await poste.detail(identifiant)
    assert (detail["etat"], detail["accusee_voie"], detail["prochaine_relance"]) == ("accusee", "lien", None)


async def test_a_link_changed_or_too_old_or_of_another_key_acknowledges_nothing(poste: Poste) -> None:
    identifiant = await poste.publier("a")
    async with transaction(poste.reseau.service.moteur) as conn:
        cle = await store.cle_accuse(conn)
    maintenant = poste.clock.now()
    bon = jeton.ecrire(cle, identifiant, maintenant + timedelta(days=1))
    autre = jeton.ecrire(b"x" * 32, identifiant, maintenant + timedelta(days=1))
    vieux = jeton.ecrire(cle, identifiant, maintenant - timedelta(seconds=1))
    for mauvais in (bon[:-6] + "AAAAAA", autre, vieux, "n-importe-quoi"):
        reponse = await poste.reseau.client.post(f"/accuse/{mauvais}")
        assert reponse.status_code == 403, mauvais
    assert (await poste.detail(identifiant))["accusee_le"] is None
    assert (await poste.reseau.client.post(f"/accuse/{bon}")).status_code == 200


async def test_silence_reaches_the_second_contact_after_two_working_days_and_reminders_end(poste: Poste) -> None:
    await poste.declarer(*DEUX)
    identifiant = await poste.publier("a")
    await poste.passer(47)
    assert [m["To"] for m in poste.courrier.recus] == [DEUX[0]]
    await poste.passer(3)
    assert sorted(m["To"] for m in poste.courrier.recus) == sorted([DEUX[0], *DEUX])
    assert [m["Subject"] for m in poste.courrier.recus if m["To"] == DEUX[1]] == ["Un essai"]
    await poste.passer(24 * 30, pas_minutes=360)
    assert len(poste.courrier.recus) == 1 + 3 * 2
    assert len({m["Message-ID"] for m in poste.courrier.recus}) == 7
    assert (await poste.detail(identifiant))["prochaine_relance"] is None


async def test_working_days_are_those_of_the_caisse(poste: Poste) -> None:
    """From Thursday 9 April 2026 two working days end on Monday the 13th in Toulouse... which is no Easter Monday: the
    6th was. From Friday 3 April, Saturday to Easter Monday do not count; Good Friday is worked there, not in Alsace."""
    await poste.declarer(*DEUX)
    await poste.declarer(*DEUX, caisse="cpam-67")
    poste.reseau.il_est("2026-04-02 09:00")
    toulouse = await poste.detail(await poste.publier("a"))
    strasbourg = await poste.detail(await poste.publier("b", caisse="cpam-67"))
    assert toulouse["prochaine_relance"].startswith("2026-04-07T07:00")
    assert strasbourg["prochaine_relance"].startswith("2026-04-08T07:00")


async def test_an_acknowledgement_by_the_api_ends_the_reminders(poste: Poste) -> None:
    await poste.declarer(*DEUX)
    identifiant = await poste.publier("a")
    await poste.facteur().tour()
    detail = await poste.reseau.poster(f"/v1/notifications/{identifiant}/accuse", {})
    assert (detail["etat"], detail["accusee_voie"]) == ("accusee", "api")
    await poste.passer(24 * 10, pas_minutes=720)
    assert len(poste.courrier.recus) == 1


async def test_what_was_sent_can_be_said_again_as_a_new_message(poste: Poste) -> None:
    await poste.declarer(*DEUX)
    identifiant = await poste.publier("a", accuse_attendu=False)
    await poste.facteur().tour()
    assert (await poste.reseau.envoyer("POST", f"/v1/notifications/{identifiant}/renvoi", {"rang": 1})).is_success
    await poste.facteur().tour()
    assert [m["Subject"] for m in poste.courrier.recus] == ["Un essai", "Rappel\u00a0: Un essai"]


async def test_the_inbox_holds_everything_said_to_the_caisse_newest_first(poste: Poste) -> None:
    await poste.declarer(courriel=False)
    dites = [await poste.publier(f"n-{i}") for i in range(3)]
    await poste.publier("ailleurs", caisse="cpam-09")
    page = await poste.reseau.lire("/v1/boite", caisse="cpam-31", limite=2)
    suite = await poste.reseau.lire("/v1/boite", caisse="cpam-31", limite=2, curseur=page["suivant"])
    lues = [n["id"] for n in page["notifications"] + suite["notifications"]]
    assert lues == [str(i) for i in reversed(dites)]
    assert {n["etat"] for n in page["notifications"]} == {"remise"}


async def test_contacts_change_only_for_who_saw_them(poste: Poste) -> None:
    chemin = "/v1/caisses/cpam-31/contacts"
    vu = await poste.reseau.client.get(chemin)
    corps = {"contacts": [{"nom": "A", "courriel": "a@caisse.test"}]}
    assert (await poste.reseau.envoyer("PUT", chemin, corps)).status_code == 428
    assert (await poste.reseau.envoyer("PUT", chemin, corps, if_match=vu.headers["etag"])).status_code == 200
    assert (await poste.reseau.envoyer("PUT", chemin, corps, if_match=vu.headers["etag"])).status_code == 412
    vu = await poste.reseau.client.get(chemin)
    for faux in ("pas une adresse", "a@b", "a@b.test\nBcc: tous@b.test", "a b@c.test"):
        refus = {"contacts": [{"nom": "A", "courriel": faux}]}
        assert (await poste.reseau.envoyer("PUT", chemin, refus, if_match=vu.headers["etag"])).status_code == 422, faux
    for url in ("ftp://a.test/", "https://moi:secret@a.test/", "https:///rien"):
        refus = {"contacts": [], "webhook": {"url": url}}
        assert (await poste.reseau.envoyer("PUT", chemin, refus, if_match=vu.headers["etag"])).status_code == 422, url
    assert (await poste.reseau.client.get("/v1/caisses/nulle-part/contacts")).status_code == 404


async def test_an_unknown_notification_is_not_found(poste: Poste) -> None:
    rien = uuid.uuid4()
    assert (await poste.reseau.client.get(f"/v1/notifications/{rien}")).status_code == 404
    assert (await poste.reseau.envoyer("POST", f"/v1/notifications/{rien}/renvoi", {})).status_code == 404
    assert urlsplit(poste.reseau.service.reglages.url_publique).scheme == "http"
