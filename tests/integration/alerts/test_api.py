"""What people do through the API: measures, neutralisations, silences, declarations, and what is refused."""

from typing import Any

import pytest

from services.alerts.jauges import relever
from shared.catalogue.conventions import charger_conventions
from tests.integration.alerts.conftest import Document, Reseau

CONVENTION, CODE = next(
    (c.code, ligne.code)
    for c in charger_conventions().values()
    for ligne in c.lignes.values()
    if ligne.calcul is None and ligne.statistique == "taux" and ligne.unite == "%" and c.code == "cnam-2018-2022"
)


def mesure(**autres: Any) -> Document:
    return {
        "convention": CONVENTION, "code": CODE, "caisse": "reseau", "annee": 2021, "valeur": "81.5",
        "source": "Rapport d'activité 2021", "date": "2022-06-30",
    } | autres  # fmt: skip


async def test_une_mesure_renvoyee_corrige_et_l_ancienne_reste_connue_a_sa_date(alertes: Reseau) -> None:
    une = await alertes.poster("/v1/mesures", mesure())
    assert (une["statut"], une["valeur"], une["caisse"], une["date"]) == ("nouvelle", 81.5, "reseau", "2022-06-30")
    alertes.il_est("2026-03-03 09:00")
    encore = await alertes.poster("/v1/mesures", mesure())
    assert (encore["statut"], encore["id"]) == ("inchangee", une["id"])
    corrigee = await alertes.poster("/v1/mesures", mesure(valeur="82"))
    assert corrigee["statut"] == "corrigee"

    options = {"convention": CONVENTION, "code": CODE}
    assert [m["valeur"] for m in (await alertes.lire("/v1/mesures", **options))["mesures"]] == [82]
    hier = await alertes.lire("/v1/mesures", a_date="2026-03-02T12:00:00+01:00", **options)
    assert [m["valeur"] for m in hier["mesures"]] == [81.5]
    toutes = await alertes.lire("/v1/mesures", remplacees="true", **options)
    assert [m["valeur"] for m in toutes["mesures"]] == [81.5, 82]
    assert (await alertes.lire(f"/v1/mesures/{une['id']}"))["remplacee_le"] is not None


async def test_dans_un_lot_une_mauvaise_mesure_ne_coule_pas_les_bonnes(alertes: Reseau) -> None:
    lot = [mesure(), mesure(caisse="Toulouse"), mesure(code="nimporte"), mesure(annee=None)]
    bilan = await alertes.poster("/v1/mesures", lot)
    assert (bilan["acceptees"], bilan["refusees"]) == (2, 2)
    assert [(r["position"], r["statut"], r.get("champ")) for r in bilan["resultats"]] == [
        (0, "nouvelle", None), (1, "nouvelle", None), (2, "refusee", "code"), (3, "refusee", "annee"),
    ]  # fmt: skip
    (toulouse,) = (await alertes.lire("/v1/mesures", caisse="cpam-31"))["mesures"]
    assert toulouse["caisse"] == "cpam-31"


async def test_une_mesure_mal_dite_est_refusee_en_francais(alertes: Reseau) -> None:
    for corps, champ in ((mesure(convention="cnam-2099"), "convention"), (mesure(caisse="Atlantide"), "caisse")):
        reponse = await alertes.envoyer("POST", "/v1/mesures", corps)
        assert reponse.status_code == 422
        assert reponse.json()["erreurs"][0]["emplacement"] == f"corps.{champ}"
    reponse = await alertes.client.post("/v1/mesures", json=mesure())
    assert reponse.status_code == 400, "sans clé d'idempotence"
    assert (await alertes.envoyer("POST", "/v1/mesures", mesure(valeur="beaucoup"))).status_code == 422


async def test_le_meme_appel_envoye_deux_fois_ne_compte_qu_une_fois(alertes: Reseau) -> None:
    corps = {"du": "2026-03-01", "indicateurs": ["taux_decroche"], "motif": "Panne nationale"}
    cle = {"Idempotency_Key": "une-fois"}
    premiere = await alertes.envoyer("POST", "/v1/neutralisations", corps, **cle)
    seconde = await alertes.envoyer("POST", "/v1/neutralisations", corps, **cle)
    assert (premiere.status_code, seconde.status_code) == (201, 201)
    assert premiere.content == seconde.content
    assert len((await alertes.lire("/v1/neutralisations"))["neutralisations"]) == 1


