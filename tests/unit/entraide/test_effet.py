"""The measured effect: known effects put in simulated caisses come out, in intervals that hold them."""

import numpy as np
import pytest

from services.entraide.domain.effet import (
    AUTRE_AIDE,
    CHOISIE,
    SAISON,
    TARDIVE,
    Projetee,
    contre_projection,
    effet,
    en_part_d_avant,
    prolonger,
)
from services.entraide.suivi.phrases import effet as dire_effet
from shared.catalogue.indicateurs import indicateur
from shared.indicators.differences import mois_d_avant
from shared.network.mois import Mois

DEBUT = Mois(2026, 3)
AVANT = mois_d_avant(DEBUT.plus(-1))
TOUS = [*AVANT, *(DEBUT.plus(h) for h in range(4))]
VRAI = -4.0


def reseau(alea: np.random.Generator, rho: float) -> np.ndarray:
    """Twelve caisses, ten months: own level, common season, autocorrelated noise; the first is helped."""
    bruit = np.empty((12, len(TOUS)))
    bruit[:, 0] = alea.normal(size=12)
    for rang in range(1, len(TOUS)):
        bruit[:, rang] = rho * bruit[:, rang - 1] + (1 - rho**2) ** 0.5 * alea.normal(size=12)
    delais: np.ndarray = alea.normal(30, 4, size=(12, 1)) + alea.normal(0, 2, size=len(TOUS)) + bruit
    delais[0, len(AVANT) + 1 :] += VRAI
    return delais


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_un_effet_connu_est_retrouve_sans_biais_et_couvert_19_fois_sur_20(rho: float) -> None:
    alea, essais, ecarts, couverts = np.random.default_rng(11), 1_500, [], 0
    for _ in range(essais):
        series = [dict(zip(TOUS, ligne, strict=True)) for ligne in reseau(alea, rho).tolist()]
        temoins = {f"cpam-{n:02d}": s for n, s in enumerate(series[1:])}
        vue = effet(2, DEBUT, series[0], temoins, "bas", "sans projection").comparaison.difference
        assert vue is not None
        ecarts.append(vue.valeur - VRAI)
        couverts += vue.bas <= VRAI <= vue.haut
    erreur_type = float(np.std(ecarts)) / essais**0.5
    assert abs(float(np.mean(ecarts))) < 4 * erreur_type
    assert abs(couverts / essais - 0.95) < 4 * (0.95 * 0.05 / essais) ** 0.5


def test_le_niveau_prolonge_couvre_19_mois_sur_20_quand_les_mois_se_valent() -> None:
    alea, essais, couverts = np.random.default_rng(5), 3_000, 0
    for _ in range(essais):
        *mois, suivant = alea.normal(85, 3, size=7).tolist()
        prevu = prolonger(dict(zip(AVANT, mois, strict=True)), AVANT)
        assert prevu is not None
        couverts += prevu.bas <= suivant <= prevu.haut
    assert abs(couverts / essais - 0.95) < 4 * (0.95 * 0.05 / essais) ** 0.5


def test_contre_sa_projection_l_intervalle_est_celui_de_la_projection_retourne() -> None:
    vue = contre_projection(Projetee(1_200, 1_100, 1_350, 80, "projection"), 1_000, "bas")
    assert (vue.ecart, vue.bas, vue.haut, vue.conclusion) == (-200, -350, -100, "amelioree")
    assert contre_projection(Projetee(1_200, 900, 1_350, 80, "projection"), 1_000, "bas").conclusion == "non_distinguee"


def serie(niveau: float, apres: float) -> dict[Mois, float]:
    return {m: niveau + (apres if m in TOUS[7:] else 0) for m in TOUS}


TEMOINS = {f"cpam-{n:02d}": serie(1_000 * n, 10 * n * ecart) for n, ecart in enumerate((1, 2, 0, -1, 3), 1)}


def test_un_stock_se_compare_en_part_de_son_niveau_d_avant() -> None:
    # A third less here; the others, five times as large, gained or lost a few per cent.
    vue = effet(1, DEBUT, serie(300, -100), TEMOINS, "bas", "sans projection", relative=True)
    assert vue.comparaison.avant == pytest.approx(100)
    assert vue.comparaison.apres == pytest.approx(200 / 3)
    assert vue.conclusion == "amelioree"
    assert en_part_d_avant({AVANT[0]: 0.0}, AVANT) == {}


def test_les_comparables_aidees_ou_aidantes_sont_ecartees_et_les_reserves_dites() -> None:
    prevue = Projetee(300, 250, 350, 80, "projection")
    vue = effet(
        1, DEBUT, serie(300, -100), TEMOINS, "bas", prevue, relative=True, touches={"cpam-01"}, autre_aide=True,
        tardive=True,
    )  # fmt: skip
    assert vue.ecartes == ("cpam-01",)
    assert vue.comparaison.temoins == ("cpam-02", "cpam-03", "cpam-04", "cpam-05")
    assert {CHOISIE, AUTRE_AIDE, TARDIVE} <= set(vue.reserves)
    assert SAISON not in vue.reserves


def test_la_phrase_dit_sans_avec_l_intervalle_et_si_l_effet_ne_se_distingue_pas() -> None:
    delai = indicateur("delai_cmuc_acs_moyen")
    prevue = Projetee(30, 27, 33.5, 80, "projection")
    autres = {f"cpam-{n:02d}": serie(25 + n, e) for n, e in enumerate((1, 2, 0, -1, 3, 1), 1)}
    net = dire_effet(effet(1, DEBUT, serie(31, -9), autres, "bas", prevue), delai, "CPAM de Paris", "aidee", None)
    assert "CPAM de Paris (aidée)" in net
    assert "avril 2026 : sans l'aide, 32 jours ; avec, 22 ; effet −10, intervalle à 95 % de −13,9 à −6,1" in net
    assert "l'aide a amélioré le résultat" in net
    assert "30 jours projetés avant la mission (entre 27 et 33,5, huit chances sur dix), 22 observés" in net
    rien = dire_effet(effet(1, DEBUT, serie(31, -1), autres, "bas", "x"), delai, "CPAM du Nord", "aidante", True)
    assert "l'effet n'est pas distinguable de zéro. Elle tient son objectif." in rien


def test_une_caisse_qui_s_ecartait_deja_de_ses_comparables_se_juge_contre_sa_projection() -> None:
    # In a crisis, the month before the aid is half as long again; its own projection has it grow on, to 50 days.
    en_crise = serie(25, 5) | {DEBUT.plus(-1): 40.0}
    autres = {
        f"cpam-{n:02d}": serie(25 + n, e) | {DEBUT.plus(-1): 25.0 + n + e} for n, e in enumerate((1, 2, 0, -1, 3, 1), 1)
    }
    vue = effet(1, DEBUT, en_crise, autres, "bas", Projetee(50, 46, 53, 80, "projection"))
    assert vue.comparaison.divergente
    assert (vue.comparaison.conclusion, vue.conclusion) == ("non_distinguee", "amelioree")
    dite = dire_effet(vue, indicateur("delai_cmuc_acs_moyen"), "CPAM de Paris", "aidee", None)
    assert "sans l'aide, 50 jours ; avec, 30 ; effet −20, intervalle à 80 % de −23 à −16 ; l'aide a amélioré" in dite
    assert "elle s'en écartait déjà" in dite
    sans_projection = effet(1, DEBUT, en_crise, autres, "bas", Projetee(50, 46, 53, 95, "prolongement"))
    assert sans_projection.conclusion == "non_distinguee"
