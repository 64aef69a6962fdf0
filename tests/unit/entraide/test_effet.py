"""The measured effect: known effects put in simulated caisses come out, in intervals that hold them."""

import re

import numpy as np

from services.entraide.domain.effet import (
    AUTRE_AIDE,
    ISOLEE,
    SAISON,
    TARDIVE,
    Effet,
    Projetee,
    contre_projection,
    effet,
    prolonger,
)
from services.entraide.suivi.phrases import effet as dire_effet
from shared.catalogue.indicateurs import indicateur
from shared.indicators.differences import Serie, mois_d_avant
from shared.network.mois import Mois

DEBUT = Mois(2026, 3)
AVANT = mois_d_avant(DEBUT.plus(-1))
TOUS = [*AVANT, *(DEBUT.plus(h) for h in range(4))]
PARIS = "cpam-75"


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


BRUIT = np.random.default_rng(4).normal(31, 1.5, size=(16, len(TOUS)))
AUTRES: dict[str, Serie] = {
    f"cpam-{n:02d}": dict(zip(TOUS, ligne, strict=True)) for n, ligne in enumerate(BRUIT.tolist(), 1)
}


def vu(sienne: Serie, attendue: Projetee | str = "sans projection", autre_aide: bool = False) -> Effet:
    touches = {"cpam-01": set(TOUS)}
    return effet(
        1, DEBUT, PARIS, {**AUTRES, PARIS: sienne}, "bas", attendue, touches, autre_aide=autre_aide, tardive=True
    )


def test_les_caisses_aidees_ou_aidantes_sont_ecartees_et_les_reserves_dites() -> None:
    vue = vu(serie(31, -10), Projetee(30, 27, 33.5, 80, "projection"), autre_aide=True)
    assert "cpam-01" not in vue.comparaison.temoins
    assert vue.reserves == (AUTRE_AIDE, TARDIVE)
    assert vu(serie(31, -10), Projetee(30, 27, 33.5, 95, "prolongement")).reserves == (SAISON,)


def test_la_phrase_dit_sans_avec_l_intervalle_et_si_l_effet_ne_se_distingue_pas() -> None:
    delai = indicateur("delai_cmuc_acs_moyen")
    prevue = Projetee(30, 27, 33.5, 80, "projection")
    net = dire_effet(vu(serie(31, -9), prevue), delai, "CPAM de Paris", "aidee", None)
    assert "CPAM de Paris (aidée)" in net
    assert "avril 2026 : sans l'aide, 30,9 jours ; avec, 22 ; effet −8,9, intervalle à 95 %" in net
    assert re.search(r"d'après 40 situations semblables sans aide, de 1\d caisses ; l'aide a amélioré le résultat", net)
    assert "30 jours projetés avant la mission (entre 27 et 33,5, huit chances sur dix), 22 observés" in net
    rien = dire_effet(vu(serie(31, -1), "x"), delai, "CPAM du Nord", "aidante", True)
    assert "l'effet n'est pas distinguable de zéro. Elle tient son objectif." in rien


def test_une_caisse_qui_allait_plus_mal_que_toute_autre_se_juge_contre_sa_projection() -> None:
    # In a crisis: 60 days where no caisse without aid had 40; its own projection has it grow on, to 70 days.
    en_crise = serie(25, 25) | {DEBUT.plus(-1): 60.0}
    vue = vu(en_crise, Projetee(70, 66, 73, 80, "projection"))
    assert vue.comparaison.isolee
    assert ISOLEE in vue.reserves
    assert (vue.comparaison.conclusion, vue.conclusion) == ("non_distinguee", "amelioree")
    dite = dire_effet(vue, indicateur("delai_cmuc_acs_moyen"), "CPAM de Paris", "aidee", None)
    assert "sans l'aide, 70 jours ; avec, 50 ; effet −20, intervalle à 80 % de −23 à −16 ; l'aide a amélioré" in dite
    assert "Aucune caisse sans aide n'allait aussi mal" in dite
    assert vu(en_crise, Projetee(70, 66, 73, 95, "prolongement")).conclusion == "non_distinguee"
