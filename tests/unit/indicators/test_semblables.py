"""What became of those in the same situation: a known effect comes out, although the worst off were chosen."""

from collections.abc import Mapping

import numpy as np
import pytest

from shared.indicators.differences import Difference, Serie, difference
from shared.indicators.semblables import (
    PART,
    SEMBLABLES,
    Comparaison,
    Touches,
    comparer,
    confiance,
)
from shared.indicators.sens import Mieux
from shared.network.mois import Mois

DEBUT = Mois(2026, 3)
APRES = DEBUT.plus(2)
TOUS = [DEBUT.plus(rang) for rang in range(-12, 3)]
NOMS = [f"cpam-{n:02d}" for n in range(1, 41)]
VRAI = -4.0


def reseau(alea: np.random.Generator) -> tuple[str, dict[str, dict[Mois, float]]]:
    """Forty caisses, fifteen months of delays: own level, common season, lasting noise; one of the worst is helped."""
    bruit = np.empty((len(NOMS), len(TOUS)))
    bruit[:, 0] = alea.normal(size=len(NOMS))
    for rang in range(1, len(TOUS)):
        bruit[:, rang] = 0.6 * bruit[:, rang - 1] + 0.8 * alea.normal(size=len(NOMS))
    delais = alea.normal(30, 2, size=(len(NOMS), 1)) + alea.normal(0, 2, size=len(TOUS)) + 3 * bruit
    pire = int(delais[:, TOUS.index(DEBUT.plus(-1))].argsort()[-8])
    delais[pire, TOUS.index(DEBUT) :] += VRAI
    return NOMS[pire], {nom: dict(zip(TOUS, d, strict=True)) for nom, d in zip(NOMS, delais.tolist(), strict=True)}


def test_un_effet_connu_est_retrouve_bien_que_la_caisse_soit_choisie_pour_son_mauvais_chiffre() -> None:
    alea, essais = np.random.default_rng(3), 400
    ecarts, couverts, naifs = [], 0, []
    for _ in range(essais):
        caisse, series = reseau(alea)
        vue = comparer(APRES, DEBUT, caisse, series, {}, "bas").difference
        avant = [DEBUT.plus(-recul) for recul in (3, 2, 1)]
        ici, *ailleurs = (
            series[nom][APRES] - float(np.mean([series[nom][m] for m in avant]))
            for nom in (caisse, *(series.keys() - {caisse}))
        )
        taille = difference(ici, ailleurs)
        assert vue is not None
        assert taille is not None
        ecarts.append(vue.valeur - VRAI)
        naifs.append(taille.valeur - VRAI)
        couverts += vue.bas <= VRAI <= vue.haut
    assert abs(float(np.mean(ecarts))) < 0.7 * abs(float(np.mean(naifs))), "le retour à la moyenne n'est pas un effet"
    assert couverts / essais > 0.95 - 3 * (0.95 * 0.05 / essais) ** 0.5


def plat(niveau: float, suite: float = 0.0) -> dict[Mois, float]:
    return {m: niveau + (suite if m >= DEBUT else 0.0) for m in TOUS}


def varies(n: int = 12) -> dict[str, Serie]:
    """Caisses of one level, which waver by two days, each in its own way."""
    bruit = np.random.default_rng(1).normal(30, 2, size=(n, len(TOUS)))
    return {nom: dict(zip(TOUS, ligne, strict=True)) for nom, ligne in zip(NOMS, bruit.tolist(), strict=False)}


def voir(
    sienne: Serie, autres: Mapping[str, Serie] | None = None, touches: Touches | None = None, mieux: Mieux = "bas"
) -> Comparaison:
    series = {**(varies() if autres is None else autres), "cpam-75": sienne}
    return comparer(APRES, DEBUT, "cpam-75", series, touches or {}, mieux)


def test_ce_qui_arrive_a_tout_le_reseau_n_est_pas_un_effet() -> None:
    ici = voir(plat(31, -10)).difference
    ailleurs = {nom: {m: v + (50 if m == APRES else 0) for m, v in s.items()} for nom, s in varies().items()}
    partout = voir({m: v + (50 if m == APRES else 0) for m, v in plat(31, -10).items()}, ailleurs).difference
    assert ici is not None
    assert partout is not None
    assert partout.valeur == pytest.approx(ici.valeur, abs=0.5)


