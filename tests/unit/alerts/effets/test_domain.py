"""The effect of a measure of the comité; how it is compared is tried in tests/unit/indicators/test_semblables.py."""

import numpy as np

from services.alerts.comite.calendrier import Mois
from services.alerts.effets.domain import ISOLEE, Effet, effet
from shared.indicators.differences import Serie
from shared.indicators.semblables import PART

DECIDEE = Mois(2026, 4)
TOUS = [DECIDEE.plus(rang) for rang in range(-12, 4)]
BRUIT = np.random.default_rng(5).normal(70, 2, size=(16, len(TOUS)))
AUTRES: dict[str, Serie] = {
    f"cpam-{n:02d}": dict(zip(TOUS, ligne, strict=True)) for n, ligne in enumerate(BRUIT.tolist(), 1)
}


def vu(avant: float, apres: float, autres_mesures: int = 0) -> Effet:
    traitee = {m: avant if m <= DECIDEE else apres for m in TOUS}
    touches = {"cpam-01": set(TOUS)}
    return effet(1, DECIDEE, "cpam-75", {**AUTRES, "cpam-75": traitee}, "haut", touches, PART, autres_mesures)


def test_une_caisse_sous_une_autre_mesure_n_est_pas_comparee() -> None:
    vue = vu(69, 82).comparaison
    assert vue.conclusion == "amelioree"
    assert "cpam-01" not in vue.temoins
    assert len(vue.temoins) > 10


def test_les_autres_mesures_de_la_caisse_sont_dites() -> None:
    assert vu(69, 82).reserves == ()
    assert vu(69, 82, autres_mesures=1).reserves == (
        "1 autre(s) mesure(s) sur cet indicateur pendant ce temps : leur effet s'y mêle.",
    )


def test_une_caisse_qui_allait_plus_mal_que_toute_autre_est_dite_isolee() -> None:
    traitee = dict.fromkeys(TOUS, 70.0) | {DECIDEE.plus(-1): 40.0, DECIDEE.plus(1): 60.0}
    vue = effet(1, DECIDEE, "cpam-75", {**AUTRES, "cpam-75": traitee}, "haut", {}, PART)
    assert vue.reserves == (ISOLEE,)


def test_les_trois_mois_d_apres_sont_ceux_qui_suivent_la_decision() -> None:
    vus = [effet(h, DECIDEE, "cpam-75", {}, "haut", {}).comparaison for h in (1, 2, 3)]
    assert [v.mois for v in vus] == [Mois(2026, m) for m in (5, 6, 7)]
    assert vus[0].raison == "Pas assez de données. mai 2026 n'est pas mesuré."
