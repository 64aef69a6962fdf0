"""Quantities that were read: how far two sources are apart, what a share and a count of them are."""

import numpy as np

from shared.indicators.periodes import Periode
from shared.indicators.releves import ecarts
from shared.indicators.statistiques import RESEAU, comptage, part_mesuree

MOIS = Periode(100, 130)
JOUR = Periode(101, 101)


def colonnes(noms: str, *lignes: tuple[int, ...]) -> dict[str, np.ndarray]:
    tableau = np.array(lignes, dtype=np.int64).reshape(-1, len(noms.split()))
    return {nom: tableau[:, rang] for rang, nom in enumerate(noms.split())}


def comptes(*lignes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return colonnes("caisse jour plateforme origine total", *lignes)


def lire(*lignes: tuple[int, ...]) -> list[tuple[int, float | None, int]]:
    return [(v.caisse, v.valeur, v.n) for v in part_mesuree(ecarts(comptes(*lignes)), [MOIS])]


def test_deux_sources_d_accord_n_ont_pas_d_ecart() -> None:
    assert lire((751, 101, 1, 0, 90), (751, 101, 1, 1, 90)) == [(751, 0.0, 1), (RESEAU, 0.0, 1)]


def test_l_ecart_est_celui_du_plus_fort_au_plus_faible_rapporte_au_plus_fort() -> None:
    assert lire((751, 101, 1, 0, 75), (751, 101, 1, 1, 100))[0] == (751, 25.0, 1)


def test_des_jours_de_sens_contraire_ne_se_compensent_pas() -> None:
    lignes = ((751, 101, 1, 0, 90), (751, 101, 1, 1, 100), (751, 102, 1, 0, 100), (751, 102, 1, 1, 90))
    assert lire(*lignes)[0] == (751, 10.0, 2)


def test_un_jour_qu_une_seule_source_a_compte_ne_se_compare_pas() -> None:
    assert lire((751, 101, 1, 0, 90), (751, 102, 1, 1, 90)) == []
    assert lire((751, 101, 1, 0, 90), (751, 101, 1, 1, 100), (751, 102, 1, 1, 50))[0] == (751, 10.0, 1)


def test_une_source_qui_compte_zero_a_compte() -> None:
    assert lire((751, 101, 1, 0, 0), (751, 101, 1, 1, 40))[0] == (751, 100.0, 1)


def test_une_plateforme_que_l_autre_source_ne_voit_pas_ne_fait_pas_d_ecart() -> None:
    lignes = ((751, 101, 1, 0, 90), (751, 101, 1, 1, 90), (751, 101, 2, 1, 500))
    assert lire(*lignes)[0] == (751, 0.0, 1)


def test_le_reseau_additionne_les_ecarts_des_caisses() -> None:
    lignes = ((751, 101, 1, 0, 50), (751, 101, 1, 1, 100), (974, 101, 1, 0, 300), (974, 101, 1, 1, 300))
    assert lire(*lignes) == [(751, 50.0, 1), (974, 0.0, 1), (RESEAU, 12.5, 2)]


def test_sans_compte_il_n_y_a_rien() -> None:
    assert lire() == []


def test_une_part_mesuree_est_exacte_et_n_a_pas_d_intervalle() -> None:
    lues = colonnes("caisse jour num den n", (751, 101, 7, 9, 3), (751, 102, 0, 0, 2), (974, 102, 0, 0, 1))
    caisse, reseau = part_mesuree(lues, [MOIS])
    assert (caisse.valeur, caisse.n, caisse.numerateur, caisse.denominateur) == (100 * 7 / 9, 5, 7, 9)
    assert (caisse.bas, caisse.haut) == (None, None)
    assert (reseau.caisse, reseau.n) == (RESEAU, 6)
    assert [v.n for v in part_mesuree(lues, [JOUR])] == [3, 3]


def test_un_comptage_additionne() -> None:
    lues = colonnes("caisse jour n", (751, 101, 7), (751, 102, 2), (974, 131, 4))
    assert [(v.caisse, v.valeur, v.n) for v in comptage(lues, [MOIS])] == [(751, 9.0, 9), (RESEAU, 9.0, 9)]
