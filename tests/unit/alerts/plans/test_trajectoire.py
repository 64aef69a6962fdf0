"""What was promised against what is measured."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.comite.calendrier import Mois
from services.alerts.plans.trajectoire import Mesure, TrajectoireInvalide, comparer, situer, verifier
from shared.catalogue.indicateurs import indicateur
from shared.indicators.sens import Mieux

DEPART = Mois(2026, 1)
DECROCHE = indicateur("taux_decroche")


def attendus(*valeurs: str) -> dict[Mois, Decimal]:
    return {DEPART.plus(rang): Decimal(valeur) for rang, valeur in enumerate(valeurs)}


def mesures(*valeurs: str | None) -> dict[Mois, Mesure]:
    """Each with an interval of one unit on both sides."""
    return {
        DEPART.plus(r): Mesure(None) if v is None else Mesure(Fraction(v), 100, float(v) - 1, float(v) + 1)
        for r, v in enumerate(valeurs)
    }


def test_la_borne_promise_est_tenue_et_l_ecart_est_positif_quand_c_est_mieux() -> None:
    points = comparer(
        attendus("80", "82", "85", "88", "90"), mesures("80", "81.5", None, "88.1"), Mois(2026, 4), "haut"
    )
    assert [(p.etat, p.ecart) for p in points] == [
        ("tenue", 0.0), ("en_retard", -0.5), ("non_mesure", None), ("tenue", pytest.approx(0.1)), ("a_venir", None),
    ]  # fmt: skip


def test_pour_un_delai_moins_est_mieux_et_l_ecart_change_de_signe() -> None:
    points = comparer(attendus("30", "25"), mesures("28", "27"), Mois(2026, 2), "bas")
    assert [(p.etat, p.ecart) for p in points] == [("tenue", 2.0), ("en_retard", -2.0)]


def test_un_retard_n_est_avere_que_si_tout_l_intervalle_est_du_mauvais_cote() -> None:
    points = comparer(attendus("80", "80"), mesures("79.5", "78"), Mois(2026, 2), "haut")
    assert [(p.etat, p.averee) for p in points] == [("en_retard", False), ("en_retard", True)]


def test_la_situation_est_celle_du_dernier_mois_mesure() -> None:
    points = comparer(attendus("80", "82", "84", "86"), mesures("80", "81", "82", None), Mois(2026, 4), "haut")
    situation = situer(points)
    assert (situation.etat, situation.mois, situation.ecart) == ("en_retard", Mois(2026, 3), -2.0)
    assert situation.mois_en_retard == 2


def test_rien_de_mesure_n_est_ni_tenu_ni_en_retard() -> None:
    assert situer(comparer(attendus("80"), {}, Mois(2026, 1), "haut")).etat == "non_mesure"
    assert situer(comparer(attendus("80"), {}, Mois(2025, 12), "haut")).etat == "a_venir"


@given(
    st.lists(st.tuples(st.integers(0, 100), st.none() | st.integers(0, 100)), min_size=1, max_size=12),
    st.sampled_from(["haut", "bas"]),
    st.integers(0, 12),
)
def test_retourner_le_sens_et_le_signe_donne_la_meme_comparaison(
    couples: list[tuple[int, int | None]], mieux: Mieux, fini: int
) -> None:
    promis = {DEPART.plus(r): Decimal(a) for r, (a, _) in enumerate(couples)}
    lues = {DEPART.plus(r): Mesure(None if v is None else Fraction(v), 1) for r, (_, v) in enumerate(couples)}
    inverse: Mieux = "bas" if mieux == "haut" else "haut"
    dernier = DEPART.plus(fini - 1)
    ici = comparer(promis, lues, dernier, mieux)
    miroir = comparer(
        {m: -a for m, a in promis.items()},
        {m: Mesure(None if x.valeur is None else -x.valeur, 1) for m, x in lues.items()},
        dernier,
        inverse,
    )
    assert [(p.etat, p.ecart) for p in ici] == [(p.etat, p.ecart) for p in miroir]


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(Mois(2026, 2), Decimal(80)), (Mois(2026, 1), Decimal(81))],
        [(Mois(2026, 1), Decimal(80)), (Mois(2026, 1), Decimal(81))],
        [(Mois(2026, 1), Decimal("100.1"))],
        [(Mois(2026, 1), Decimal(-1))],
        [(Mois(2026, 1), Decimal("NaN"))],
    ],
)
def test_une_trajectoire_impossible_est_refusee(points: list[tuple[Mois, Decimal]]) -> None:
    with pytest.raises(TrajectoireInvalide):
        verifier(DECROCHE, points)
