"""Each process from its events to its values, worked by hand: what a source sends, and the figure that comes out."""

from typing import Any

import pytest

from tests.integration.api.conftest import Pile

FEVRIER = {"du": "2026-02-01", "au": "2026-02-28"}


async def test_appel_la_part_du_niveau_1_ignore_les_appels_dont_le_niveau_n_est_pas_dit(contacts: Pile) -> None:
    for niveau, combien in ((1, 8), (2, 2), (None, 5)):
        await contacts.compter(
            contacts.dossier(
                "appel", {"presente": "2026-02-03 09:00", "decroche": "2026-02-03 09:01"}, niveau=niveau, nombre=combien
            ),
            contacts.dossier("appel", {"presente": "2026-02-03 09:00", "abandonne": "2026-02-03 09:05"}, niveau=niveau),
        )
    assert await contacts.mesure("taux_niveau_1", **FEVRIER) == (80.0, 10)


async def test_accueil_l_attente_les_departs_et_les_rendez_vous(contacts: Pile) -> None:
    def visite(fin: str, heure: str, **autres: Any) -> dict[str, Any]:
        return contacts.dossier("accueil", {"arrive": "2026-02-03 09:00", fin: f"2026-02-03 {heure}"}, **autres)

    await contacts.compter(
        visite("recu", "09:10", mode="sans_rendez_vous"),
        visite("recu", "09:20", mode="rendez_vous"),
        visite("recu", "09:21", mode="sans_rendez_vous"),
        visite("parti", "09:40", mode="sans_rendez_vous"),
        visite("reporte", "09:01"),
    )
    assert await contacts.mesure("part_accueil_20min", **FEVRIER) == (50.0, 4)
    assert await contacts.mesure("part_accueil_20min_recus", **FEVRIER) == (pytest.approx(200 / 3), 3)
    assert await contacts.mesure("taux_departs_accueil", **FEVRIER) == (25.0, 4)
    assert await contacts.mesure("attente_accueil_moyenne", **FEVRIER) == (17.0, 3)
    assert await contacts.mesure("attente_accueil_mediane", **FEVRIER) == (1200.0, 3)
    assert await contacts.mesure("attente_accueil_d9", **FEVRIER) == (1260.0, 3)
    assert await contacts.mesure("visites_accueil", **FEVRIER) == (5.0, 5)
    assert await contacts.mesure("rendez_vous_accueil", **FEVRIER) == (1.0, 1)
    assert await contacts.mesure("part_rendez_vous_accueil", **FEVRIER) == (pytest.approx(100 / 3), 3)


async def test_courrier_deux_semaines_et_clos_sans_reponse(contacts: Pile) -> None:
    await contacts.compter(
        contacts.dossier("courrier", {"recu": "2026-02-02 10:00", "repondu": "2026-02-16 10:00"}),
        contacts.dossier("courrier", {"recu": "2026-02-02 10:00", "repondu": "2026-02-17 10:00"}),
        contacts.dossier("courrier", {"recu": "2026-02-02 10:00"}),
        contacts.dossier("courrier", {"recu": "2026-02-02 10:00", "clos_sans_reponse": "2026-02-04 10:00"}),
    )
    assert await contacts.mesure("courriers_14j", **FEVRIER) == (pytest.approx(100 / 3), 3)
    assert await contacts.mesure("part_courriers_clos_sans_reponse", **FEVRIER) == (pytest.approx(100 / 3), 3)
    assert await contacts.mesure("delai_courrier_moyen", **FEVRIER) == (14.5, 2)
    assert await contacts.mesure("delai_courrier_mediane", **FEVRIER) == (14.0, 2)
    assert await contacts.mesure("stock_courrier", **FEVRIER) == (1.0, 1)
    assert await contacts.mesure("age_stock_courrier_d9", **FEVRIER) == (26.0, 1)


async def test_courriel_la_mediane_en_heures_et_trois_exigences_sur_un_meme_courriel(contacts: Pile) -> None:
    for heures, combien in (("2026-02-03 08:00", 1), ("2026-02-04 08:00", 1), ("2026-02-07 08:00", 1)):
        await contacts.compter(
            contacts.dossier("courriel", {"recu": "2026-02-02 10:00", "repondu": heures}, nombre=combien)
        )
    assert await contacts.mesure("delai_courriel_mediane", **FEVRIER) == (46.0, 3)
    assert await contacts.mesure("delai_courriel_d9", **FEVRIER) == (118.0, 3)
    parts = [(await contacts.mesure(code, **FEVRIER))[0] for code in ("courriels_24h", "courriels_48h", "courriels_7j")]
    assert parts == [pytest.approx(100 / 3), pytest.approx(200 / 3), 100.0]
    assert await contacts.mesure("stock_courriel", **FEVRIER) == (0.0, 0)


