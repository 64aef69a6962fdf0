"""Simulated months with injected trouble, from the events of the sources to the letters."""

import os
from datetime import date
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.integration.alerts.acceptation.conftest import Monde, jour_de
from tests.integration.alerts.acceptation.scenario import BRUIT, CALMES, CRISE, DERIVE, DURABLE, PABX, PANNE
from tests.integration.alerts.conftest import Document
from tests.integration.alerts.notifications.conftest import accepter
from tests.integration.alerts.test_alertmanager import la_bas
from tests.support.attente import attendre

DELAI_IJ, RECLAMATIONS, CMUC_D9 = "delai_ij_premiere_non_subrogee_moyen", "reclamations_10j", "delai_cmuc_acs_d9"


def proposees(comite: Document) -> dict[str, list[str]]:
    par_caisse: dict[str, list[str]] = {}
    for mesure in comite["mesures"]:
        par_caisse.setdefault(mesure["caisse"], []).append(mesure["mesure"])
    return par_caisse


@pytest.mark.timeout(280)
async def test_le_bon_courrier_va_a_la_bonne_caisse_et_le_bruit_n_en_recoit_aucun(
    monde: Monde, client: httpx.AsyncClient
) -> None:
    await monde.jusqu_au("2026-06-01 09:00")
    await monde.jusqu_au("2026-06-17 18:00")
    await monde.jusqu_au("2026-07-07 09:00")
    assert await monde.reseau.alertes(caisse=CRISE) == []
    juin = await monde.comite("2026-06")
    assert proposees(juin) == {DURABLE: ["courrier_plan_actions", "audit"]}

    await monde.jusqu_au("2026-07-15 18:00")
    await monde.jusqu_au("2026-07-17 18:00")
    await une_panne_de_telephone_est_vue_le_jour_meme(monde, client)
    await monde.jusqu_au("2026-07-31 18:00")
    (crise,) = await monde.reseau.alertes(caisse=CRISE)
    assert (crise["objet"], crise["etat"], crise["gravite"]) == (DELAI_IJ, "ouverte", "avere")

    # The receiver of Paris is down that day, and takes later what was kept for it.
    monde.recepteur.comportement = en_panne
    await monde.jusqu_au("2026-08-07 09:00")
    juillet = await monde.comite("2026-07")
    assert proposees(juillet) == {CRISE: ["courrier_entraide"], DERIVE: ["preconisation"]}
    assert {(a["caisse"], a["gravite"]) for a in juillet["a_surveiller"]} == {(BRUIT, "a_surveiller")}
    assert not monde.recepteur.corps
    monde.recepteur.comportement = accepter

    await monde.jusqu_au("2026-08-19 18:00")
    await monde.jusqu_au("2026-09-07 09:00")
    aout = await monde.comite("2026-08")
    assert proposees(aout) == {DERIVE: ["courrier_plan_actions"]}, "l'entraide est déjà décidée, l'audit aussi"
    assert BRUIT in {a["caisse"] for a in aout["a_surveiller"]}

    await les_lettres_sont_des_pdf(monde)
    le_courrier_est_arrive(monde)
    await le_webhook_a_recu_chaque_avis_une_fois(monde)
    await alertmanager_sait_ce_qui_est_ouvert(monde, client)
    await les_suivis_sont_ouverts(monde)


async def en_panne(request: Request) -> Response:
    return Response(status_code=500)


async def une_panne_de_telephone_est_vue_le_jour_meme(monde: Monde, client: httpx.AsyncClient) -> None:
    deja = len(monde.courrier.recus)
    await monde.jusqu_au("2026-07-20 18:00")
    (muette,) = await monde.reseau.alertes(genre="source_muette")
    assert (muette["caisse"], muette["etat"]) == (PANNE, "ouverte")
    assert jour_de(muette) == date(2026, 7, 20)
    assert PABX in muette["constat"]

    async def dite() -> bool:
        return [a["labels"]["caisse"] for a in await la_bas(client) if a["labels"]["genre"] == "source_muette"] == [
            PANNE
        ]

    await attendre(dite, 20, "Alertmanager la dit")

    async def prevenue() -> bool:
        return f"direction@{PANNE}.test" in [m["To"] for m in monde.courrier.recus[deja:]]

    # What is new waits ten minutes for company before the caisse is told.
    await monde.jusqu_au("2026-07-20 18:15")
    await attendre(prevenue, 60, "la caisse est prévenue")
    await monde.jusqu_au("2026-07-22 18:00")
    assert await monde.reseau.alertes(genre="source_muette") == []

    async def resolue() -> bool:
        return not [a for a in await la_bas(client) if a["labels"]["genre"] == "source_muette"]

    await attendre(resolue, 20, "Alertmanager la dit résolue")