async def test_une_neutralisation_reste_visible_et_finit_au_jour_de_sa_fin(alertes: Reseau) -> None:
    posee = await alertes.poster(
        "/v1/neutralisations",
        {
            "du": "2026-03-01",
            "indicateurs": ["taux_decroche"],
            "plateforme": "pfs-idf",
            "motif": "Panne",
            "auteur": "DDO",
        },
    )
    assert (posee["auteur"], posee["cree_par"], posee["jusqu_au"]) == ("DDO", "local", None)
    alertes.il_est("2026-03-04 09:00")
    finie = await alertes.finir(f"/v1/neutralisations/{posee['id']}", motif="Rétabli")
    assert (finie["jusqu_au"], finie["termine_motif"]) == ("2026-03-04", "Rétabli")
    ce_jour = (await alertes.lire("/v1/neutralisations", jour="2026-03-04"))["neutralisations"]
    assert [n["id"] for n in ce_jour] == [posee["id"]]
    assert (await alertes.lire("/v1/neutralisations", jour="2026-03-05"))["neutralisations"] == []
    vue = await alertes.client.get(f"/v1/neutralisations/{posee['id']}")
    encore = await alertes.envoyer("DELETE", f"/v1/neutralisations/{posee['id']}", if_match=vue.headers["etag"])
    assert encore.status_code == 409


@pytest.mark.parametrize(
    ("chemin", "corps", "champ"),
    [
        ("neutralisations", {"du": "2026-03-02", "au": "2026-03-01", "indicateurs": ["taux_decroche"]}, "au"),
        ("neutralisations", {"du": "2026-03-02", "indicateurs": ["taux_decrocher"]}, "indicateurs"),
        ("neutralisations", {"du": "2026-03-02", "indicateurs": ["taux_decroche"], "plateforme": "lune"}, "plateforme"),
        ("silences", {"fin": "2026-03-05T08:00:00Z"}, "caisse"),
        ("silences", {"caisse": "cpam-75", "fin": "2026-03-01T08:00:00Z"}, "fin"),
        ("silences", {"caisse": "cpam-750", "fin": "2026-03-05T08:00:00Z"}, "caisse"),
        ("declarations", {"caisse": "cpam-75", "genre": "situation"}, "situation"),
        ("declarations", {"caisse": "cpam-75", "genre": "site_ferme"}, "site"),
        ("declarations", {"caisse": "cpam-75", "genre": "pca", "fin": "2026-01-01T00:00:00Z"}, "fin"),
    ],
)
async def test_ce_qui_ne_se_peut_pas_est_refuse_en_nommant_le_champ(
    alertes: Reseau, chemin: str, corps: Document, champ: str
) -> None:
    reponse = await alertes.envoyer("POST", f"/v1/{chemin}", {"motif": "essai"} | corps)
    assert reponse.status_code == 422, reponse.text
    assert reponse.json()["erreurs"][0]["emplacement"] == f"corps.{champ}"


async def test_un_site_ferme_declare_ouvre_une_alerte_qui_finit_avec_la_declaration(alertes: Reseau) -> None:
    declaree = await alertes.poster(
        "/v1/declarations", {"caisse": "Gironde", "genre": "site_ferme", "site": "Mérignac", "motif": "Inondation"}
    )
    await alertes.evaluer()
    (alerte,) = await alertes.alertes()
    assert (alerte["genre"], alerte["caisse"], alerte["etat"]) == ("declaration", "cpam-33", "ouverte")
    alertes.il_est("2026-03-02 12:00")
    await alertes.finir(f"/v1/declarations/{declaree['id']}", motif="Rouvert")
    await alertes.evaluer()
    assert await alertes.alertes() == []


async def test_une_caisse_qui_se_dit_normale_quand_elle_est_en_rupture_est_en_desaccord(alertes: Reseau) -> None:
    await alertes.poster(
        "/v1/declarations", {"caisse": "cpam-33", "genre": "situation", "situation": "degradee", "motif": "Arriérés"}
    )
    await alertes.evaluer()
    (vue,) = await alertes.alertes()
    assert (vue["genre"], vue["etat"], vue["details"]) == (
        "desaccord", "en_observation", {"declaree": "degradee", "calculee": "normale"},
    )  # fmt: skip
    alertes.il_est("2026-03-03 09:00")
    await alertes.evaluer()
    assert [a["etat"] for a in await alertes.alertes(genre="desaccord")] == ["ouverte"]


async def _ouvrir_une_alerte(alertes: Reseau) -> Document:
    await alertes.poster("/v1/declarations", {"caisse": "cpam-33", "genre": "pca", "motif": "Grève"})
    await alertes.evaluer()
    (alerte,) = await alertes.alertes()
    return alerte


