"""Statistics of the network over HTTP: every figure against one computed apart, from the events sent."""

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de
from shared.network.reseau import charger
from tests.integration.api.conftest import Pile

SLUGS = [c.slug for c in charger().caisses if c.type == "CPAM" and c.zone == "Métropole"]


async def lire(pile: Pile, chemin: str, **options: Any) -> dict[str, Any]:
    reponse = await pile.client.get(chemin, params={c: str(v) for c, v in options.items()})
    assert reponse.status_code == 200, reponse.text
    document: dict[str, Any] = reponse.json()
    return document


def appels(pile: Pile, caisse: str, jour: str, decroches: int, abandons: int, courts: int = 0) -> list[dict[str, Any]]:
    """Calls of a day, alike ones in one event."""
    issues = (("decroche", "00:30", decroches), ("abandonne", "01:00", abandons), ("abandonne", "00:03", courts))
    return [
        pile.dossier("appel", {"presente": f"{jour} 10:00:00", issue: f"{jour} 10:{fin}"}, caisse=caisse, nombre=n)
        for issue, fin, n in issues
        if n
    ]


async def test_la_dispersion_est_celle_de_numpy_et_se_compare_a_un_an_plus_tot(contacts: Pile) -> None:
    taux = {slug: 60 + 3 * i for i, slug in enumerate(SLUGS[:12])}
    avant = dict.fromkeys(SLUGS[:11], 70)
    await contacts.compter(
        *(e for slug, t in taux.items() for e in appels(contacts, slug, "2026-02-10", t, 100 - t)),
        *(e for slug, t in avant.items() for e in appels(contacts, slug, "2025-02-10", t, 100 - t)),
    )
    document = await lire(
        contacts, "/v1/indicateurs/taux_decroche/dispersion", du="2026-02-01", au="2026-02-28", pas="mois"
    )
    (mois,) = document["periodes"]
    valeurs = list(taux.values())
    d1, mediane, d9 = (float(np.percentile(valeurs, q, method="inverted_cdf")) for q in (10, 50, 90))
    assert (mois["d1"], mois["mediane"], mois["d9"]) == (d1, mediane, d9)
    assert (mois["mesurees"], mois["non_mesurees"]) == (12, len(charger().caisses) - 12)
    assert mois["minimum"] == {"valeur": 60.0, "caisses": [SLUGS[0]]}
    assert mois["maximum"] == {"valeur": 93.0, "caisses": [SLUGS[11]]}
    socle, objectif = mois["cible"]["socle"], mois["cible"]["objectif"]
    assert mois["sous_socle"] == sum(t < socle for t in valeurs)
    assert mois["sous_objectif"] == sum(t < objectif for t in valeurs)
    alors = mois["un_an_avant"]
    assert (alors["du"], alors["au"], alors["mesurees"], alors["mediane"]) == ("2025-02-01", "2025-02-28", 11, 70.0)
    assert alors["sous_objectif"] == 11
    evolution = mois["evolution"]
    assert evolution["communes"] == 11
    assert evolution["ameliorees"] == sum(taux[s] > 70 for s in avant)
    assert evolution["degradees"] == sum(taux[s] < 70 for s in avant)


async def test_la_dispersion_d_un_groupe_ne_compte_que_ses_caisses(contacts: Pile) -> None:
    await contacts.compter(
        *(e for i, slug in enumerate(SLUGS[:20]) for e in appels(contacts, slug, "2026-02-10", 10 * (i + 1), 5))
    )
    groupe = await lire(contacts, "/v1/groupes", caisse=SLUGS[3], au="2026-02-28")
    membres = [m["caisse"] for m in groupe["caisses"]]
    assert membres[0] == SLUGS[3]
    assert len(membres) == 12
    distances = [m["distance"] for m in groupe["caisses"]]
    assert distances == sorted(distances)
    assert SLUGS[19] not in membres, "la plus grosse n'est pas comparable à une petite"
    document = await lire(
        contacts, "/v1/indicateurs/taux_decroche/dispersion", du="2026-02-01", au="2026-02-28", groupe=SLUGS[3]
    )
    assert document["periodes"][0]["mesurees"] == 12
    assert document["periodes"][0]["non_mesurees"] == 0


