"""``GET /v1/indicateurs/{code}/explication``: what a figure counts, leaves out, is compared with, and whose it is."""

from typing import Any

import pytest

from tests.integration.api.conftest import Pile

MARS = {"caisse": "cpam-75", "du": "2026-03-01", "au": "2026-03-02"}


async def expliquer(pile: Pile, code: str, **options: Any) -> dict[str, Any]:
    reponse = await pile.client.get(f"/v1/indicateurs/{code}/explication", params=options)
    assert reponse.status_code == 200, reponse.text
    document: dict[str, Any] = reponse.json()
    return document


def motifs(comptes: list[dict[str, Any]]) -> dict[str, int]:
    return {c["motif"]: c["n"] for c in comptes}


async def appels(pile: Pile) -> None:
    fins = ["decroche"] * 7 + ["abandonne"] * 2 + ["hors_horaires"] * 3
    await pile.compter(
        *(
            pile.dossier("appel", {"presente": "2026-03-02 08:00", fin: f"2026-03-02 08:0{1 + rang % 3}"})
            for rang, fin in enumerate(fins)
        ),
        pile.dossier("appel", {"presente": "2026-03-02 08:30"}),
        pile.dossier("appel", {"presente": "2026-03-02 08:00", "abandonne": "2026-03-02 08:01"}, caisse="cpam-31"),
    )


async def test_un_taux_dit_ce_qu_il_compte_ce_qui_lui_manque_et_ce_qu_il_laisse(contacts: Pile) -> None:
    await appels(contacts)
    dit = await expliquer(contacts, "taux_decroche", **MARS)
    assert (dit["valeur"], dit["numerateur"], dit["denominateur"]) == (pytest.approx(100 * 7 / 9), 7, 9)
    assert motifs(dit["manques"]) == {"abandon": 2}
    assert motifs(dit["exclusions"]) == {"hors_horaires": 3, "en_cours": 1}
    assert dit["intervalle"]["methode"] == "Wilson"
    assert dit["intervalle"]["bas"] < dit["valeur"] < dit["intervalle"]["haut"]
    assert dit["verdict"] == "seuil_alerte_franchi"
    cible = dit["cible"]
    assert (cible["objectif"], cible["convention"], cible["annee"]) == (90.0, "cnamts-2014-2017", 2017)
    assert (cible["reconduite"], cible["hypothese"]) == (True, True)


async def test_un_taux_montre_par_pages_les_dossiers_qui_lui_manquent(contacts: Pile) -> None:
    await appels(contacts)
    premiere = (await expliquer(contacts, "taux_decroche", **MARS, limite=1))["dossiers"]
    seconde = (await expliquer(contacts, "taux_decroche", **MARS, limite=1, curseur=premiere["suivant"]))["dossiers"]
    assert premiere["role"] == "manques"
    vus = [d for page in (premiere, seconde) for d in page["liste"]]
    assert [(d["caisse"], d["issue"]) for d in vus] == [("cpam-75", "abandon")] * 2
    assert len({d["id"] for d in vus}) == 2
    assert seconde["suivant"] is None
    lien = f"/v1/dossiers/appel/{vus[0]['id']}"
    assert (await contacts.client.get(lien)).json()["dossiers"][0]["compte"].startswith("Compte comme arrivé")


async def test_le_reseau_s_explique_aussi(contacts: Pile) -> None:
    await appels(contacts)
    dit = await expliquer(contacts, "taux_decroche", du="2026-03-01", au="2026-03-02")
    assert (dit["caisse"], dit["numerateur"], dit["denominateur"]) == ("reseau", 7, 10)
    assert dit["phrases"][0].startswith("Taux de décroché, tout le réseau, du 01/03/2026 au 02/03/2026 : 70\u202f%")


async def test_une_echeance_separe_les_retards_les_ouverts_et_ce_qui_n_est_pas_echu(contacts: Pile) -> None:
    await contacts.compter(
        contacts.dossier("courriel", {"recu": "2026-02-02 09:00", "repondu": "2026-02-03 09:00"}),
        contacts.dossier("courriel", {"recu": "2026-02-02 09:00", "clos_sans_reponse": "2026-02-03 09:00"}),
        contacts.dossier("courriel", {"recu": "2026-02-02 09:00", "repondu": "2026-02-09 09:00"}),
        contacts.dossier("courriel", {"recu": "2026-02-02 09:00"}),
        contacts.dossier("courriel", {"recu": "2026-02-05 09:00"}),
    )
    periode = {"caisse": "cpam-75", "du": "2026-02-02", "au": "2026-02-06"}
    officiel = await expliquer(contacts, "courriels_48h", **periode)
    assert (officiel["numerateur"], officiel["denominateur"]) == (2, 4)
    assert motifs(officiel["manques"]) == {"clos_en_retard": 1, "ouverts_en_retard": 1}
    assert motifs(officiel["exclusions"]) == {"pas_echus": 1}
    reel = await expliquer(contacts, "courriels_48h_reel", **periode)
    assert (reel["numerateur"], reel["denominateur"]) == (1, 3)
    assert motifs(reel["exclusions"]) == {"sans_reponse": 1, "pas_echus": 1}
    manques = reel["dossiers"]["liste"]
    assert sorted((d["issue"] or "", d["mesure"]) for d in manques) == [("", None), ("repondu", 168.0)]


