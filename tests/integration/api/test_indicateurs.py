"""Indicators from real events, read over HTTP: the rules of the sources, one by one."""

import json
import random
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from tests.integration.api.conftest import LOT, SOURCE, Pile

MARS = {"du": "2026-03-01", "au": "2026-03-31"}


def courriel(pile: Pile, recu: str, clos: str | None = None, comment: str = "repondu", **autres: object) -> dict:
    return pile.dossier("courriel", {"recu": recu} | ({comment: clos} if clos else {}), **autres)


async def test_un_courriel_ouvert_est_manque_des_que_son_heure_d_echeance_est_passee_pas_avant(contacts: Pile) -> None:
    await contacts.compter(courriel(contacts, "2026-03-02 08:10"))
    contacts.il_est("2026-03-04 08:59")
    assert await contacts.mesure("courriels_48h", **MARS) == (None, 0)
    contacts.il_est("2026-03-04 09:00")
    assert await contacts.mesure("courriels_48h", **MARS) == (0.0, 1)
    assert await contacts.mesure("courriels_48h", du="2026-03-04", au="2026-03-04") == (0.0, 1)
    assert await contacts.mesure("courriels_48h", du="2026-03-02", au="2026-03-03") == (None, 0)


async def test_48_h_30_ne_sont_pas_48_h(contacts: Pile) -> None:
    await contacts.compter(
        courriel(contacts, "2026-03-02 08:00", "2026-03-04 08:00"),
        courriel(contacts, "2026-03-02 08:00", "2026-03-04 08:30"),
        courriel(contacts, "2026-03-02 08:00", "2026-03-04 08:00:01"),
    )
    contacts.il_est("2026-03-05 00:00")
    valeur, n = await contacts.mesure("courriels_48h", **MARS)
    assert n == 3
    assert valeur == pytest.approx(100 / 3)


async def test_clos_sans_reponse_compte_dans_l_officiel_et_sort_du_reel_des_deux_cotes(contacts: Pile) -> None:
    await contacts.compter(
        courriel(contacts, "2026-03-02 08:00", "2026-03-02 18:00"),
        courriel(contacts, "2026-03-02 08:00", "2026-03-02 18:00", "clos_sans_reponse"),
        courriel(contacts, "2026-03-02 08:00", "2026-03-09 18:00", "clos_sans_reponse"),
        courriel(contacts, "2026-03-02 08:00"),
    )
    contacts.il_est("2026-03-10 00:00")
    assert await contacts.mesure("courriels_48h", **MARS) == (50.0, 4)
    valeur, n = await contacts.mesure("courriels_48h_reel", **MARS)
    assert (valeur, n) == (pytest.approx(100 / 3), 3)
    assert await contacts.mesure("part_courriels_clos_sans_reponse", **MARS) == (pytest.approx(200 / 3), 3)


async def test_vendredi_17_h_plus_48_h_ouvrees_va_jusqu_a_mardi_17_h(contacts: Pile) -> None:
    await contacts.compter(
        courriel(contacts, "2026-03-06 17:00", "2026-03-10 17:00"),
        courriel(contacts, "2026-03-06 17:00", "2026-03-10 17:01"),
        courriel(contacts, "2026-03-06 17:30"),
    )
    contacts.il_est("2026-03-10 17:59")
    assert await contacts.mesure("courriels_48h_ouvrees", **MARS) == (None, 0)
    contacts.il_est("2026-03-10 18:00")
    assert await contacts.mesure("courriels_48h_ouvrees", **MARS) == (pytest.approx(100 / 3), 3)
    assert await contacts.mesure("courriels_48h", **MARS) == (0.0, 3)
    assert await contacts.mesure("courriels_48h", horloge="heures_ouvrees", **MARS) == (pytest.approx(100 / 3), 3)