async def test_l_entonnoir_designe_la_caisse_hors_de_ce_que_sa_taille_permet(contacts: Pile) -> None:
    await contacts.compter(
        *(e for slug in SLUGS[:15] for e in appels(contacts, slug, "2026-02-10", 80, 20)),
        *appels(contacts, SLUGS[15], "2026-02-10", 50, 50),
        *appels(contacts, SLUGS[16], "2026-02-10", 3, 3),
    )
    document = await lire(contacts, "/v1/indicateurs/taux_decroche/entonnoir", du="2026-02-01", au="2026-02-28")
    k, n = 15 * 80 + 50 + 3, 15 * 100 + 100 + 6
    assert document["centre"] == pytest.approx(100 * k / n)
    positions = {c["caisse"]: c["position"] for c in document["caisses"]}
    assert positions.pop(SLUGS[15]) == "au_dessous"
    assert set(positions.values()) == {"dans_les_limites"}, "six appels ne disent rien"


async def test_un_delai_se_met_en_entonnoir_par_sa_part_au_dela_d_un_seuil(claims: Pile) -> None:
    await claims.compter(
        *(
            claims.dossier("cmuc_acs", {"recue": "2026-02-02 10:00", "decidee_accord": f"2026-02-{jour} 10:00"},
                           caisse=slug, nombre=n)
            for slug, rapides in ((SLUGS[0], 90), (SLUGS[1], 90), (SLUGS[2], 20))
            for jour, n in (("05", rapides), ("25", 100 - rapides))
        )
    )  # fmt: skip
    chemin = "/v1/indicateurs/delai_cmuc_acs_d9/entonnoir"
    document = await lire(claims, chemin, du="2026-02-01", au="2026-02-28", seuil="20")
    assert {c["caisse"]: c["taux"] for c in document["caisses"]} == {SLUGS[0]: 10, SLUGS[1]: 10, SLUGS[2]: 80}
    sans = await claims.client.get(chemin, params={"du": "2026-02-01"})
    assert sans.status_code == 422
    assert "seuil" in sans.json()["detail"]


async def test_la_carte_xmr_a_les_limites_calculees_a_la_main_et_dit_si_l_objectif_est_tenable(contacts: Pile) -> None:
    mois = [date(2024, m, 15) for m in range(3, 13)] + [date(2025, m, 15) for m in range(1, 13)]
    taux = [80 + (i % 3) for i in range(len(mois))]
    taux[-1] = 40
    await contacts.compter(
        *(e for jour, t in zip(mois, taux, strict=True) for e in appels(contacts, "cpam-75", str(jour), t, 100 - t))
    )
    document = await lire(
        contacts, "/v1/indicateurs/taux_decroche/spc", caisse="cpam-75", au="2025-12-31", mois=len(mois)
    )
    (serie,) = document["series"]
    etendues = np.abs(np.diff(taux))
    etendue = etendues[etendues < 3.267 * etendues.mean()].mean()
    assert serie["limites"]["bas"] == pytest.approx(np.mean(taux) - 2.66 * etendue)
    assert serie["limites"]["haut"] == pytest.approx(np.mean(taux) + 2.66 * etendue)
    assert [p["valeur"] for p in serie["points"]] == taux
    assert serie["points"][-1]["signal"] == "hors_limites"
    assert serie["provisoires"] is False
    assert serie["assurance"] == "incapable", "90 % est hors d'atteinte"
    laney = serie["p_prime"]
    z = [(t / 100 - np.mean(taux) / 100) / np.sqrt(np.mean(taux) / 100 * (1 - np.mean(taux) / 100) / 100) for t in taux]
    assert laney["sigma_z"] == pytest.approx(np.abs(np.diff(z)).mean() / 1.128)
    toutes = await lire(contacts, "/v1/indicateurs/taux_decroche/spc", au="2025-12-31", mois=len(mois))
    assert [s["caisse"] for s in toutes["series"]] == ["reseau", "cpam-75"]


async def test_un_mois_sans_mesure_coupe_la_serie(contacts: Pile) -> None:
    await contacts.compter(
        *(e for m in (9, 10, 12) for e in appels(contacts, "cpam-75", f"2025-{m:02d}-15", 80, 20)),
        *appels(contacts, "cpam-75", "2026-01-15", 85, 15),
    )
    document = await lire(contacts, "/v1/indicateurs/taux_decroche/spc", caisse="cpam-75", mois=6)
    (serie,) = document["series"]
    assert [p["valeur"] for p in serie["points"]] == [80, 80, None, 80, 85, None]
    assert serie["depuis"] == "2025-12-01"
    assert serie["provisoires"] is True


