"""The year's report: each process alone, in its unit."""

from datetime import date

import pytest

from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.domain.rapport import Manque, Rendue, Vu, etp_semaines, resumer
from services.entraide.suivi.rapports import en_csv
from shared.network.jours import jour_de

UNITES = {"ij": "demande", "appel": "appel", "fsp": "feuille"}
DU, AU = jour_de(date(2026, 1, 1)), jour_de(date(2026, 12, 31))


def rendue(process: str, aidante: str, aidee: str, livre: float | None, **autres: object) -> Rendue:
    valeurs = {"convenu": 100.0, "etp_semaines": 8.0, "conclusions": {}, "effets": {}, "objectif_perdu": False} | autres
    return Rendue(process, aidante, aidee, livre, **valeurs)  # type: ignore[arg-type]


def test_chaque_process_garde_son_unite_et_rien_ne_s_additionne_entre_eux() -> None:
    lignes = resumer(
        UNITES,
        [
            rendue("ij", "cpam-59", "cpam-75", 90.0, conclusions={"aidee": ["amelioree"], "aidante": ["degradee"]}),
            rendue("ij", "cpam-62", "cpam-75", 60.0, objectif_perdu=True, conclusions={"aidee": ["non_distinguee"]}),
            rendue("appel", "cpam-59", "cpam-13", 5_000.0),
        ],
        [Manque("ij", "cpam-75", 400.0, 200.0), Manque("ij", "cpam-13", None, 0.0)],
    )
    assert [(li.process, li.unite, li.livre) for li in lignes] == [
        ("ij", "demande", 150.0),
        ("appel", "appel", 5_000.0),
    ]
    ij = lignes[0]
    assert (ij.aidees, ij.aidantes, ij.etp_semaines) == (("cpam-75",), ("cpam-59", "cpam-62"), 16.0)
    assert ij.etp == pytest.approx(16 / 52)
    assert (ij.besoin, ij.besoin_non_couvert, ij.besoins_non_dimensionnes) == (400.0, 200.0, 1)
    assert (dict(ij.effets_aidees), ij.aidantes_sous_objectif) == ({"amelioree": 1, "non_distinguee": 1}, ("cpam-62",))


def test_l_effet_moyen_compte_chaque_caisse_une_fois_et_porte_son_intervalle() -> None:
    def vue(aidante: str, aidee: str, ecart: float) -> Rendue:
        return rendue(
            "ij",
            aidante,
            aidee,
            1.0,
            effets={"aidee": [Vu("delai", ecart)], "aidante": [Vu("stock", 1.0, relative=True)]},
        )

    missions = [vue("x", "a", -8.0), vue("y", "a", -6.0), vue("x", "b", -3.0), vue("x", "c", -5.0), vue("x", "d", 1.0)]
    (ligne,) = resumer(UNITES, missions, [])
    aidante, aidee = ligne.effets_moyens
    assert (aidante.relative, aidante.n, aidante.valeur, aidante.bas) == (True, 2, 1.0, None), "trop peu d'aidantes"
    # Student with 3 degrees of freedom: 3.1824; standard deviation of -7, -3, -5, 1.
    assert (aidee.indicateur, aidee.n, aidee.valeur) == ("delai", 4, -3.5)
    assert (aidee.bas, aidee.haut) == (pytest.approx(-8.9351, abs=1e-3), pytest.approx(1.9351, abs=1e-3))


def test_un_volume_qui_n_a_pu_etre_lu_n_est_pas_zero() -> None:
    (ligne,) = resumer(UNITES, [rendue("ij", "a", "b", 10.0), rendue("ij", "a", "c", None)], [])
    assert ligne.livre is None
    assert en_csv(2026, [ligne], ",").splitlines()[1].startswith("2026,ij,demande,2,,200,b c,a,16,0.31")


def test_les_etp_d_une_mission_a_cheval_sur_deux_annees_vont_a_chacune() -> None:
    termes = Termes(jour_de(date(2025, 12, 29)), (200, 200), 50.0)
    entier = etp_semaines(termes, termes.fin, termes.debut, termes.fin)
    cette_annee = etp_semaines(termes, termes.fin, DU, AU)
    assert entier == pytest.approx(4.0)
    assert cette_annee == pytest.approx(2 * 4 / 7 + 2)
    assert etp_semaines(termes, termes.debut + 6, DU, AU) == pytest.approx(2 * 4 / 7), "interrompue"


def test_le_csv_francais_a_la_virgule_decimale() -> None:
    (ligne,) = resumer(UNITES, [rendue("ij", "a", "b", 10.5)], [])
    assert "10,5;100;b;a;8;0,15" in en_csv(2026, [ligne], ";")