async def test_reclamation_dix_et_vingt_et_un_jours_par_service(contacts: Pile) -> None:
    for service, fin in (("administratif", "12"), ("administratif", "20"), ("medical", "23")):
        await contacts.compter(
            contacts.dossier(
                "reclamation", {"recue": "2026-02-02 10:00", "repondue": f"2026-02-{fin} 10:00"}, service=service
            )
        )
    assert await contacts.mesure("reclamations_10j", **FEVRIER) == (pytest.approx(100 / 3), 3)
    assert await contacts.mesure("reclamations_10j_administratif", **FEVRIER) == (50.0, 2)
    assert await contacts.mesure("reclamations_10j_medical", **FEVRIER) == (0.0, 1)
    assert await contacts.mesure("reclamations_21j", **FEVRIER) == (100.0, 3)


async def test_supervision_la_fiabilite_est_la_somme_des_points_sur_celle_des_points_possibles(contacts: Pile) -> None:
    for canal, points, possibles, combien in (
        ("telephone", 8, 10, 1),
        ("telephone", 15, 20, 3),
        ("courriel", 9, 10, 1),
    ):
        await contacts.compter(
            contacts.dossier(
                "supervision", {"notee": "2026-02-03 09:00"},
                canal=canal, points=points, points_possibles=possibles, nombre=combien,
            )
        )  # fmt: skip
    assert await contacts.mesure("fiabilite_telephone", **FEVRIER) == (pytest.approx(100 * 53 / 70), 4)
    assert await contacts.mesure("fiabilite_courriels", **FEVRIER) == (90.0, 1)


async def test_enquete_satisfaits_et_tres_satisfaits_par_public_et_par_canal(contacts: Pile) -> None:
    def reponses(reponse: str, combien: int, **qui: str) -> dict[str, Any]:
        return contacts.dossier("enquete", {reponse: "2026-02-03 09:00"}, nombre=combien, **qui)

    globale = {"public": "assure", "theme": "globale"}
    await contacts.compter(
        reponses("tres_satisfait", 221, **globale),
        reponses("satisfait", 576, **globale),
        reponses("peu_satisfait", 150, **globale),
        reponses("pas_satisfait", 53, **globale),
        reponses("sans_reponse", 1000, **globale),
        reponses("satisfait", 87, public="employeur", theme="globale"),
        reponses("pas_satisfait", 13, public="employeur", theme="globale"),
        reponses("satisfait", 3, public="assure", theme="canal", canal="courriel"),
        reponses("tres_satisfait", 1, public="assure", theme="canal", canal="papier"),
    )
    assert await contacts.mesure("satisfaction_assures", **FEVRIER) == (pytest.approx(79.7), 1000)
    assert await contacts.mesure("satisfaction_canaux", **FEVRIER) == (100.0, 4)
    assert await contacts.mesure("satisfaction_canaux_tres", **FEVRIER) == (25.0, 4)
    assert await contacts.mesure("satisfaction_employeurs", **FEVRIER) == (87.0, 100)
    assert await contacts.mesure("satisfaction_canal_courriel", **FEVRIER) == (100.0, 3)
    assert await contacts.mesure("satisfaction_canal_telephone", **FEVRIER) == (None, 0)
    assert await contacts.mesure("satisfaction_ps", **FEVRIER) == (None, 0)
    assert await contacts.mesure("taux_reponse_enquete", **FEVRIER) == (pytest.approx(100 * 1104 / 2104), 2104)


def quart(pile: Pile, heure: str, connectes: int, disponibles: int, **autres: Any) -> dict[str, Any]:
    """A count of a quarter of an hour, in the place of any other of the same quarter."""
    sujet = f"pfs-idf-2026-02-03T{heure[:2]}"
    dit = {"connectes": connectes, "disponibles": disponibles, "plateforme": "pfs-idf"}
    return pile.dossier("effectif", {"releve": f"2026-02-03 {heure}"}, subject=sujet, **dit, **autres)


