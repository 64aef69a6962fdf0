"""Pure parts of the pages: words, trends, order of the matrix, drawings."""

import re
from itertools import pairwise

import pytest

from services.console.graphiques.carte import places
from services.console.graphiques.courbe import carte_xmr
from services.console.graphiques.jauge import jauge
from services.console.graphiques.svg import texte
from services.console.mots import avec_unite, compte, intervalle, jour_clair, nombre
from services.console.pages.caisse.chaleur import tableau_de_chaleur
from services.console.pages.entraide.lecture import effet_du_cote
from services.console.phrases import en_noms, page_de, sans_adresses
from services.console.releves import tendance
from shared.network.reseau import charger


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [(None, "non mesuré"), (0.0, "0"), (12.0, "12"), (12.34, "12,3"), (1234.5, "1\u202f234,5"), (100.0, "100")],
)
def test_un_nombre_s_ecrit_comme_en_france_et_l_absence_n_est_pas_zero(valeur: float | None, attendu: str) -> None:
    assert nombre(valeur) == attendu


def test_l_unite_s_accorde_a_partir_de_deux() -> None:
    assert avec_unite(1.5, "jours") == "1,5\xa0jour"
    assert avec_unite(2.0, "jours") == "2\xa0jours"
    assert jour_clair("2026-11-01") == "1er novembre 2026"


def test_un_intervalle_sans_borne_d_un_cote_se_dit_en_mots() -> None:
    assert intervalle(11.94, 12.82) == "11,9 à 12,8"
    assert (intervalle(14, None), intervalle(None, 87.2), intervalle(None, None)) == (
        "14 et plus",
        "87,2 au plus",
        "sans",
    )


def test_une_phrase_d_un_service_se_lit_avec_les_noms_des_caisses_et_des_processus() -> None:
    dite = en_noms("La projection de cpam-25 sur « cmuc_acs » n'est pas connue (pôle cpam-25-cmuc_acs).")
    assert dite == "La projection de CPAM du Doubs sur « CMU-C et ACS » n'est pas connue (pôle cpam-25-cmuc_acs)."
    muette = en_noms("La source urn:vigie:source:ij-cpam-77 n'envoie plus rien (ij) depuis le 17/11/2026.")
    assert muette == "La source ij-cpam-77 n'envoie plus rien (Indemnités journalières) depuis le 17/11/2026."
    assert (compte(1.2, "feuille"), compte(1200, "dossier")) == ("1\xa0feuille", "1\u202f200\xa0dossiers")


@pytest.mark.parametrize(
    ("sens", "maintenant", "intervalle", "avant", "attendu"),
    [
        ("haut", 90.0, [85.0, 93.0], 80.0, "mieux"),
        ("bas", 90.0, [85.0, 93.0], 80.0, "moins_bien"),
        ("haut", 90.0, [85.0, 93.0], 86.0, "stable"),
        ("haut", 90.0, [85.0, None], 97.0, "stable"),
        ("haut", None, None, 97.0, None),
        ("haut", 90.0, [85.0, 93.0], None, None),
    ],
)
def test_une_tendance_n_est_dite_que_hors_de_l_intervalle(
    sens: str, maintenant: float | None, intervalle: list[float | None] | None, avant: float | None, attendu: str | None
) -> None:
    ligne = {"valeur": maintenant, "intervalle": intervalle, "rupture": False}
    assert tendance(ligne, {"valeur": avant}, sens) == attendu


def test_une_rupture_de_serie_n_a_pas_de_tendance() -> None:
    assert tendance({"valeur": 9.0, "intervalle": [8.0, 10.0], "rupture": True}, {"valeur": 1.0}, "bas") is None


def test_chaque_departement_du_reseau_a_sa_case_et_une_seule() -> None:
    assert set(places()) == {c.departement for c in charger().caisses}
    assert len(set(places().values())) == len(places())


