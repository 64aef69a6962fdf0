"""A mission followed from the events of the aidante: delivered, seen from both sides, without it, and its effect."""

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from services.contacts.domain import DEFINITION as CONTACTS
from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.propositions import store
from services.entraide.propositions.lignes import Ligne
from shared.database.transactions import transaction
from shared.network.jours import jour_de
from tests.integration.entraide.atelier_propositions import LUNDI, Document
from tests.integration.entraide.atelier_suivi import (
    AIDANTE,
    AIDEE,
    CONFIES,
    LOTS,
    SEMAINES,
    TEMOINS,
    VEILLE,
    Atelier,
    Lot,
    files,
    ouvrir_atelier,
)

DELAI, STOCK = "delai_ij_premiere_non_subrogee_moyen", "stock_ij_premiere_non_subrogee"
DEPUIS = date(2025, 8, 4)
PAR_SEMAINE = LOTS * CONFIES


@pytest.fixture
async def atelier(postgres_url: str) -> AsyncIterator[Atelier]:
    async with ouvrir_atelier(postgres_url) as ouvert:
        yield ouvert


async def mission(atelier: Atelier, volume: float = SEMAINES * PAR_SEMAINE) -> int:
    numero = await atelier.entraide.proposer(AIDANTE, AIDEE, (200,) * SEMAINES, volume)
    await atelier.entraide.engager(numero)
    return numero


def ligne(lignes: list[Document], **voulu: object) -> Document:
    (trouvee,) = [li for li in lignes if all(li[c] == v for c, v in voulu.items())]
    return trouvee


async def test_une_mission_du_premier_jour_a_son_effet_mesure(atelier: Atelier) -> None:
    lots = list(files(DEPUIS, date(2026, 5, 11), aidee=True))
    await atelier.recevoir(lots, None, VEILLE)
    numero = await mission(atelier)
    chemin = f"/v1/missions/{numero}"
    await atelier.lire(f"{chemin}/suivi", 409)

    atelier.il_est("2026-03-12 12:00")
    assert (await atelier.tour())["projections"] == 0, "trop tôt : la projection en sait plus la veille"
    atelier.il_est("2026-03-13 12:00")
    assert (await atelier.tour())["projections"] == 1
    assert (await atelier.tour())["projections"] == 0
    attente = (await atelier.lire(f"{chemin}/effet"))["a_mesurer"]
    prevu = ligne(attente, cote="aidee", indicateur=STOCK, horizon=1)
    assert (prevu["mois"], prevu["mesurable_le"], prevu["attendu"]["tardive"]) == ("2026-04", "2026-05-11", False)
    assert prevu["attendu"]["bas"] <= prevu["attendu"]["valeur"] <= prevu["attendu"]["haut"]

    await atelier.vivre(lots, VEILLE, date(2026, 3, 31))
    await atelier.tour()
    suivi = await atelier.lire(f"{chemin}/suivi")
    livraison = suivi["livraison"]
    # Two weeks are over; half, then three quarters of full speed were expected, of 120 spread on 0.5, 0.75, 1 and
    # 1 times five working days, but four in the week of Easter Monday (6 April).
    plein = 120 / (0.5 + 0.75 + 1 + 0.8)
    assert [s["attendu"] for s in livraison["semaines"]] == pytest.approx([plein / 2, 0.75 * plein, plein])
    assert [s["livre"] for s in livraison["semaines"]] == [PAR_SEMAINE, PAR_SEMAINE, 0]
    assert (livraison["livre"], livraison["unite"], livraison["en_retard"]) == (60, "demande", False)

    await atelier.vivre(lots, date(2026, 3, 31), date(2026, 5, 10))
    atelier.il_est("2026-05-11 12:00")
    suivi = await atelier.lire(f"{chemin}/suivi")
    assert suivi["livraison"]["livre"] == 120
    assert "100 % des 120 attendus" in suivi["livraison"]["phrase"]
    delai = ligne(suivi["attribution"]["indicateurs"], indicateur=DELAI)
    assert delai["aidante"]["responsable"]["n"] + 120 == delai["aidante"]["productrice"]["n"], "son travail pour Paris"
    assert delai["aidee"]["responsable"]["n"] - 120 == delai["aidee"]["productrice"]["n"]
    sans = suivi["contrefactuel"]
    assert "les plus anciens d'abord" in sans["hypothese"]
    derniere = sans["semaines"][SEMAINES - 1]
    assert derniere["observe"] == pytest.approx(derniere["avec"], abs=1)
    assert derniere["sans"] - derniere["avec"] == pytest.approx(120, abs=1)
    comptes = ligne(sans["indicateurs"], indicateur=DELAI)
    assert comptes["sans"] > comptes["avec"] + 5

    assert (await atelier.tour())["effets"] == 6, "trois indicateurs, deux caisses"
    assert (await atelier.tour())["effets"] == 0
    effet = await atelier.lire(f"{chemin}/effet")
    paris = ligne(effet["effets"], cote="aidee", indicateur=DELAI, horizon=1)
    assert paris["conclusion"] == "amelioree"
    assert -16 < paris["comparaison"]["difference"]["valeur"] < -8
    vues = paris["comparaison"]["situations"]
    assert {v["caisse"] for v in vues} <= {*TEMOINS, AIDEE, AIDANTE}
    touchees = [v["mois"] for v in vues if v["caisse"] in (AIDEE, AIDANTE)]
    assert max(touchees, default="") <= "2025-12", "deux mois plus tard, la mission n'avait pas commencé"
    assert paris["contre_projection"]["conclusion"] == "amelioree"
    assert "sans l'aide," in paris["phrase"]
    donneuse = ligne(effet["effets"], cote="aidante", indicateur=DELAI, horizon=1)
    assert (donneuse["conclusion"], donneuse["objectif_tenu"]) == ("non_distinguee", True)
    assert "Elle tient son objectif." in donneuse["phrase"]
    assert effet["synthese"]["conclusions"]["aidee"]["amelioree"] >= 1
    assert {m["horizon"] for m in effet["a_mesurer"]} == {2, 3}

    with pytest.raises(asyncpg.RaiseError, match="written once"):
        await atelier.entraide.service.pool.execute("UPDATE entraide.missions_effets SET version = 'x'")