async def test_effectif_le_dernier_compte_d_un_quart_d_heure_remplace_les_precedents(contacts: Pile) -> None:
    await contacts.compter(
        quart(contacts, "09:05", 40, 10), quart(contacts, "09:02", 10, 10), quart(contacts, "10:00", 60, 15)
    )
    assert await contacts.mesure("teleconseillers_connectes", **FEVRIER) == (50.0, 2)
    assert await contacts.mesure("teleconseillers_disponibles", **FEVRIER) == (12.5, 2)
    assert await contacts.mesure("taux_disponibilite", **FEVRIER) == (25.0, 2)
    assert await contacts.mesure("teleconseillers_connectes", plateforme="pfs-idf", **FEVRIER) == (50.0, 2)
    await contacts.compter(quart(contacts, "10:10", 80, 15))
    assert await contacts.mesure("teleconseillers_connectes", **FEVRIER) == (60.0, 2)


async def test_une_correction_et_un_retrait_d_un_releve_le_remplacent_et_l_enlevent(contacts: Pile) -> None:
    premier = quart(contacts, "09:00", 40, 10)
    await contacts.compter(premier)
    await contacts.compter(premier | {"revision": 1, "data": premier["data"] | {"connectes": 44}})
    assert await contacts.mesure("teleconseillers_connectes", **FEVRIER) == (44.0, 1)
    retrait = {"type": "vigie.effectif.retrait.v1", "data": {"cible": premier["id"]}}
    await contacts.compter(premier | {"id": "r-1"} | retrait)
    assert await contacts.mesure("teleconseillers_connectes", **FEVRIER) == (None, 0)


@pytest.mark.parametrize("valeur", [-1, 5001, 1.5, "12", True, [1]])
async def test_une_grandeur_qui_n_est_pas_un_entier_permis_est_refusee(contacts: Pile, valeur: Any) -> None:
    reponse = await contacts.poster([quart(contacts, "09:00", valeur, 1)], "application/cloudevents-batch+json")
    (resultat,) = reponse.json()["resultats"]
    assert (resultat["statut"], resultat["raison"], resultat["champ"]) == (
        "refuse", "valeur_invalide", "data.connectes",
    )  # fmt: skip
    assert "0 à 5000" in resultat["message"]


async def test_deux_sources_d_appels_se_comparent_jour_par_jour_sans_s_additionner(contacts: Pile) -> None:
    def compte(jour: str, origine: str, presentes: int, decroches: int) -> dict[str, Any]:
        dit = {"origine": origine, "presentes": presentes, "decroches": decroches, "plateforme": "pfs-idf"}
        return contacts.dossier(
            "comptage_appels", {"compte": f"2026-02-{jour} 20:00"}, source=f"urn:vigie:source:{origine}", **dit
        )

    await contacts.compter(
        compte("03", "operateur", 100, 90),
        compte("03", "outil_local", 75, 70),
        compte("04", "operateur", 90, 81),
        compte("04", "outil_local", 100, 95),
        compte("05", "operateur", 500, 450),
    )
    assert await contacts.mesure("ecart_sources_appels", **FEVRIER) == (17.5, 2)
    assert await contacts.mesure("taux_decroche_operateur", **FEVRIER) == (90.0, 3)
    assert await contacts.mesure("taux_decroche_outil_local", **FEVRIER) == (pytest.approx(100 * 165 / 175), 2)
    assert await contacts.mesure("taux_decroche", **FEVRIER) == (None, 0), "aucun appel n'a été compté deux fois"
    assert await laisses(contacts, "ecart_sources_appels") == {"une_seule_source": 1}
    assert await laisses(contacts, "taux_decroche_operateur") == {"hors_population": 2}
    assert await laisses(contacts, "teleconseillers_connectes") == {}


async def laisses(pile: Pile, code: str) -> dict[str, int]:
    """What the explanation of a figure of February leaves out."""
    reponse = await pile.client.get(f"/v1/indicateurs/{code}/explication", params=FEVRIER)
    assert reponse.status_code == 200, reponse.text
    return {compte["motif"]: compte["n"] for compte in reponse.json()["exclusions"]}


