"""The run-off triangle of a delay, against files counted by hand."""

from tests.integration.api.conftest import Pile


async def test_le_triangle_compte_ce_que_chaque_semaine_a_clos_et_l_age_de_ce_qui_reste(claims: Pile) -> None:
    """Weeks end on Sunday 1 March 2026: W1 from 9 February, W2 from 16, W3 from 23."""
    claims.il_est("2026-03-02 20:00")
    await claims.compter(
        claims.dossier("cmuc_acs", {"recue": "2026-02-10 09:00", "decidee_accord": "2026-02-13 09:00"}, nombre=4),
        claims.dossier("cmuc_acs", {"recue": "2026-02-10 09:00", "decidee_refus": "2026-02-17 09:00"}, nombre=3),
        claims.dossier("cmuc_acs", {"recue": "2026-02-15 09:00"}, nombre=2),
        claims.dossier("cmuc_acs", {"recue": "2026-02-16 09:00", "annulee": "2026-02-18 09:00"}),
        claims.dossier("cmuc_acs", {"recue": "2026-02-24 09:00"}, nombre=5),
        claims.dossier("cmuc_acs", {"recue": "2025-11-03 09:00"}, caisse="cpam-31"),
    )
    chemin = "/v1/indicateurs/delai_cmuc_acs_d9/triangle"
    options = {"caisse": "cpam-75", "au": "2026-03-01", "semaines": "3"}
    lu = (await claims.client.get(chemin, params=options)).json()
    assert [(li["du"], li["ouverts"], li["clos"]) for li in lu["lignes"]] == [
        ("2026-02-09", 9, [4, 7]),
        ("2026-02-16", 1, [1]),
        ("2026-02-23", 5, []),
    ]
    assert {a["de"]: a["dossiers"] for a in lu["stock"] if a["dossiers"]} == {0: 5, 14: 2}
    reseau = (await claims.client.get(chemin, params={"au": "2026-03-01", "semaines": "3"})).json()
    assert {a["de"]: a["dossiers"] for a in reseau["stock"] if a["dossiers"]} == {0: 5, 14: 2, 84: 1}


async def test_ce_qui_n_est_pas_un_delai_n_a_pas_de_triangle(claims: Pile) -> None:
    reponse = await claims.client.get("/v1/indicateurs/stock_cmuc_acs/triangle")
    assert reponse.status_code == 422