async def test_un_mois_se_mesure_une_fois_par_version_de_son_indicateur(atelier: Atelier) -> None:
    numero = await mission(atelier)
    lots = list(files(DEPUIS, date(2026, 5, 11), aidee=False))
    await atelier.recevoir(lots, None, VEILLE)
    await atelier.vivre(lots, VEILLE, date(2026, 5, 10))
    atelier.il_est("2026-05-11 12:00")
    assert (await atelier.tour())["effets"] == 6
    pool = atelier.entraide.service.pool
    await pool.execute("ALTER TABLE entraide.missions_effets DISABLE TRIGGER immuable")
    await pool.execute("UPDATE entraide.missions_effets SET version = 'ancienne' WHERE indicateur = $1", DELAI)
    await pool.execute("ALTER TABLE entraide.missions_effets ENABLE TRIGGER immuable")
    assert (await atelier.tour())["effets"] == 2
    lus = (await atelier.lire(f"/v1/missions/{numero}/effet"))["effets"]
    assert len(lus) == 8
    assert len({e["version"] for e in lus if e["indicateur"] == DELAI and e["cote"] == "aidee"}) == 2
    paris = ligne(lus, cote="aidee", indicateur=DELAI, version="ancienne")
    assert paris["conclusion"] == "non_distinguee", "personne n'a rien changé"
    assert "n'est pas distinguable de zéro" in paris["phrase"]


