"""The effect of a decided measure, from the calls of the caisse and of its comparables."""

import asyncio
from itertools import product
from typing import Any

import pytest

from tests.integration.alerts.conftest import Document, Reseau
from tests.integration.alerts.suivis.atelier import DECROCHE, appels, comite_clos, decision, faire_un_tour
from tests.integration.api.conftest import instant

TRAITEE = "cpam-75"
TEMOINS = ("cpam-31", "cpam-33", "cpam-34", "cpam-38", "cpam-44", "cpam-69", "cpam-06", "cpam-13")
AVANT = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03")
CHEMIN = f"/v1/mesures-decidees/2026-03/0/{TRAITEE}/courrier_plan_actions/effet"


def taux(traitee_apres: int) -> dict[tuple[str, str], int]:
    """Rates of answer per thousand: everybody gains 20 in May; the treated caisse ``traitee_apres``."""
    vus: dict[tuple[str, str], int] = {}
    for rang, mois in product(range(len(TEMOINS)), (*AVANT, "2026-05")):
        hasard = (rang * 7 + int(mois[-2:]) * 5) % 11 - 5
        vus[TEMOINS[rang], f"{mois}-12"] = 590 + 3 * rang + hasard + (20 if mois == "2026-05" else 0)
    for mois in AVANT:
        vus[TRAITEE, f"{mois}-12"] = 600 + (int(mois[-2:]) * 5) % 11 - 5
    return vus | {(TRAITEE, "2026-05-12"): traitee_apres}


async def lire(reseau: Reseau) -> list[Document]:
    effets: list[Document] = (await reseau.lire(CHEMIN))["effets"]
    return effets


async def decider(reseau: Reseau) -> None:
    reseau.il_est("2026-04-09 10:00")
    await comite_clos(reseau, instant("2026-04-09 10:00"))
    await decision(reseau, TRAITEE, instant("2026-04-09 10:00"))


async def test_l_effet_d_une_mesure_se_mesure_un_mois_apres_contre_les_comparables(reseau: Reseau) -> None:
    await decider(reseau)
    assert [(e["horizon"], e["mois"], e["mesurable_le"], e["conclusion"]) for e in await lire(reseau)] == [
        (1, "2026-05", "2026-06-05", None), (2, "2026-06", "2026-07-07", None), (3, "2026-07", "2026-08-07", None),
    ]  # fmt: skip
    trop_tot = await reseau.envoyer("POST", CHEMIN)
    assert (trop_tot.status_code, "05/06/2026" in trop_tot.json()["detail"]) == (409, True)

    await appels(reseau, taux(720))
    reseau.il_est("2026-06-04 12:00")
    assert (await faire_un_tour(reseau))["effets"] == 0
    reseau.il_est("2026-06-05 12:00")
    tours = await asyncio.gather(faire_un_tour(reseau), faire_un_tour(reseau))
    assert all(t["effets"] in (0, 1) for t in tours)
    premier, second, _ = await lire(reseau)
    assert (premier["conclusion"], second["conclusion"]) == ("amelioree", None)
    difference = premier["difference"]
    # Months that end in December, January and March, whose second next is measured; its own, before the measure.
    assert difference["n"] == 3 * len(TEMOINS) + 2
    assert difference["valeur"] == pytest.approx(10.0, abs=1.0), "12 points gagnés, dont 2 par tout le monde"
    assert difference["bas"] > 0
    assert set(premier["temoins"]) == {*TEMOINS, TRAITEE}
    assert {v["mois"] for v in premier["situations"]} == {"2025-12", "2026-01", "2026-03"}
    assert premier["reserves"] == []
    assert await reseau.service.pool.fetchval("SELECT count(*) FROM alerts.effets") == 1
    (mesure,) = (await reseau.lire("/v1/mesures-decidees", caisse=TRAITEE))["mesures"]
    assert mesure["conclusions"] == [{"indicateur": DECROCHE, "horizon": 1, "conclusion": "amelioree"}]


async def test_un_gain_que_toutes_les_caisses_ont_eu_n_est_pas_un_effet(reseau: Reseau) -> None:
    await decider(reseau)
    await appels(reseau, taux(622))
    reseau.il_est("2026-06-05 12:00")
    assert (await faire_un_tour(reseau))["effets"] == 1
    assert (await lire(reseau))[0]["conclusion"] == "non_distinguee"


async def test_un_comparable_qui_a_eu_sa_propre_mesure_est_ecarte_et_l_effet_se_refait_en_gardant_l_ancien(
    reseau: Reseau,
) -> None:
    await decider(reseau)
    await appels(reseau, taux(720))
    reseau.il_est("2026-06-05 12:00")
    await faire_un_tour(reseau)
    await decision(reseau, "cpam-31", instant("2026-04-09 10:00"))
    refait = await reseau.poster(CHEMIN, None)
    du_31 = [v["mois"] for v in refait["effets"][0]["situations"] if v["caisse"] == "cpam-31"]
    assert sorted(du_31) == ["2025-12", "2026-01"], "pas celle que sa mesure d'avril a touchée"
    assert refait["effets"][0]["difference"]["n"] == 3 * len(TEMOINS) + 1
    gardes = await reseau.service.pool.fetch("SELECT remplace_le, calcule_par FROM alerts.effets ORDER BY id")
    assert [(g["remplace_le"] is not None, g["calcule_par"]) for g in gardes] == [(True, "vigie"), (False, "local")]


async def test_sans_donnees_on_dit_qu_il_n_y_en_a_pas_assez(reseau: Reseau) -> None:
    await decider(reseau)
    await appels(reseau, {(TRAITEE, "2026-05-12"): 700})
    reseau.il_est("2026-06-05 12:00")
    await faire_un_tour(reseau)
    premier: dict[str, Any] = (await lire(reseau))[0]
    assert (premier["conclusion"], premier["difference"]) == ("pas_assez_de_donnees", None)
    assert premier["raison"].startswith("Pas assez de données.")


async def test_sans_reponse_du_service_l_effet_attend(alertes: Reseau) -> None:
    await decider(alertes)
    alertes.il_est("2026-06-05 12:00")
    assert (await faire_un_tour(alertes))["effets"] == 0
    reponse = await alertes.envoyer("POST", CHEMIN)
    assert (reponse.status_code, reponse.headers["retry-after"]) == (503, "60")
    assert (await lire(alertes))[0]["conclusion"] is None
    inconnue = "/v1/mesures-decidees/2026-03/0/cpam-99/audit/effet"
    assert (await alertes.client.get(inconnue)).status_code == 404