def test_l_intervalle_va_de_la_moindre_a_la_plus_grande_des_suites_et_dit_sa_confiance() -> None:
    vue = voir(plat(31, -10))
    assert vue.difference is not None
    assert vue.difference.n == SEMBLABLES
    assert vue.difference.bas < vue.difference.valeur < vue.difference.haut < 0
    assert vue.conclusion == "amelioree"
    assert (confiance(SEMBLABLES), confiance(20)) == (95, 90)


def test_une_situation_que_quelque_chose_a_touchee_avant_sa_suite_est_ecartee() -> None:
    touches = {"cpam-01": {DEBUT.plus(-4)}, "cpam-02": set(TOUS)}
    vue = voir(plat(31, -10), touches=touches)
    for caisse, dernier in vue.situations:
        fenetre = [dernier.plus(rang) for rang in range(-2, 4)]
        assert not touches.get(caisse, set()) & set(fenetre)
    assert "cpam-02" not in vue.temoins
    assert all(dernier.plus(3) < DEBUT for caisse, dernier in vue.situations if caisse == "cpam-75"), "son passé sert"


def test_une_caisse_pire_que_toutes_est_dite_isolee_et_son_intervalle_s_elargit() -> None:
    proche, loin = voir(plat(31, -10)), voir(plat(31, -10) | {DEBUT.plus(-1): 60.0})
    assert (proche.isolee, loin.isolee) == (False, True)
    assert proche.difference is not None
    assert loin.difference is not None
    assert _largeur(loin.difference) > _largeur(proche.difference) + 20
    assert voir(plat(31, -10) | {DEBUT.plus(-1): 60.0}, mieux="haut").isolee is False, "la meilleure n'est pas la pire"


def test_un_taux_ne_depasse_pas_cent() -> None:
    series = {**{nom: {m: v + 68 for m, v in s.items()} for nom, s in varies().items()}, "cpam-75": plat(99, -20)}
    vue = comparer(APRES, DEBUT, "cpam-75", series, {}, "haut", PART).difference
    assert vue is not None
    assert vue.bas >= 79 - 100


def test_un_stock_se_compare_en_part_de_son_niveau_d_avant() -> None:
    # A third less here; the others, of any size, waver by a few per cent.
    grandes = {nom: {m: v * 100 * rang for m, v in s.items()} for rang, (nom, s) in enumerate(varies().items(), 1)}
    series = {**grandes, "cpam-75": plat(300, -100)}
    vue = comparer(APRES, DEBUT, "cpam-75", series, {}, "bas", relative=True)
    assert vue.avant == pytest.approx(100)
    assert vue.apres == pytest.approx(200 / 3)
    assert vue.conclusion == "amelioree"
    rien = comparer(APRES, DEBUT, "cpam-75", {**grandes, "cpam-75": plat(0, 5)}, {}, "bas", relative=True)
    assert rien.raison == "Pas assez de données. Son niveau d'avant est nul."


@pytest.mark.parametrize(
    ("sienne", "autres", "raison"),
    [
        (dict.fromkeys(TOUS[:-1], 30.0), None, "mai 2026 n'est pas mesuré"),
        ({DEBUT.plus(-1): 30.0, APRES: 20.0}, None, "1 mois mesurés avant ; il en faut 3"),
        (plat(30), varies(1), "dont 1 des mêmes mois ; il en faut 20, dont 4"),
        (plat(30), {nom: plat(30.0) for nom in NOMS[:10]}, "ont toutes évolué de même"),
    ],
)  # fmt: skip
def test_sans_de_quoi_comparer_rien_n_est_conclu_et_la_raison_est_dite(
    sienne: Serie, autres: Mapping[str, Serie] | None, raison: str
) -> None:
    vue = voir(sienne, autres)
    assert vue.conclusion == "pas_assez_de_donnees"
    assert raison in (vue.raison or "")


def _largeur(d: Difference) -> float:
    return d.haut - d.bas