def cmuc(pile: Pile, ouvert: date, clos: date | None, caisse: str, jalon: str = "decidee_accord") -> dict[str, Any]:
    fin = {} if clos is None else {jalon: f"{clos} 15:00"}
    return pile.dossier("cmuc_acs", {"recue": f"{ouvert} 10:00"} | fin, caisse=caisse)


async def test_le_decile_avec_stock_est_celui_de_lifelines_dans_les_deux_horloges(claims: Pile) -> None:
    hasard = random.Random(7)
    du, au = date(2026, 2, 1), date(2026, 2, 28)
    dossiers: list[tuple[str, date, date | None, bool]] = []
    for _ in range(900):
        ouvert = date(2025, 12, 1) + timedelta(hasard.randrange(88))
        delai = min(hasard.expovariate(1 / 18), 80)
        clos = None if hasard.random() < 0.1 else ouvert + timedelta(int(delai))
        clos = None if clos is not None and clos > date(2026, 3, 1) else clos
        dossiers.append((hasard.choice(SLUGS[:3]), ouvert, clos, hasard.random() < 0.9))
    await claims.compter(
        *(cmuc(claims, o, c, s, "decidee_accord" if compte else "annulee") for s, o, c, compte in dossiers)
    )
    document = await lire(claims, "/v1/indicateurs/delai_cmuc_acs_d9/survie", du=du, au=au)
    calendrier = Calendrier("Métropole")
    lignes = {v["caisse"]: v for v in document["valeurs"]}
    assert set(lignes) == {"reseau", *SLUGS[:3]}
    for caisse, ligne in lignes.items():
        vus = [d for d in dossiers if caisse in ("reseau", d[0]) and d[1] <= au and (d[2] is None or d[2] >= du)]
        finis = [d for d in vus if d[2] is not None and d[2] <= au]
        assert ligne["ouverts"] == len(vus) - len(finis)
        assert ligne["clos"] == sum(d[3] for d in finis)
        for horloge in ("jours_calendaires", "jours_ouvres"):

            def ecart(a: date, b: date, ouvres: bool = horloge == "jours_ouvres") -> int:
                return calendrier.ouvres_entre(jour_de(a), jour_de(b)) if ouvres else (b - a).days

            fins = [min(d[2] or au, au) for d in vus]
            ajuste = KaplanMeierFitter().fit(
                durations=[ecart(d[1], fin) + 1 for d, fin in zip(vus, fins, strict=True)],
                event_observed=[d in finis and d[3] for d in vus],
                entry=[ecart(d[1], max(du, d[1])) for d in vus],
            )
            survie = ajuste.survival_function_.iloc[:, 0]
            atteints = survie.index[survie.to_numpy() <= 0.1 + 1e-12]
            attendu = int(atteints[0]) - 1 if len(atteints) else None
            assert ligne[horloge]["decile_avec_stock"] == attendu
            assert ligne[horloge]["atteint"] is (attendu is not None)
            durees = [ecart(d[1], d[2]) for d in finis if d[3] and d[2] is not None]
            assert ligne[horloge]["decile_clos"] == np.percentile(durees, 90, method="inverted_cdf")


async def test_non_atteint_est_une_valeur(claims: Pile) -> None:
    await claims.compter(
        *(cmuc(claims, date(2026, 2, 2), date(2026, 2, 4), "cpam-75") for _ in range(3)),
        *(cmuc(claims, date(2026, 2, 2), None, "cpam-75") for _ in range(7)),
    )
    document = await lire(
        claims, "/v1/indicateurs/delai_cmuc_acs_d9/survie", caisse="cpam-75", du="2026-02-01", au="2026-02-28"
    )
    (ligne,) = document["valeurs"]
    assert ligne["jours_calendaires"] == {"decile_clos": 2, "decile_avec_stock": None, "atteint": False}
    assert (ligne["clos"], ligne["ouverts"]) == (3, 7)