async def les_lettres_sont_des_pdf(monde: Monde) -> None:
    lues = {}
    for mois in ("2026-06", "2026-07", "2026-08"):
        for lettre in (await monde.reseau.lire(f"/v1/comites/{mois}/lettres"))["lettres"]:
            reponse = await monde.reseau.client.get(lettre["document"])
            assert reponse.content.startswith(b"%PDF-")
            lues[lettre["cle"]] = reponse.content
    assert set(lues) == {
        f"2026-06/0/{DURABLE}/audit",
        f"2026-06/0/{DURABLE}/courrier_plan_actions",
        f"2026-07/0/{DERIVE}/preconisation",
        f"2026-07/0/{CRISE}/courrier_entraide",
        f"2026-08/0/{DERIVE}/courrier_plan_actions",
        *(f"2026-0{mois}/0/comite/proces_verbal" for mois in (6, 7, 8)),
    }
    if dossier := os.environ.get("VIGIE_LETTRES"):
        montrer(lues, Path(dossier))


def montrer(lues: dict[str, bytes], dossier: Path) -> None:
    """For people: what was written, where VIGIE_LETTRES says."""
    for cle, octets in lues.items():
        (dossier / f"{cle.replace('/', '_')}.pdf").write_bytes(octets)


def le_courrier_est_arrive(monde: Monde) -> None:
    """To each caisse its own; to the others nothing."""
    recus = monde.courrier.recus
    avec_pdf = {
        (m["To"], piece.get_filename())
        for m in recus
        for piece in m.iter_attachments()
        if piece.get_content_type() == "application/pdf"
    }
    attendus = {(DURABLE, 2), (DERIVE, 2), (CRISE, 1)}
    assert {(c, sum(a == f"direction@{c}.test" for a, _ in avec_pdf)) for c, _ in attendus} == attendus
    adresses = {m["To"] for m in recus}
    assert f"direction@{PANNE}.test" in adresses, "l'avis de la source muette"
    for caisse in (BRUIT, *CALMES):
        assert f"direction@{caisse}.test" not in adresses
    assert len({m["Message-ID"] for m in recus}) == len(recus)


async def le_webhook_a_recu_chaque_avis_une_fois(monde: Monde) -> None:
    identifiants = await monde.reseau.service.pool.fetch("SELECT id FROM alerts.notifications WHERE caisse = $1", CRISE)
    assert set(monde.recepteur.corps) == {str(ligne["id"]) for ligne in identifiants}
    assert any(b"courrier_entraide" in octets for octets in monde.recepteur.corps.values())
    livrees = await monde.reseau.service.pool.fetch(
        "SELECT v.etat, v.tentatives FROM alerts.livraisons v JOIN alerts.notifications n ON n.id = v.notification "
        "WHERE v.canal = 'webhook' AND n.caisse = $1", CRISE,
    )  # fmt: skip
    assert {ligne["etat"] for ligne in livrees} == {"remise"}
    assert sum(ligne["tentatives"] for ligne in livrees) == monde.recepteur.appels
    assert monde.recepteur.appels > len(livrees), "la panne a coûté des essais"


async def alertmanager_sait_ce_qui_est_ouvert(monde: Monde, client: httpx.AsyncClient) -> None:
    async def d_accord() -> bool:
        ici = {str(a["id"]) for etat in ("ouverte", "prise_en_compte") for a in await monde.reseau.alertes(etat=etat)}
        return bool(ici) and {a["labels"]["alerte"] for a in await la_bas(client)} == ici

    await attendre(d_accord, 20, "Alertmanager et le service disent les mêmes alertes")


async def les_suivis_sont_ouverts(monde: Monde) -> None:
    async def ouverts() -> bool:
        suivis = (await monde.reseau.lire("/v1/suivis"))["suivis"]
        return [(s["genre"], s["caisse"], s["process"]) for s in suivis] == [("audit", DURABLE, "reclamation")]

    await attendre(ouverts, 20, "l'audit est suivi")
    attendus = (await monde.reseau.lire("/v1/plans/attendus"))["demandes"]
    assert {p["caisse"] for p in attendus} == {DURABLE, DERIVE}
