"""From a decision of the comité to the PDF in the mailbox of the caisse; from a live alert to its notice."""

import asyncio
from typing import Any

import pytest

from services.alerts.comite.lettre import Lettre
from services.alerts.lettres.contenu import ContenuInvalide
from services.alerts.lettres.store import DocumentDifferent, deposer, imprimer
from services.alerts.notifications.publication import notifier_avis, notifier_lettre
from services.alerts.store.base import transaction
from tests.integration.alerts.notifications.conftest import Poste
from tests.unit.alerts.lettres.exemples import DONNEES

CLE = "2026-10/0/cpam-31/courrier_entraide"


def lettre(modele: Any = "courrier_entraide", cle: str = CLE, destinataire: str = "cpam-31", **autres: Any) -> Lettre:
    return Lettre(cle, modele, destinataire, {**DONNEES[modele], **autres})


async def test_a_letter_arrives_as_the_pdf_that_the_service_shows(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    async with transaction(poste.reseau.service.moteur) as conn:
        identifiant = await notifier_lettre(conn, lettre(), poste.clock.now())
    await poste.facteur().tour()
    (message,) = poste.courrier.recus
    (piece,) = message.iter_attachments()
    assert piece.get_filename() == "2026-10-0-cpam-31-courrier_entraide.pdf"
    octets = piece.get_payload(decode=True)
    reponse = await poste.reseau.client.get(f"/v1/documents/{CLE}")
    assert reponse.headers["content-type"] == "application/pdf"
    assert octets == reponse.content
    assert (octets or b"")[:5] == b"%PDF-"
    conditions = {"if-none-match": reponse.headers["etag"]}
    assert (await poste.reseau.client.get(f"/v1/documents/{CLE}", headers=conditions)).status_code == 304
    detail = await poste.detail(identifiant)
    assert detail["document"] == f"/v1/documents/{CLE}"
    assert "1er\u00a0décembre\u00a02026" in detail["texte"]


async def test_the_minutes_go_to_the_comite_and_wait_for_nobody(poste: Poste) -> None:
    async with transaction(poste.reseau.service.moteur) as conn:
        await notifier_lettre(conn, lettre("proces_verbal", "2026-10/0/comite/pv", "comite"), poste.clock.now())
    (dite,) = (await poste.reseau.lire("/v1/boite", caisse="comite"))["notifications"]
    assert not dite["accuse_attendu"]
    assert dite["prochaine_relance"] is None


async def test_a_closing_played_again_sends_nothing_twice_and_another_content_is_refused(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    moteur, maintenant = poste.reseau.service.moteur, poste.clock.now()
    for _ in range(2):
        async with transaction(moteur) as conn:
            await notifier_lettre(conn, lettre(), maintenant)
        await poste.facteur().tour()
    assert len(poste.courrier.recus) == 1
    with pytest.raises(DocumentDifferent):
        async with transaction(moteur) as conn:
            await notifier_lettre(conn, lettre(president="Quelqu'un d'autre"), maintenant)


async def test_data_that_make_no_letter_are_refused_before_anything_is_written(poste: Poste) -> None:
    moteur = poste.reseau.service.moteur
    with pytest.raises(ContenuInvalide, match="indicateurs"):
        async with transaction(moteur) as conn:
            await deposer(conn, "x", "audit", "cpam-31", {**DONNEES["audit"], "indicateurs": []}, poste.clock.now())
    assert (await poste.reseau.client.get("/v1/documents/x")).status_code == 404


async def test_printed_by_many_at_once_a_document_is_one(poste: Poste) -> None:
    moteur = poste.reseau.service.moteur
    async with transaction(moteur) as conn:
        await deposer(conn, "x", "audit", "cpam-31", DONNEES["audit"], poste.clock.now())
    assert len(set(await asyncio.gather(*(imprimer(moteur, "x") for _ in range(4))))) == 1


def avis(niveau: int) -> dict[str, Any]:
    alerte = {"id": 1, "etat": "ouverte", "constat": "Taux de décroché : 61 % (seuil d'alerte 75)", "niveau": niveau}
    return {"caisse": "cpam-31", "motif": "nouveautes", "nouvelles": [alerte], "ouvertes": [alerte], "niveau": niveau}


@pytest.mark.parametrize(
    ("niveau", "attendus"),
    [(0, {"un@caisse.test"}), (1, {"un@caisse.test", "deux@caisse.test"})],
)
async def test_a_notice_of_the_live_alerts_goes_to_the_contacts_of_its_level(
    poste: Poste, niveau: int, attendus: set[str]
) -> None:
    await poste.declarer("un@caisse.test", "deux@caisse.test")
    async with transaction(poste.reseau.service.moteur) as conn:
        await notifier_avis(conn, 7, avis(niveau), poste.clock.now())
    await poste.facteur().tour()
    assert {m["To"] for m in poste.courrier.recus} == attendus
    assert "Taux de décroché\u00a0: 61\u202f% (seuil d’alerte 75)" in poste.courrier.recus[0].get_content()


async def test_an_alert_nobody_answered_reaches_the_national_coordination(poste: Poste) -> None:
    async with transaction(poste.reseau.service.moteur) as conn:
        await notifier_avis(conn, 7, avis(2), poste.clock.now())
    assert len((await poste.reseau.lire("/v1/boite", caisse="coordination-nationale"))["notifications"]) == 1
