"""Quantiles of weighted integers are those that NumPy gives on the values repeated by their weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.indicators.rangs import quantile, quantiles_par, rang, sommer_par

QUANTILES = [(9, 10), (1, 2), (1, 10), (1, 100), (99, 100), (1, 1)]
LIGNES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(-3, 60), st.integers(0, 40)), min_size=1, max_size=60
)  # (group, value, weight)


def colonnes(lignes: list[tuple[int, ...]]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(c, dtype=np.int64) for c in zip(*lignes, strict=True))


@given(LIGNES, st.sampled_from(QUANTILES))
def test_le_quantile_est_celui_de_numpy_sur_les_valeurs_repetees(lignes: list, q: tuple[int, int]) -> None:
    _, valeurs, poids = colonnes(lignes)
    attendu = None
    if poids.sum():
        # The 9th decile of ten items is the ninth: 0.9 × 10 in binary must not reach above it.
        fraction = np.nextafter(q[0] / q[1], 0) if q[0] != q[1] else 1.0
        attendu = int(np.quantile(np.repeat(valeurs, poids), fraction, method="inverted_cdf"))
    assert quantile(valeurs, poids, q) == attendu


@given(LIGNES, st.sampled_from(QUANTILES))
def test_les_quantiles_par_groupe_sont_ceux_de_chaque_groupe_pris_seul(lignes: list, q: tuple[int, int]) -> None:
    groupes, valeurs, poids = colonnes(lignes)
    trouves = {g: (v, n) for g, v, n in zip(*quantiles_par(groupes, valeurs, poids, q), strict=True)}
    attendus = {}
    for groupe in set(groupes.tolist()):
        seul = quantile(valeurs[groupes == groupe], poids[groupes == groupe], q)
        if seul is not None:
            attendus[groupe] = (seul, poids[groupes == groupe].sum())
    assert trouves == attendus


@given(LIGNES, LIGNES)
def test_des_corrections_qui_s_annulent_ne_changent_rien(lignes: list, corriges: list) -> None:
    ensemble = [*lignes, *corriges, *[(g, v, -p) for g, v, p in corriges]]
    for avant, apres in zip(sommer_par(*colonnes(lignes)), sommer_par(*colonnes(ensemble)), strict=True):
        np.testing.assert_array_equal(avant, apres)


IMMENSES = st.integers(-(2**62), 2**62) | st.integers(-3, 3)


@given(st.lists(st.tuples(IMMENSES, IMMENSES, st.integers(-2, 2)), min_size=1, max_size=40))
def test_les_poids_se_somment_par_groupe_et_valeur_de_toute_grandeur(lignes: list) -> None:
    sommes: dict[tuple[int, int], int] = {}
    for groupe, valeur, poids in lignes:
        sommes[groupe, valeur] = sommes.get((groupe, valeur), 0) + poids
    attendues = [(*cle, somme) for cle, somme in sorted(sommes.items()) if somme]
    assert list(zip(*map(np.ndarray.tolist, sommer_par(*colonnes(lignes))), strict=True)) == attendues


def test_une_sortie_avant_son_entree_au_meme_age_ne_fausse_pas_le_rang() -> None:
    # Five of age 3 opened and four closed, then one of age 9: the stock is {3, 9}, its 9th decile 9.
    valeurs = np.array([3, 3, 9])
    assert quantile(valeurs, np.array([5, -4, 1]), (9, 10)) == 9


@pytest.mark.parametrize(
    ("total", "attendu"), [(1, 1), (9, 9), (10, 9), (11, 10), (20, 18), (21, 19), (10**12, 9 * 10**11)]
)
def test_le_rang_du_neuvieme_decile_est_le_plus_petit_entier_qui_couvre_90_pour_cent(total: int, attendu: int) -> None:
    assert rang(total, (9, 10)) == attendu


def test_sans_poids_il_n_y_a_pas_de_quantile() -> None:
    assert quantile(np.array([1, 2]), np.array([0, 0]), (9, 10)) is None
    assert quantile(np.array([], dtype=np.int64), np.array([], dtype=np.int64), (9, 10)) is None