def test_une_carte_de_controle_se_brise_ou_un_mois_manque_et_marque_les_signaux() -> None:
    valeurs = [None, 10.0, 12.0, None, 30.0, 11.0]
    points = [
        {
            "du": f"2026-0{i + 1}-01",
            "au": f"2026-0{i + 1}-28",
            "valeur": v,
            "n": 1,
            "signal": "hors" if v == 30 else None,
        }
        for i, v in enumerate(valeurs)
    ]
    limites = {"bas": 5.0, "moyenne": 15.0, "haut": 25.0}
    cible = {"objectif": 10.0, "socle": 14.0, "seuil_alerte": 20.0}
    dessin = carte_xmr({"points": points, "limites": limites, "cible": cible}, "jours", "Délai")
    assert dessin is not None
    large, etroite = re.findall("<svg.*?</svg>", dessin)
    for carte in (large, etroite):
        assert carte.count("<polyline") == 2
        assert carte.count('class="signal"') == 1
        assert "5 mois" not in carte
        assert "4 mois mesurés : 10\xa0jours en février 2026, 11\xa0jours en juin 2026." in carte
        hauteurs = [float(y) for y in re.findall(r'<text x="\d+" y="([\d.]+)" class="etiquette"', carte)]
        assert len(hauteurs) == 4
        assert all(b - a >= 15 for a, b in pairwise(hauteurs))


def test_moins_de_deux_mois_mesures_ne_font_pas_de_carte() -> None:
    assert carte_xmr({"points": [], "limites": None, "cible": None}, "%", "Taux") is None


def test_une_jauge_dit_tout_ce_qu_elle_dessine() -> None:
    dessin = jauge(30.0, (27.0, None), {"objectif": 10.0, "socle": 14.0, "seuil_alerte": 20.0}, None, "jours")
    assert "30\xa0jours ; intervalle à 95 % de 27\xa0jours à sans borne ; objectif 10\xa0jours" in dessin
    assert jauge(None, (None, None), None, None, "jours") == ""


def test_un_texte_de_source_ne_peut_pas_ecrire_dans_la_page() -> None:
    assert texte('<script>"', x='"><script>') == '<text x="&#34;&gt;&lt;script&gt;">&lt;script&gt;&#34;</text>'


def test_un_message_mene_a_la_page_de_la_console_et_non_au_document_du_service() -> None:
    message = "La mission commence lundi.\nhttp://127.0.0.1:8104/v1/propositions/2\nBien à vous."
    assert sans_adresses(message) == "La mission commence lundi.\nBien à vous."
    assert page_de(message) == "/entraide/propositions/2"
    assert page_de("Voir https://exemple.fr/v1/autre/2") is None


def test_l_effet_d_une_mission_se_lit_des_deux_cotes_ce_qui_reste_a_mesurer_une_fois_par_indicateur() -> None:
    attendu = {"valeur": 20.0, "bas": 17.0, "haut": 23.0, "niveau": 80, "tardive": False}
    a_mesurer = [
        {"cote": cote, "indicateur": "delai_fsp_assures_moyen", "mesurable_le": f"2027-0{horizon}-05", "attendu": prevu}
        for horizon in (2, 3)
        for cote, prevu in (("aidee", attendu), ("aidante", {"raison": "Série trop courte."}))
    ]
    document = {"effets": [{"cote": "aidante", "phrase": "Elle tient son objectif."}], "a_mesurer": a_mesurer}
    aidee, aidante = effet_du_cote(document, "aidee"), effet_du_cote(document, "aidante")
    assert (aidee.phrases, aidante.phrases) == ([], ["Elle tient son objectif."])
    assert [(a.mesurable_le, a.sans) for a in aidee.attentes] == [("2027-02-05", (20.0, 17.0, 23.0))]
    assert [(a.sans, a.raison) for a in aidante.attentes] == [(None, "Série trop courte.")]


def test_le_triangle_laisse_vides_les_semaines_a_venir() -> None:
    triangle = {
        "semaines": 3,
        "lignes": [
            {"du": "2026-10-05", "au": "2026-10-11", "ouverts": 10, "clos": [5, 10]},
            {"du": "2026-10-12", "au": "2026-10-18", "ouverts": 0, "clos": [0]},
        ],
    }
    chaleur = tableau_de_chaleur(triangle)
    assert chaleur.entetes == ["S", "S+1", "S+2"]
    assert chaleur.lignes[0] == ("2026-10-05", 10, [("50", "h5"), ("100", "h9"), ("", "")])
    assert chaleur.lignes[1] == ("2026-10-12", 0, [("–", ""), ("", ""), ("", "")])