async def test_prendre_en_compte_demande_la_version_vue(alertes: Reseau) -> None:
    numero = (await _ouvrir_une_alerte(alertes))["id"]
    chemin = f"/v1/alertes/{numero}/prise-en-compte"
    assert (await alertes.envoyer("POST", chemin, {"motif": "Vu"})).status_code == 428
    vue = (await alertes.client.get(f"/v1/alertes/{numero}")).headers["etag"]
    commentee = await alertes.poster(f"/v1/alertes/{numero}/commentaire", {"texte": "Le préfet a prévenu."})
    assert commentee["historique"][-1]["motif"] == "Le préfet a prévenu."
    perimee = await alertes.envoyer("POST", chemin, {"motif": "Vu"}, if_match=vue)
    assert perimee.status_code == 412
    prise = await alertes.poster(chemin, {"motif": "Vu"}, if_match=perimee.headers["etag"])
    assert (prise["etat"], prise["prise_en_compte_par"]) == ("prise_en_compte", "local")
    assert [li["action"] for li in prise["historique"]] == [
        "observation", "ouverture", "commentaire", "prise_en_compte",
    ]  # fmt: skip
    alertes.il_est("2026-03-09 08:59")
    await alertes.evaluer()
    assert [a["etat"] for a in await alertes.alertes()] == ["prise_en_compte"]
    alertes.il_est("2026-03-09 09:00")
    await alertes.evaluer()
    assert (await alertes.histoire(numero))[-1] == "expiration"


async def test_une_alerte_sans_reponse_monte_et_un_silence_l_arrete(alertes: Reseau) -> None:
    numero = (await _ouvrir_une_alerte(alertes))["id"]
    silence = await alertes.poster(
        "/v1/silences", {"caisse": "cpam-33", "fin": "2026-03-05T09:00:00+01:00", "motif": "Connu", "auteur": "DDO"}
    )
    alertes.il_est("2026-03-04 10:00")
    await alertes.evaluer()
    (alerte,) = await alertes.alertes()
    assert (alerte["niveau"], alerte["silences"]) == (0, [silence["id"]])
    alertes.il_est("2026-03-05 10:00")
    await alertes.evaluer()
    (alerte,) = await alertes.alertes()
    assert (alerte["niveau"], alerte["destinataire"], alerte["silences"]) == (1, "second contact de la caisse", [])
    assert await alertes.histoire(numero) == ["observation", "ouverture", "escalade"]
    assert (await alertes.lire("/v1/silences"))["silences"] == []
    assert len((await alertes.lire("/v1/silences", tous="true"))["silences"]) == 1


async def test_les_avis_d_une_caisse_partent_groupes_par_la_boite_d_envoi(alertes: Reseau) -> None:
    for genre in ({"genre": "pca"}, {"genre": "site_ferme", "site": "Mérignac"}):
        await alertes.poster("/v1/declarations", {"caisse": "cpam-33", "motif": "Inondation", **genre})
    await alertes.evaluer()
    assert await alertes.service.pool.fetchval("SELECT count(*) FROM alerts.avis") == 0, "on attend de la compagnie"
    alertes.il_est("2026-03-02 09:10")
    await alertes.evaluer()
    await alertes.evaluer()
    (envoye,) = await alertes.service.pool.fetch("SELECT topic, valeur FROM alerts.boite_envoi")
    assert envoye["topic"] == "vigie.alertes.v1"
    assert envoye["valeur"].count(b'"declaration"') == 4, "deux nouvelles, et les deux ouvertes"


async def test_la_liste_se_parcourt_par_pages_et_se_filtre(alertes: Reseau) -> None:
    for caisse in ("cpam-33", "cpam-31", "cpam-75"):
        await alertes.poster("/v1/declarations", {"caisse": caisse, "genre": "pca", "motif": "Grève"})
    await alertes.evaluer()
    page = await alertes.lire("/v1/alertes", limite=2)
    suite = await alertes.lire("/v1/alertes", limite=2, curseur=page["suivant"])
    assert sorted(a["caisse"] for a in page["alertes"] + suite["alertes"]) == ["cpam-31", "cpam-33", "cpam-75"]
    assert suite["suivant"] is None
    assert [a["caisse"] for a in await alertes.alertes(caisse="Toulouse")] == ["cpam-31"]
    assert await alertes.alertes(genre="stock") == []
    assert (await alertes.client.get("/v1/alertes", params={"etat": "morte"})).status_code == 422
    assert (await alertes.client.get("/v1/alertes", params={"caise": "x"})).status_code == 422
    assert (await alertes.client.get("/v1/alertes/999")).status_code == 404


async def test_prometheus_compte_les_alertes_par_etat_et_caisse(alertes: Reseau) -> None:
    await _ouvrir_une_alerte(alertes)
    familles = await relever(alertes.service)
    lues = {(e.name, *sorted(e.labels.items())): e.value for f in familles for e in f.samples}
    cle = ("vigie_alertes", ("caisse", "cpam-33"), ("etat", "ouverte"), ("genre", "declaration"))
    assert lues[cle] == 1
    assert lues[("vigie_alertes_lectures_sans_reponse",)] > 0, "personne ne répond"