async def test_une_reclamation_repondue_le_10e_jour_est_dans_les_10_jours(contacts: Pile) -> None:
    await contacts.compter(
        contacts.dossier("reclamation", {"recue": "2026-03-02 23:50", "repondue": "2026-03-12 23:59"}),
        contacts.dossier("reclamation", {"recue": "2026-03-02 00:01", "repondue": "2026-03-13 00:00"}),
        contacts.dossier("reclamation", {"recue": "2026-03-02 10:00", "annulee": "2026-03-04 10:00"}),
        contacts.dossier("reclamation", {"recue": "2026-03-02 10:00"}),
    )
    contacts.il_est("2026-03-12 23:59:59")
    assert await contacts.mesure("reclamations_10j", **MARS) == (None, 0)
    contacts.il_est("2026-03-13 00:00")
    assert await contacts.mesure("reclamations_10j", **MARS) == (pytest.approx(100 / 3), 3)
    # Ten working days go to Monday the 16th: the second answer is within them.
    contacts.il_est("2026-03-17 00:00")
    ouvres = await contacts.mesure("reclamations_10j", horloge="jours_ouvres", **MARS)
    assert ouvres == (pytest.approx(200 / 3), 3)


async def test_un_jour_ferie_d_alsace_moselle_ne_compte_que_la_bas(claims: Pile) -> None:
    jalons = {"recue": "2025-12-24 10:00", "payee": "2025-12-29 10:00"}
    await claims.compter(
        *(claims.dossier("fse", jalons, caisse=c, beneficiaire="assure") for c in ("cpam-75", "cpam-67"))
    )
    options = {"du": "2025-12-29", "au": "2025-12-29", "horloge": "jours_ouvres"}
    valeurs = {v["caisse"]: v["valeur"] for v in await claims.valeurs("delai_fse_d9", **options)}
    assert (valeurs["cpam-75"], valeurs["cpam-67"], valeurs["reseau"]) == (2.0, 1.0, 2.0)
    assert valeurs["cpam-69"] is None
    assert await claims.mesure("delai_fse_d9", du="2025-12-29", au="2025-12-29") == (5.0, 1)


async def test_un_jour_est_celui_de_la_caisse(contacts: Pile) -> None:
    # 22:30 in Paris on the 2nd is already the 3rd on La Réunion.
    await contacts.compter(
        *(
            contacts.dossier("appel", {"presente": "2026-03-01 22:30", "decroche": "2026-03-01 22:31"}, caisse=c)
            for c in ("cpam-75", "cgss-974")
        )
    )
    le_1er, le_2 = {"du": "2026-03-01", "au": "2026-03-01"}, {"du": "2026-03-02", "au": "2026-03-02"}
    assert await contacts.mesure("taux_decroche", "cpam-75", **le_1er) == (100.0, 1)
    assert await contacts.mesure("taux_decroche", "cgss-974", **le_1er) == (None, 0)
    assert await contacts.mesure("taux_decroche", "cgss-974", **le_2) == (100.0, 1)


async def test_le_travail_fait_pour_une_autre_se_lit_des_deux_cotes(contacts: Pile) -> None:
    def appels(n: int, issue: str, **autres: str) -> dict:
        jalons = {"presente": "2026-03-02 08:00", issue: "2026-03-02 08:01"}
        return contacts.dossier("appel", jalons, nombre=n, **autres)

    await contacts.compter(
        appels(30, "decroche"),
        appels(10, "abandonne"),
        appels(60, "decroche", productrice="cpam-59-flandres", plateforme="pfs-idf"),
    )
    assert await contacts.mesure("taux_decroche", "cpam-75", **MARS) == (90.0, 100)
    assert await contacts.mesure("taux_decroche", "cpam-75", vue="productrice", **MARS) == (75.0, 40)
    assert await contacts.mesure("taux_decroche", "cpam-59-flandres", vue="productrice", **MARS) == (100.0, 60)
    assert await contacts.mesure("taux_decroche", "cpam-59-flandres", **MARS) == (None, 0)
    assert await contacts.mesure("taux_decroche", "reseau", plateforme="pfs-idf", **MARS) == (100.0, 60)
    for vue in ("responsable", "productrice"):
        assert await contacts.mesure("taux_decroche", "reseau", vue=vue, **MARS) == (90.0, 100)


