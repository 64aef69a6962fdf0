"""The load of a process over HTTP: what waits by age, what will come, what the present pace works."""

from datetime import date

import pytest

from tests.integration.api.conftest import Pile
from tests.integration.api.test_projection import CAISSES, remplir


async def test_la_charge_est_le_stock_par_age_les_arrivees_et_le_rythme_des_dernieres_semaines(claims: Pile) -> None:
    await remplir(claims)
    reponse = await claims.client.get(
        "/v1/indicateurs/stock_cmuc_acs/charge", params={"a_partir_du": "2026-04-20", "semaines": "6"}
    )
    assert reponse.status_code == 200, reponse.text
    document = reponse.json()
    lignes = {li["caisse"]: li for li in document["valeurs"]}
    assert lignes.keys() == CAISSES.keys()
    paris = lignes["cpam-75"]
    ((stock, _),) = [await claims.mesure("stock_cmuc_acs", au="2026-04-14")]
    assert sum(n for _, n in paris["ages"]) == stock
    debut = date(2025, 11, 3)
    assert all(0 <= age <= (date(2026, 4, 14) - debut).days for age, _ in paris["ages"])
    # 20 April to 31 May 2026: 1, 8, 14 and 25 May are holidays.
    ouvres = [5, 4, 4, 4, 5, 4]
    assert paris["arrivees"] == pytest.approx([6 * jours for jours in ouvres], rel=0.15)
    rythme = {round(faits / jours, 3) for faits, jours in zip(paris["clotures"], ouvres, strict=True)}
    assert max(rythme) - min(rythme) < 0.01, "un même rythme par jour ouvré"
    assert all(m >= f for m, f in zip(paris["clotures_au_mieux"], paris["clotures"], strict=True))
    assert paris["avant"]["jours"] == 5
    seule = await claims.client.get(
        "/v1/indicateurs/stock_cmuc_acs/charge",
        params={"caisse": "cpam-75", "a_partir_du": "2026-04-20", "semaines": "6"},
    )
    assert seule.json()["valeurs"] == [paris]
    for options in ({"a_partir_du": "2026-04-01"}, {"caisse": "reseau"}):
        assert (await claims.client.get("/v1/indicateurs/stock_cmuc_acs/charge", params=options)).status_code == 422
    assert (await claims.client.get("/v1/indicateurs/delai_cmuc_acs_d9/charge")).status_code == 422