async def test_sans_reponse_du_service_rien_n_est_garde_et_la_lecture_le_dit(atelier: Atelier) -> None:
    numero = await mission(atelier)
    atelier.il_est("2026-05-11 12:00")
    atelier.amonts.adresses = {"claims": "http://127.0.0.1:9"}
    atelier.entraide.service.reglages = atelier.entraide.service.reglages.model_copy(
        update={"claims_url": "http://127.0.0.1:9"}
    )
    assert await atelier.tour() == {"projections": 0, "effets": 0, "suites": 0, "fragilites": 0}
    erreur = await atelier.lire(f"/v1/missions/{numero}/suivi", 503)
    assert "claims ne répond pas" in erreur["detail"]
    rapport = await atelier.lire("/v1/rapports/2026")
    assert (rapport["processus"][0]["livre"], len(rapport["manques"])) == (None, 1)


async def test_des_appels_pris_par_une_autre_se_comptent_semaine_par_semaine_et_sans_elle_sont_perdus(
    postgres_url: str,
) -> None:
    async with ouvrir_atelier(postgres_url, CONTACTS) as atelier:
        entraide = atelier.entraide
        termes = Termes(jour_de(date.fromisoformat(LUNDI)), (200, 200), 350)
        async with transaction(entraide.service.moteur) as conn:
            ligne_du_plan = Ligne("b", "pole-31", AIDANTE, AIDEE, "appel", termes)
            (numero,) = await store.proposer(conn, 1, [ligne_du_plan], entraide.clock.now())
        await entraide.engager(numero)
        atelier.il_est("2026-03-27 18:00")
        await atelier.tour()
        appels = [
            atelier.claims.dossier("appel", {"presente": f"{jour} 10:00", fin: f"{jour} 10:01"}, nombre=n, **autres)
            for jour, fin, n, autres in (
                ("2026-03-18", "decroche", 100, {"productrice": AIDANTE}),
                ("2026-03-18", "decroche", 300, {}),
                ("2026-03-18", "abandonne", 100, {}),
                ("2026-03-25", "abandonne", 20, {"productrice": AIDANTE}),
            )
        ]
        await atelier.claims.compter(*appels)
        suivi = await atelier.lire(f"/v1/missions/{numero}/suivi")
        semaines = suivi["livraison"]["semaines"]
        assert [s["livre"] for s in semaines] == [100, 0], "un appel perdu n'est pas livré"
        assert [s["en_retard"] for s in semaines] == [True, False], "140 attendus ; la seconde n'est pas finie"
        (taux,) = suivi["contrefactuel"]["indicateurs"]
        assert taux["avec"] == pytest.approx(100 * 400 / 520, abs=0.01)
        assert taux["sans"] == pytest.approx(100 * 300 / 520, abs=0.01)
        assert "borne basse" in suivi["contrefactuel"]["hypothese"]