async def test_une_part_dit_les_autres_valeurs_et_ce_dont_rien_ne_dit_la_categorie(contacts: Pile) -> None:
    """Four calls answered: two at level 1, one at level 2, one that does not say; one abandoned."""
    fins = [("decroche", 1), ("decroche", 1), ("decroche", 2), ("decroche", None), ("abandonne", 1)]
    await contacts.compter(
        *(
            contacts.dossier(
                "appel",
                {"presente": "2026-03-02 08:00", fin: "2026-03-02 08:01"},
                **({} if niveau is None else {"niveau": niveau}),
            )
            for fin, niveau in fins
        )
    )
    dit = await expliquer(contacts, "taux_niveau_1", **MARS)
    assert (dit["numerateur"], dit["denominateur"], motifs(dit["manques"])) == (2, 3, {"niveau 2": 1})
    assert motifs(dit["exclusions"]) == {"abandon": 1, "valeur_inconnue": 1}


async def test_un_decile_montre_son_rang_ses_exclusions_et_les_dossiers_autour(claims: Pile) -> None:
    await claims.compter(
        *(
            claims.dossier(
                "fsp", {"recue": "2026-01-05 09:00", "payee": f"2026-01-{5 + jours:02d} 10:00"}, beneficiaire="assure"
            )
            for jours in range(1, 21)
        ),
        claims.dossier("fsp", {"recue": "2026-01-05 09:00", "rejetee": "2026-01-08 10:00"}, beneficiaire="assure"),
        claims.dossier("fsp", {"recue": "2026-01-05 09:00", "payee": "2026-01-08 10:00"}, beneficiaire="medecin"),
        claims.dossier("fsp", {"recue": "2026-01-05 09:00"}, beneficiaire="assure"),
    )
    janvier = {"caisse": "cpam-75", "du": "2026-01-01", "au": "2026-01-31"}
    dit = await expliquer(claims, "delai_fsp_assures_d9", **janvier)
    assert (dit["valeur"], dit["n"]) == (18.0, 20)
    assert motifs(dit["exclusions"]) == {"rejet": 1, "hors_population": 1, "encore_ouverts": 1}
    assert dit["intervalle"]["haut"] is None
    autour = sorted(d["mesure"] for d in dit["dossiers"]["liste"])
    assert autour[0] == dit["intervalle"]["bas"]
    assert 18.0 in autour
    moyen = await expliquer(claims, "delai_fsp_assures_moyen", **janvier)
    assert moyen["cible"]["convention"] is None
    assert moyen["cible"]["hypothese"] is True
    assert moyen["verdict"] == "socle_atteint"
    stock = await expliquer(claims, "stock_fsp_assures", **janvier)
    assert (stock["valeur"], motifs(stock["manques"])) == (1.0, {"clos": 21})
    assert stock["intervalle"] is None
    assert len(stock["dossiers"]["liste"]) == 1


@pytest.mark.parametrize(
    ("options", "champ"),
    [
        ({"caisse": "nulle-part"}, "caisse"),
        ({"du": "2026-03-02", "au": "2026-03-01"}, "du"),
        ({"horloge": "jours_ouvres"}, "horloge"),
        ({"plateforme": "inconnue"}, "plateforme"),
        ({"pas": "jour"}, "pas"),
    ],
)
async def test_une_question_fautive_est_refusee_avec_son_champ(
    contacts: Pile, options: dict[str, str], champ: str
) -> None:
    reponse = await contacts.client.get("/v1/indicateurs/taux_decroche/explication", params=options)
    assert reponse.status_code == 422
    assert champ in reponse.text


async def test_sans_activite_le_chiffre_n_est_pas_mesure_et_le_dit(contacts: Pile) -> None:
    dit = await expliquer(contacts, "taux_decroche", **MARS)
    assert (dit["valeur"], dit["verdict"], dit["dossiers"]) == (None, "non_mesure", None)
    assert "non mesuré" in dit["phrases"][0]


async def test_les_valeurs_portent_intervalle_verdict_cible_et_rupture(contacts: Pile) -> None:
    await appels(contacts)
    reponse = await contacts.client.get("/v1/indicateurs/taux_decroche/valeurs", params=MARS)
    (ligne,) = reponse.json()["valeurs"]
    dit = await expliquer(contacts, "taux_decroche", **MARS)
    assert ligne["intervalle"] == [dit["intervalle"]["bas"], dit["intervalle"]["haut"]]
    assert (ligne["verdict"], ligne["cible"], ligne["rupture"]) == (dit["verdict"], dit["cible"], False)


async def test_a_cheval_sur_une_rupture_il_n_y_a_ni_valeur_ni_explication(contacts: Pile) -> None:
    periode = {"caisse": "reseau", "du": "2017-12-01", "au": "2018-01-31"}
    reponse = await contacts.client.get("/v1/indicateurs/accueil_telephonique/valeurs", params=periode)
    (ligne,) = reponse.json()["valeurs"]
    assert (ligne["valeur"], ligne["verdict"], ligne["rupture"]) == (None, "non_mesure", True)
    refus = await contacts.client.get("/v1/indicateurs/accueil_telephonique/explication", params=periode)
    assert refus.status_code == 422
    assert "31/12/2017" in refus.text


async def test_une_serie_se_calcule_selon_la_mesure_de_la_periode(contacts: Pile) -> None:
    await contacts.compter(
        *(
            contacts.dossier("appel", {"presente": f"{jour} 08:00", fin: f"{jour} 08:01"})
            for jour in ("2017-12-05", "2018-01-05")
            for fin in ("decroche", "abandonne", "serveur_vocal", "serveur_vocal")
        )
    )
    options = {"caisse": "reseau", "du": "2017-12-01", "au": "2018-01-31", "pas": "mois"}
    reponse = await contacts.client.get("/v1/indicateurs/accueil_telephonique/valeurs", params=options)
    lignes = reponse.json()["valeurs"]
    assert [(li["valeur"], li["rupture"]) for li in lignes] == [(50.0, False), (75.0, True)]