async def test_cote_productrice_un_courriel_clos_trop_tard_reste_manque_meme_apres_la_periode(contacts: Pile) -> None:
    aide = {"productrice": "cpam-59-flandres"}
    await contacts.compter(
        courriel(contacts, "2026-03-02 08:00", "2026-03-02 18:00", **aide),
        courriel(contacts, "2026-03-02 08:00", "2026-03-25 18:00", **aide),
    )
    contacts.il_est("2026-03-26 00:00")
    semaine = {"du": "2026-03-02", "au": "2026-03-08"}
    assert await contacts.mesure("courriels_48h", "cpam-59-flandres", vue="productrice", **semaine) == (50.0, 2)
    assert await contacts.mesure("courriels_48h", "cpam-75", **semaine) == (50.0, 2)


async def test_cote_productrice_les_jours_ouvres_restent_ceux_de_la_caisse_responsable(claims: Pile) -> None:
    jalons = {"recue": "2025-12-24 10:00", "payee": "2025-12-29 10:00"}
    await claims.compter(claims.dossier("fse", jalons, caisse="cpam-67", productrice="cpam-75", beneficiaire="assure"))
    options = {"du": "2025-12-29", "au": "2025-12-29", "horloge": "jours_ouvres", "vue": "productrice"}
    assert await claims.mesure("delai_fse_d9", "cpam-75", **options) == (1.0, 1)


async def test_une_correction_reprend_ce_qu_elle_corrige_et_rien_ne_reste_de_ce_qui_est_retire(contacts: Pile) -> None:
    premier = contacts.dossier("appel", {"presente": "2026-03-02 08:00", "decroche": "2026-03-02 08:01"})
    await contacts.compter(premier)
    jalons = premier["data"]["jalons"]
    abandon = premier["data"] | {"jalons": {"presente": jalons["presente"], "abandonne": jalons["decroche"]}}
    await contacts.compter(premier | {"revision": 1, "data": abandon})
    assert await contacts.mesure("taux_decroche", **MARS) == (0.0, 1)
    assert await contacts.mesure("attente_decroches_d9", **MARS) == (None, 0)
    retrait = {"type": "vigie.appel.retrait.v1", "id": "r-1", "data": {"cible": premier["id"]}}
    await contacts.compter(premier | retrait)
    assert await contacts.mesure("taux_decroche", **MARS) == (None, 0)
    assert await contacts.mesure("taux_decroche", "reseau", **MARS) == (None, 0)


async def test_des_appels_sans_attente_connue_ne_font_pas_une_part_de_zero(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("appel", {"decroche": "2026-03-02 08:00"}, nombre=40))
    assert await contacts.mesure("taux_decroche", **MARS) == (100.0, 40)
    assert await contacts.mesure("part_decroches_20s", **MARS) == (None, 0)
    await contacts.compter(
        contacts.dossier("appel", {"presente": "2026-03-02 09:00:00", "decroche": "2026-03-02 09:00:20"}),
        contacts.dossier("appel", {"presente": "2026-03-02 09:00:00", "decroche": "2026-03-02 09:00:21"}),
        contacts.dossier("appel", {"presente": "2026-03-02 09:00:00", "abandonne": "2026-03-02 09:00:03"}),
    )
    assert await contacts.mesure("part_decroches_20s", **MARS) == (pytest.approx(100 / 3), 3)