async def test_le_temps_de_chaque_detenteur_est_celui_de_ses_jours(claims: Pile) -> None:
    """Incomplete from the 5th to the 15th: ten days with the assuré, eight with the caisse; the other is straight."""
    await claims.compter(
        claims.dossier(
            "cmuc_acs",
            {"recue": "2026-02-02 10:00", "incomplete": ["2026-02-05 10:00"], "completee": ["2026-02-15 10:00"],
             "decidee_accord": "2026-02-20 10:00"},
        ),
        claims.dossier("cmuc_acs", {"recue": "2026-02-02 10:00", "decidee_accord": "2026-02-04 10:00"}),
        claims.dossier(
            "cmuc_acs", {"recue": "2026-02-02 10:00", "decidee_refus": "2026-02-06 10:00"},
            caisse="cpam-31", productrice="cpam-75", nombre=3,
        ),
    )  # fmt: skip
    document = await lire(claims, "/v1/indicateurs/delai_cmuc_acs_d9/detenteurs", du="2026-02-01", au="2026-02-28")
    lignes = {v["caisse"]: v for v in document["valeurs"]}
    assert set(lignes) == {"reseau", "cpam-31", "cpam-75"}
    paris = lignes["cpam-75"]
    assert (paris["n"], paris["jours"]) == (2, 10.0)
    assert paris["detenteurs"]["assure"] == {"jours": 5.0, "part": 50.0}
    assert paris["detenteurs"]["caisse"] == {"jours": 5.0, "part": 50.0}
    assert lignes["cpam-31"]["detenteurs"]["prenante"] == {"jours": 4.0, "part": 100.0}
    reseau = lignes["reseau"]
    assert (reseau["n"], reseau["jours"]) == (5, pytest.approx((18 + 2 + 12) / 5))
    assert sum(d["part"] for d in reseau["detenteurs"].values()) == pytest.approx(100)


async def test_le_depassement_compte_strictement_au_dela_sur_l_horloge_demandee(claims: Pile) -> None:
    delais = [1, 3, 3, 7, 12, 20, 21, 24]
    recu = date(2026, 2, 2)
    await claims.compter(*(cmuc(claims, recu, recu + timedelta(d), "cpam-75") for d in delais))
    options = {"du": "2026-02-01", "au": "2026-02-28", "caisse": "cpam-75"}
    chemin = "/v1/indicateurs/delai_cmuc_acs_d9/depassement"
    (ligne,) = (await lire(claims, chemin, seuil="20", **options))["valeurs"]
    assert ligne == {
        "caisse": "cpam-75", "n": 8, "au_dela": 2, "somme": sum(delais), "carres": sum(d * d for d in delais),
    }  # fmt: skip
    (demi,) = (await lire(claims, chemin, seuil="19.5", **options))["valeurs"]
    assert demi["au_dela"] == 3
    calendrier = Calendrier("Métropole")
    ouvres = [calendrier.ouvres_entre(jour_de(recu), jour_de(recu + timedelta(d))) for d in delais]
    (ligne,) = (await lire(claims, chemin, seuil="14", horloge="jours_ouvres", **options))["valeurs"]
    assert (ligne["au_dela"], ligne["somme"]) == (sum(o > 14 for o in ouvres), sum(ouvres))
    refus = await claims.client.get("/v1/indicateurs/stock_cmuc_acs/depassement", params={"seuil": "3"})
    assert refus.status_code == 422


