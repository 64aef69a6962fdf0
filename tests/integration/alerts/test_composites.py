"""The CPG composite, asked of the real contacts and claims services. Points worked by hand on a scale of 60 each, half
of them at the socle."""

import pytest

from tests.integration.alerts.conftest import Reseau


async def composite(reseau: Reseau, **options: str) -> dict:
    return await reseau.lire("/v1/composites/cpg", **options)


async def test_le_composite_donne_les_points_des_seuls_indicateurs_mesures_et_dit_le_reste(reseau: Reseau) -> None:
    """Eight calls of ten answered in 2016: under 90 %, and the convention gives no socle. An IJ paid in 28 days: the
    target of 30 is met."""
    assert reseau.contacts and reseau.claims
    reseau.il_est("2026-03-02 09:00")
    appels = [
        reseau.contacts.dossier("appel", {"presente": f"2016-03-01 09:{i:02d}", ("decroche" if i < 8 else "abandonne"):
                                f"2016-03-01 09:{i:02d}:40"}, caisse="cpam-31")
        for i in range(10)
    ]  # fmt: skip
    await reseau.contacts.compter(*appels)
    pieces = {"aat_recu": "2016-02-01 09:00", "dsij_recue": "2016-02-01 09:00", "payee": "2016-02-29 09:00"}
    await reseau.claims.compter(reseau.claims.dossier("ij", pieces, caisse="cpam-31", subrogee="non"))
    lu = await composite(reseau, annee="2016", caisse="cpam-31")
    (ligne,) = lu["caisses"]
    assert (ligne["points"], ligne["possibles"], ligne["note"]) == (60.0, 120.0, 0.5)
    assert (ligne["sous_objectif"], ligne["sous_socle"]) == (["taux_decroche"], [])
    assert ligne["valeurs"] == {"taux_decroche": 80.0, "delai_ij_premiere_non_subrogee_moyen": 28.0}
    assert len(ligne["non_mesures"]) == 3
    assert lu["reseau"]["couples_sous_objectif"] == 1
    assert lu["reseau"]["reduction"] is None, "rien n'était mesuré en 2015"
    assert lu["bareme"]["hypothese"]
    assert {c["points"] for c in lu["bareme"]["composantes"]} == {60.0}
    assert len((await composite(reseau, annee="2016"))["caisses"]) == 107


async def test_une_mesure_declaree_compte_la_ou_rien_n_est_calcule_et_le_dit(reseau: Reseau) -> None:
    """2016: IJ declared at 31 days where none was paid, beyond the 30 of the convention; calls both declared and
    computed: the computed 100 % is the value."""
    assert reseau.contacts
    reseau.il_est("2026-03-02 09:00")
    jalons = {"presente": "2016-03-01 09:00", "decroche": "2016-03-01 09:00:40"}
    await reseau.contacts.compter(reseau.contacts.dossier("appel", jalons, caisse="cpam-31"))
    for code, valeur in (("delai_ij", "31"), ("taux_decroche", "50")):
        commun = {"convention": "cnamts-2014-2017", "caisse": "cpam-31", "annee": 2016, "date": "2017-03-01"}
        await reseau.poster("/v1/mesures", {**commun, "code": code, "valeur": valeur, "source": "Rapport 2016"})
    (ligne,) = (await composite(reseau, annee="2016", caisse="cpam-31"))["caisses"]
    ij = "delai_ij_premiere_non_subrogee_moyen"
    assert ligne["valeurs"] == {"taux_decroche": 100.0, ij: 31.0}
    assert ligne["declarees"].keys() == {ij}
    assert (ligne["declarees"][ij]["source"], ligne["declarees"][ij]["au"]) == ("Rapport 2016", "2016-12-31")
    assert (ligne["points"], ligne["possibles"], ligne["sous_objectif"]) == (60.0, 120.0, [ij])


async def test_un_service_qui_ne_repond_pas_est_dit_et_ne_compte_contre_personne(alertes: Reseau) -> None:
    lu = await composite(alertes, caisse="cpam-75")
    (ligne,) = lu["caisses"]
    assert (ligne["points"], ligne["possibles"], ligne["note"]) == (0.0, 0.0, None)
    assert all(c["manque"].startswith("Aucune adresse") for c in lu["bareme"]["composantes"])
    assert (lu["annee"], lu["au"], lu["annee_finie"]) == (2026, "2026-03-02", False)
    trop_tot = await alertes.client.get("/v1/composites/cpg", params={"annee": 2027})
    assert trop_tot.status_code == 422


@pytest.mark.parametrize("inconnu", [{"caisse": "cpam-999"}, {"annee": "1990"}])
async def test_une_question_impossible_est_refusee(alertes: Reseau, inconnu: dict[str, str]) -> None:
    assert (await alertes.client.get("/v1/composites/cpg", params=inconnu)).status_code == 422