async def test_un_appel_sans_issue_encore_n_entre_dans_aucun_taux(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:00"}))
    assert await contacts.mesure("taux_decroche", **MARS) == (None, 0)


async def test_un_abandon_dans_les_5_secondes_sort_du_taux_hors_abandons_courts(contacts: Pile) -> None:
    def fini(issue: str, seconde: int) -> dict:
        return contacts.dossier("appel", {"presente": "2026-03-02 08:00:00", issue: f"2026-03-02 08:00:{seconde:02d}"})

    await contacts.compter(fini("decroche", 30), fini("abandonne", 5), fini("abandonne", 6))
    assert await contacts.mesure("taux_decroche", **MARS) == (pytest.approx(100 / 3), 3)
    assert await contacts.mesure("taux_decroche_hors_abandons_courts", **MARS) == (50.0, 2)


async def test_le_stock_d_un_soir_passe_ignore_ce_qui_est_venu_depuis(claims: Pile) -> None:
    claims.il_est("2026-03-20 12:00")
    await claims.compter(
        claims.dossier("cmuc_acs", {"recue": "2026-03-02 10:00", "decidee_accord": "2026-03-12 10:00"}),
        claims.dossier("cmuc_acs", {"recue": "2026-03-06 10:00"}),
        claims.dossier("cmuc_acs", {"recue": "2026-03-15 10:00"}),
    )

    async def soir(jour: str) -> tuple:
        le = {"du": jour, "au": jour}
        return (await claims.mesure("stock_cmuc_acs", **le), await claims.mesure("age_stock_cmuc_acs_d9", **le))

    assert await soir("2026-03-01") == ((None, 0), (None, 0))
    assert await soir("2026-03-11") == ((2.0, 2), (9.0, 2))
    assert await soir("2026-03-12") == ((1.0, 1), (6.0, 1))
    assert await soir("2026-03-20") == ((2.0, 2), (14.0, 2))
    assert await soir("2026-03-21") == ((None, 0), (None, 0))
    # The month is not over: its stock is that of now, and ages do not run to the 31st.
    assert await claims.mesure("stock_cmuc_acs", **MARS) == (2.0, 2)
    assert await claims.mesure("age_stock_cmuc_acs_d9", **MARS) == (14.0, 2)


async def test_la_moyenne_est_exacte_en_secondes_et_le_decile_en_jours_entiers(claims: Pile) -> None:
    await claims.compter(
        claims.dossier("cmuc_acs", {"recue": "2026-03-02 22:00", "decidee_refus": "2026-03-03 01:00"}),
        claims.dossier("cmuc_acs", {"recue": "2026-03-01 08:00", "annulee": "2026-03-20 08:00"}),
    )
    assert await claims.mesure("delai_cmuc_acs_moyen", **MARS) == (10_800 / 86_400, 1)
    assert await claims.mesure("delai_cmuc_acs_d9", **MARS) == (1.0, 1)


@pytest.mark.parametrize("pas", ["jour", "semaine", "mois"])
async def test_neuvieme_decile_et_moyenne_sont_ceux_de_postgresql_sur_les_dossiers(
    claims: Pile, postgres_url: str, pas: str
) -> None:
    hasard = random.Random(20260302)
    dossiers, evenements = [], []
    for rang in range(600):
        caisse = hasard.choice(["cpam-75", "cpam-67", "cgss-974"])
        ouvert = datetime(2025, 12, 20, 8) + timedelta(minutes=hasard.randrange(60 * 24 * 40))
        clos = ouvert + timedelta(minutes=hasard.randrange(60 * 24 * 25))
        combien = hasard.choice([1, 1, 1, 4])
        jalons = {"recue": f"{ouvert:%F %T}", "payee": f"{clos:%F %T}"}
        zone = "Indian/Reunion" if caisse == "cgss-974" else "Europe/Paris"
        evenements.append(
            claims.dossier(
                "fse", jalons, zone, caisse=caisse, nombre=combien, beneficiaire="assure", subject=f"s{rang}"
            )
        )
        dossiers += [(caisse, ouvert.date(), clos.date(), int((clos - ouvert).total_seconds()))] * combien
    hasard.shuffle(evenements)
    await claims.compter(*evenements)
    conn = await asyncpg.connect(postgres_url)
    await conn.execute("CREATE TEMP TABLE d (caisse text, ouvert date, clos date, secondes bigint)")
    await conn.copy_records_to_table("d", records=dossiers)
    unite = {"jour": "day", "semaine": "week", "mois": "month"}[pas]
    attendus = await conn.fetch(
        f"""SELECT coalesce(caisse, 'reseau') AS caisse, date_trunc('{unite}', clos)::date AS debut,
                   percentile_disc(0.9) WITHIN GROUP (ORDER BY clos - ouvert) AS d9,
                   sum(secondes) / 86400.0 / count(*) AS moyen, count(*) AS n
            FROM d WHERE clos <= '2026-01-31'
            GROUP BY GROUPING SETS ((caisse, debut), (debut))"""
    )
    await conn.close()
    options = {"du": "2025-12-20", "au": "2026-01-31", "pas": pas}
    trouves = {
        (v["caisse"], _debut(v["du"], pas)): (v["valeur"], v["n"])
        for v in await claims.valeurs("delai_fse_d9", **options)
        if v["n"]
    }
    assert trouves == {(a["caisse"], a["debut"]): (float(a["d9"]), a["n"]) for a in attendus}
    moyens = {
        (v["caisse"], _debut(v["du"], pas)): v["valeur"]
        for v in await claims.valeurs("delai_fse_moyen", **options)
        if v["n"]
    }
    # Two December nights apart, no change of clocks between: wall time differences are elapsed time.
    assert moyens == pytest.approx({(a["caisse"], a["debut"]): float(a["moyen"]) for a in attendus}, rel=1e-12)


def _debut(texte: str, pas: str) -> date:
    jour = date.fromisoformat(texte)
    if pas == "semaine":
        return jour - timedelta(days=jour.weekday())
    return jour.replace(day=1) if pas == "mois" else jour


async def test_les_semaines_du_changement_d_annee_vont_du_lundi_au_dimanche(contacts: Pile) -> None:
    for jour in ("2025-12-28", "2025-12-29", "2025-12-31", "2026-01-04", "2026-01-05"):
        await contacts.compter(contacts.dossier("appel", {"presente": f"{jour} 08:00", "decroche": f"{jour} 08:01"}))
    lignes = await contacts.valeurs("taux_decroche", caisse="cpam-75", du="2025-12-28", au="2026-01-05", pas="semaine")
    assert [(v["du"], v["au"], v["n"]) for v in lignes] == [
        ("2025-12-28", "2025-12-28", 1),
        ("2025-12-29", "2026-01-04", 3),
        ("2026-01-05", "2026-01-05", 1),
    ]


async def test_un_evenement_arrive_apres_un_autre_jour_d_enregistrement_s_ajoute_a_la_meme_valeur(
    contacts: Pile,
) -> None:
    await contacts.compter(courriel(contacts, "2026-03-02 08:00", "2026-03-02 09:00"))
    contacts.il_est("2026-03-06 12:00")
    await contacts.compter(courriel(contacts, "2026-03-02 08:00"))
    assert await contacts.mesure("courriels_48h", **MARS) == (50.0, 2)
    assert await contacts.mesure("courriels_48h", "reseau", **MARS) == (50.0, 2)


async def test_un_lot_au_format_de_la_norme_avec_un_jalon_par_evenement_compte_comme_un_dossier(contacts: Pile) -> None:
    commun = {"specversion": "1.0", "source": SOURCE, "subject": "A-1", "data": {"caisse": "cpam-75"}}
    evenements = [
        commun | {"id": "2", "type": "vigie.appel.decroche.v1", "time": "2026-03-02T08:00:30+01:00"},
        commun | {"id": "1", "type": "vigie.appel.presente.v1", "time": "2026-03-02T07:00:00Z"},
    ]
    assert (await contacts.poster(json.dumps(evenements).encode(), LOT)).json()["acceptes"] == 2
    await contacts.ecouler()
    assert await contacts.mesure("attente_decroches_d9", **MARS) == (30.0, 1)