def _par_code(document: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    return {d["code"]: {c["caisse"]: c for c in d["caisses"]} for d in document["detecteurs"]}


async def test_un_accord_donne_sur_dossier_incomplet_et_un_ecremage_se_voient(claims: Pile) -> None:
    incomplets: Iterable[dict[str, Any]] = (
        claims.dossier(
            "cmuc_acs",
            {"recue": "2026-02-02 10:00", "incomplete": ["2026-02-05 10:00"], "decidee_accord": "2026-02-06 10:00"}
            | ({"completee": ["2026-02-06 10:00"]} if complet else {}),
            nombre=n,
        )
        for complet, n in ((True, 95), (False, 6))
    )
    await claims.compter(*incomplets, *(cmuc(claims, date(2025, 11, 3), None, "cpam-75") for _ in range(40)))
    document = await lire(claims, "/v1/detecteurs", du="2026-02-01", au="2026-02-28", caisse="cpam-75")
    trouves = _par_code(document)
    assert trouves["accords_incomplets"]["cpam-75"] == {"caisse": "cpam-75", "valeur": 6 / 101, "alerte": True}
    age = (date(2026, 2, 28) - date(2025, 11, 3)).days
    assert trouves["ecremage_cmuc_acs"]["cpam-75"] == {"caisse": "cpam-75", "valeur": age / 4, "alerte": True}
    assert trouves["ecremage_fse"] == {}, "rien de mesuré : rien n'est dit"


async def test_les_detecteurs_du_contact_lisent_abandons_courts_cloches_et_reouvertures(contacts: Pile) -> None:
    for jour, courts in (("2026-02-10", 120), ("2025-12-10", 50)):
        await contacts.compter(*appels(contacts, "cpam-75", jour, 800, 200 - courts, courts))
    tardifs = [
        contacts.dossier("courriel", {"recu": "2026-02-02 09:00", fin: "2026-02-06 09:00"}, nombre=n)
        for fin, n in (("repondu", 80), ("clos_sans_reponse", 20))
    ]
    rapides = contacts.dossier(
        "courriel", {"recu": "2026-02-02 09:00", "clos_sans_reponse": "2026-02-03 09:00"}, nombre=500
    )
    await contacts.compter(*tardifs, rapides)
    reclamations = [
        contacts.dossier("reclamation", {"recue": "2026-02-20 09:00", "repondue": "2026-02-27 10:00"})
        for _ in range(40)
    ]
    await contacts.compter(*reclamations)
    contacts.il_est("2026-03-05 09:00")
    suites = [
        {**r, "id": f"{r['id']}-suite", "type": "vigie.reclamation.repondue.v1", "time": "2026-03-04T10:00:00+01:00",
         "data": {"caisse": "cpam-75"}}
        for r in reclamations[:10]
    ]  # fmt: skip
    await contacts.compter(*suites)
    document = await lire(contacts, "/v1/detecteurs", du="2026-02-01", au="2026-02-28")
    trouves = _par_code(document)
    gonflement = trouves["gonflement_abandons_courts"]["cpam-75"]
    assert (gonflement["valeur"], gonflement["alerte"]) == (pytest.approx(120 / 50), True)
    assert trouves["abandons_apres_echeance_courriel"]["cpam-75"] == {
        "caisse": "cpam-75", "valeur": 0.2, "alerte": True,
    }  # fmt: skip
    assert trouves["clotures_rouvertes_reclamation"]["cpam-75"] == {"caisse": "cpam-75", "valeur": 0.25, "alerte": True}
    assert trouves["clotures_rouvertes_courriel"]["reseau"]["valeur"] == 0


@pytest.mark.parametrize(
    ("chemin", "options", "champ"),
    [
        ("taux_decroche/survie", {}, "code"),
        ("taux_decroche/detenteurs", {}, "code"),
        ("taux_decroche/depassement", {"seuil": "3"}, "code"),
        ("taux_decroche/entonnoir", {"seuil": "3"}, "seuil"),
        ("taux_decroche/dispersion", {"groupe": "cpam-750"}, "groupe"),
        ("taux_decroche/dispersion", {"caisse": "cpam-75"}, "caisse"),
        ("taux_decroche/spc", {"mois": "1"}, "mois"),
        ("delai_reclamation_d9/depassement", {}, "seuil"),
        ("delai_reclamation_d9/depassement", {"seuil": "3", "horloge": "heures"}, "horloge"),
    ],
)
async def test_une_question_qui_n_a_pas_de_sens_est_refusee_en_la_nommant(
    contacts: Pile, chemin: str, options: dict[str, str], champ: str
) -> None:
    reponse = await contacts.client.get(f"/v1/indicateurs/{chemin}", params=options)
    assert reponse.status_code == 422, reponse.text
    assert reponse.json()["erreurs"][0]["emplacement"] == f"requête.{champ}"


async def test_le_reseau_n_a_pas_de_comparable(contacts: Pile) -> None:
    reponse = await contacts.client.get("/v1/groupes", params={"caisse": "reseau"})
    assert reponse.status_code == 422
    assert (await lire(contacts, "/v1/groupes", caisse="cpam-75"))["caisses"] == []