DELAIS: list[tuple[str, str, dict[str, str], str]] = [
    ("ame", "ame", {"recue": "02", "incomplete": "04", "completee": "10", "decidee_accord": "21"}, "accord"),
    ("carte_vitale", "carte_vitale", {"demandee": "02", "delivree": "21"}, "delivree"),
    ("dapias", "dapias", {"recue": "02", "numerisee": "03", "droits_ouverts": "21", "renouvelee": "28"}, "accord"),
    ("smg", "smg", {"recue": "02", "payee": "21"}, "paye"),
    ("entente_prealable", "entente_prealable", {"recue": "02", "avis_demande": "03", "refusee": "21"}, "refus"),
    ("dossier_unique", "dossier_unique", {"recue": "02", "decidee_accord": "21"}, "accord"),
    ("apias", "apias_assures", {"recue": "02", "payee": "21"}, "paye"),
    ("apias", "apias_ps", {"recue": "02", "payee": "21"}, "paye"),
    ("retraite", "retraite_propre", {"recue": "02", "droits_estimes": "05", "liquidee": "21"}, "liquidation"),
    ("retraite", "retraite_reversion", {"recue": "02", "liquidee": "21"}, "liquidation"),
    ("rente_at_mp", "rente_at_mp_premiere", {"recue": "02", "liquidee": "21"}, "liquidation"),
    ("rente_at_mp", "rente_at_mp_revision", {"recue": "02", "liquidee": "21"}, "liquidation"),
    ("fse", "fse_ps", {"recue": "02", "payee": "21"}, "paye"),
    ("ij", "ij_premiere_subrogee", {"aat_recu": "01", "dsij_recue": "02", "payee": "21"}, "paye"),
]
STRATES = {
    "apias_assures": {"beneficiaire": "assure"}, "apias_ps": {"beneficiaire": "ps"}, "fse_ps": {"beneficiaire": "ps"},
    "retraite_propre": {"droit": "propre"}, "retraite_reversion": {"droit": "reversion"},
    "rente_at_mp_premiere": {"nature": "premiere_liquidation"},
    "rente_at_mp_revision": {"nature": "revision_aggravation"}, "ij_premiere_subrogee": {"subrogee": "oui"},
}  # fmt: skip


@pytest.mark.parametrize(("process", "suffixe", "jalons", "issue"), DELAIS, ids=[d[1] for d in DELAIS])
async def test_un_dossier_de_claims_donne_son_delai_et_son_stock(
    claims: Pile, process: str, suffixe: str, jalons: dict[str, str], issue: str
) -> None:
    dates = {nom: f"2026-02-{jour} 10:00" for nom, jour in jalons.items()}
    depart = {nom: date for nom, date in dates.items() if date <= "2026-02-02 10:00"}
    attributs = STRATES.get(suffixe, {})
    premier = claims.dossier(process, dates, **attributs)
    await claims.compter(premier, claims.dossier(process, depart, nombre=3, **attributs))
    assert await claims.mesure(f"delai_{suffixe}_moyen", **FEVRIER) == (19.0, 1)
    for statistique in ("d9", "mediane"):
        assert await claims.mesure(f"delai_{suffixe}_{statistique}", **FEVRIER) == (19.0, 1)
    assert await claims.mesure(f"stock_{suffixe}", **FEVRIER) == (3.0, 3)
    assert await claims.mesure(f"age_stock_{suffixe}_d9", **FEVRIER) == (26.0, 3)
    reponse = await claims.client.get(f"/v1/dossiers/{process}/{premier['subject']}")
    assert f"issue « {issue} »" in reponse.json()["dossiers"][0]["compte"]


async def test_un_releve_se_relit_avec_ce_qu_il_compte(contacts: Pile) -> None:
    premier = quart(contacts, "09:00", 40, 10)
    await contacts.compter(premier)
    (dossier,) = (await contacts.client.get(f"/v1/dossiers/effectif/{premier['subject']}")).json()["dossiers"]
    assert dossier["compte"] == "Compte comme relevé le 03/02/2026 : connectes = 40, disponibles = 10."
    assert [(c["cellule"], c["grandeur"], c["valeur"], c["montants"]) for c in dossier["contributions"]] == [
        ("releves", "connectes", 40, {"n": 1}), ("releves", "disponibles", 10, {"n": 1}),
    ]  # fmt: skip


async def test_un_processus_dont_rien_n_est_venu_n_est_pas_mesure(claims: Pile) -> None:
    await claims.compter(claims.dossier("fse", {"recue": "2026-02-02 10:00"}, beneficiaire="ps"))
    assert await claims.mesure("stock_fse_ps", **FEVRIER) == (1.0, 1)
    assert await claims.mesure("stock_retraite_propre", **FEVRIER) == (None, 0)
    assert await claims.mesure("stock_smg", **FEVRIER) == (None, 0)