async def test_le_rapport_de_l_annee_par_processus_dans_son_unite(atelier: Atelier) -> None:
    await mission(atelier, 200)
    await atelier.recevoir(list(files(date(2025, 12, 1), date(2026, 5, 11), aidee=True)), None, date(2026, 5, 10))
    atelier.il_est("2026-05-11 12:00")
    await atelier.tour()
    await atelier.entraide.service.pool.execute(
        """INSERT INTO entraide.besoins (cle, caisse, process, motif, debut, fin, voies, volume, etat, cree_le,
           cree_par, change_le) VALUES ('2026-02|cpam-75|ij', 'cpam-75', 'ij', 'decision_comite', '2026-03-16',
           '2026-04-30', '{}', 500, 'ouvert', now(), 'essai', now())"""
    )
    rapport = await atelier.lire("/v1/rapports/2026")
    (ij,) = rapport["processus"]
    assert (ij["process"], ij["unite"], ij["livre"], ij["convenu"]) == ("ij", "demande", 120, pytest.approx(200))
    assert (ij["aidees"], ij["aidantes"], ij["etp_semaines"]) == ([AIDEE], [AIDANTE], pytest.approx(8))
    assert (ij["besoin"], ij["besoin_non_couvert"]) == (500, 300)
    csv = await atelier.entraide.client.get("/v1/rapports/2026", headers={"accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    entete, valeurs = csv.text.splitlines()
    assert dict(zip(entete.split(","), valeurs.split(","), strict=True))["livre"] == "120"
    assert (await atelier.lire("/v1/rapports/2025"))["processus"] == []


async def test_la_troisieme_aide_en_un_an_est_dite_une_fois_au_comite(atelier: Atelier) -> None:
    for rang, debut in enumerate(("2026-03-16", "2026-05-18", "2026-07-20")):
        atelier.il_est(f"{debut[:8]}02 12:00")
        numero = await atelier.entraide.proposer(AIDANTE, AIDEE, (100, 100), 50, debut, besoin=f"b{rang}")
        await atelier.entraide.engager(numero)
        atelier.il_est(f"{debut} 12:00")
        await atelier.tour()
    assert (await atelier.tour())["fragilites"] == 0
    dites = [a for a in await atelier.entraide.annonces() if a["type"] == "vigie.entraide.fragilite.v1"]
    assert [(a["id"], a["data"]["debuts"]) for a in dites] == [
        (f"fragilite-{AIDEE}-ij-2026-07-20", [LUNDI, "2026-05-18", "2026-07-20"])
    ]
    assert "aidée 3 fois en 12 mois" in dites[0]["data"]["phrase"]
    (lue,) = (await atelier.lire("/v1/fragilites", caisse="Paris"))["fragilites"]
    assert (lue["process"], lue["depuis"], len(lue["missions"])) == ("ij", "2026-07-20", 3)


async def test_chaque_semaine_dit_une_fois_si_la_suite_de_l_aide_est_utile(atelier: Atelier) -> None:
    lots = list(files(DEPUIS, date(2026, 5, 11), aidee=True))
    await atelier.recevoir(lots, None, VEILLE)
    numero = await mission(atelier)
    await atelier.vivre(lots, VEILLE, date(2026, 3, 22))
    atelier.il_est("2026-03-22 12:00")
    assert (await atelier.tour())["suites"] == 0, "elle n'a pas une semaine"
    atelier.il_est("2026-03-23 12:00")
    assert (await atelier.tour())["suites"] == 1
    assert (await atelier.tour())["suites"] == 0
    (vue,) = (await atelier.lire("/v1/coordination"))["suites"]
    assert (vue["id"], vue["lundi"]) == (numero, "2026-03-23")
    assert vue["utile"] is (vue["volume"] > 0), "une seule mission : utile tant qu'il reste à absorber"
    dites = [a["data"] for a in await atelier.entraide.annonces() if a["type"] == "vigie.entraide.rappel.v1"]
    assert [d["quoi"] for d in dites if d["quoi"] == "liberation"] == ["liberation"] * (vue["utile"] is False)
    suite = (await atelier.lire(f"/v1/missions/{numero}/suivi"))["suite"]
    assert suite == {nom: vue[nom] for nom in ("volume", "utile", "phrase")}


async def test_ce_qu_une_prenante_traite_pour_sa_cedante_n_est_pas_livre_par_la_mission(atelier: Atelier) -> None:
    # IGAS 2017, tome I [312]: Saône-et-Loire does the IJ of la Nièvre.
    numero = await atelier.entraide.proposer("cpam-71", "cpam-58", (200,) * 2, 60)
    await atelier.entraide.engager(numero)
    lot = Lot("nievre", "cpam-58", 40, date(2026, 3, 2), date(2026, 3, 18), "cpam-71")
    await atelier.recevoir([lot], None, date(2026, 3, 27))
    atelier.il_est("2026-03-27 18:00")
    await atelier.tour()
    livraison = (await atelier.lire(f"/v1/missions/{numero}/suivi"))["livraison"]
    assert (livraison["livre"], livraison["tram"]) == (0, True)
    assert "au titre de TRAM n'est pas compté" in livraison["phrase"]
