"""The life of an alert, for every sequence of values."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.domain.etats import (
    FINIS,
    Cle,
    Observation,
    Position,
    Regle,
    Suivi,
    Transition,
    TransitionImpossible,
    observer,
    prendre_en_compte,
    situer,
    vieillir,
)

DEPART = datetime(2026, 3, 2, 8, tzinfo=UTC)
REGLE = Regle(persistance=timedelta(days=1), retour=timedelta(days=2))
CLE = Cle("performance", "cpam-75", "taux_decroche")


def vue(position: Position, heures: float, regle: Regle = REGLE, **autres: str) -> Observation:
    return Observation(CLE, DEPART + timedelta(hours=heures), position, regle, f"{position} à {heures} h", **autres)


def derouler(vues: Sequence[Observation], suivi: Suivi | None = None) -> tuple[Suivi | None, list[Transition]]:
    """The state after the looks, an ended alert being followed by none, and every line of history."""
    lignes: list[Transition] = []
    for une in vues:
        suivi, nouvelles = observer(None if suivi is not None and suivi.etat in FINIS else suivi, une)
        lignes += nouvelles
    return suivi, lignes


def ouverte() -> Suivi:
    suivi, _ = derouler([vue("franchi", 0), vue("franchi", 24)])
    assert suivi is not None
    assert suivi.etat == "ouverte"
    return suivi


@pytest.mark.parametrize(
    ("valeur", "position"), [("79.99", "franchi"), ("80", "bande"), ("82.99", "bande"), ("83", "revenu")]
)
def test_la_borne_du_seuil_n_est_pas_au_dela_et_celle_du_retour_est_atteinte(valeur: str, position: str) -> None:
    assert situer(Fraction(valeur), Fraction(80), Fraction(83), "haut") == position
    assert situer(-Fraction(valeur), Fraction(-80), Fraction(-83), "bas") == position


def test_une_valeur_absente_ne_se_situe_pas() -> None:
    assert situer(None, Fraction(80), Fraction(83), "haut") == "inconnu"


def test_un_franchissement_est_observe_puis_ouvert_quand_il_a_dure() -> None:
    _, lignes = derouler([vue("franchi", h) for h in (0, 12, 23.9, 24, 48)])
    assert [(li.action, li.instant) for li in lignes] == [
        ("observation", DEPART), ("ouverture", DEPART + timedelta(days=1)),
    ]  # fmt: skip


def test_un_franchissement_qui_ne_dure_pas_se_dissipe_sans_s_ouvrir() -> None:
    suivi, lignes = derouler([vue("franchi", 0), vue("revenu", 12)])
    assert suivi is not None
    assert suivi.etat == "resolue"
    assert [li.action for li in lignes] == ["observation", "dissipation"]


def test_une_alerte_ne_s_ouvre_pas_sur_une_valeur_rentree_dans_la_bande() -> None:
    suivi, _ = derouler([vue("franchi", 0), vue("bande", 24), vue("bande", 72)])
    assert suivi is not None
    assert suivi.etat == "en_observation"
    assert derouler([vue("franchi", 96)], suivi)[1][0].action == "ouverture"


def test_elle_n_est_resolue_qu_apres_le_temps_du_retour_et_un_nouveau_franchissement_le_remet_a_zero() -> None:
    suivi = ouverte()
    suivi2, lignes = derouler([vue("revenu", 30), vue("bande", 70), vue("franchi", 77), vue("revenu", 80)], suivi)
    assert suivi2 is not None
    assert lignes == []
    assert derouler([vue("revenu", 80 + 47.9)], suivi2)[1] == []
    assert [li.action for li in derouler([vue("bande", 80 + 48)], suivi2)[1]] == ["resolution"]


@given(st.lists(st.sampled_from(["bande"]), min_size=1, max_size=50))
def test_rien_ne_bouge_dans_la_bande(positions: list[Position]) -> None:
    suivi = ouverte()
    apres, lignes = derouler([vue(p, 25 + 10 * rang) for rang, p in enumerate(positions)], suivi)
    assert lignes == []
    assert apres is not None
    assert (apres.etat, apres.signal) == ("ouverte", True)


_POSITIONS = st.sampled_from(["franchi", "bande", "revenu", "inconnu"])
_SUITES = st.lists(st.tuples(_POSITIONS, st.floats(0.1, 40)), max_size=40)


def _dater(suite: Sequence[tuple[Position, float]]) -> list[Observation]:
    heure, vues = 0.0, []
    for position, ecart in suite:
        heure += ecart
        vues.append(vue(position, heure))
    return vues


@given(_SUITES)
def test_une_resolution_suit_toujours_un_retour_assez_long_sans_franchissement(
    suite: list[tuple[Position, float]],
) -> None:
    vues = _dater(suite)
    _, lignes = derouler(vues)
    for ligne in lignes:
        if ligne.action == "resolution":
            recentes = [v for v in vues if ligne.instant - REGLE.retour < v.instant <= ligne.instant]
            assert all(v.position in ("bande", "revenu") for v in recentes)
        if ligne.action == "ouverture":
            recentes = [v for v in vues if ligne.instant - REGLE.persistance < v.instant <= ligne.instant]
            assert all(v.position in ("bande", "franchi") for v in recentes)
            assert recentes[-1].position == "franchi"


@given(_SUITES)
def test_deux_ouvertures_sont_separees_par_une_resolution(suite: list[tuple[Position, float]]) -> None:
    _, lignes = derouler(_dater(suite))
    bornes = [li.action for li in lignes if li.action in ("ouverture", "resolution")]
    assert all(une != autre for une, autre in pairwise(bornes))


@given(_SUITES, st.data())
def test_regarder_deux_fois_ou_regarder_en_arriere_ne_change_rien(
    suite: list[tuple[Position, float]], data: st.DataObject
) -> None:
    vues = _dater(suite)
    suivi: Suivi | None = None
    for rang, une in enumerate(vues):
        suivi, _ = derouler([une], suivi)
        if suivi is None or suivi.etat in FINIS:
            continue
        ancienne = data.draw(st.sampled_from(vues[: rang + 1]))
        for encore in (une, ancienne):
            assert observer(suivi, encore) == (suivi, ())


@given(st.permutations(["cpam-75", "cpam-31", "cpam-13", "cpam-59"]))
def test_l_ordre_des_caisses_d_une_evaluation_ne_change_aucun_etat(ordre: list[str]) -> None:
    def une(caisse: str, heures: float) -> Observation:
        cle = Cle("performance", caisse, "taux_decroche")
        position: Position = "franchi" if caisse != "cpam-31" else "revenu"
        return Observation(cle, DEPART + timedelta(hours=heures), position, REGLE, "")

    etats: dict[str, Suivi | None] = dict.fromkeys(ordre)
    for heures in (0, 24):
        for caisse in ordre:
            etats[caisse], _ = observer(etats[caisse], une(caisse, heures))
    assert {caisse: suivi.etat if suivi else None for caisse, suivi in etats.items()} == {
        "cpam-75": "ouverte", "cpam-13": "ouverte", "cpam-59": "ouverte", "cpam-31": None,
    }  # fmt: skip


def test_une_source_muette_n_ouvre_ni_ne_ferme_rien_et_son_temps_ne_compte_pas() -> None:
    assert observer(None, vue("franchi", 0, inhibee_par="source muette")) == (None, ())
    suivi, _ = derouler([vue("franchi", 0), vue("franchi", 20, inhibee_par="source muette")])
    suivi, lignes = derouler([vue("franchi", 43)], suivi)
    assert lignes == []
    assert derouler([vue("franchi", 44)], suivi)[1][0].action == "ouverture"


def test_une_neutralisation_eteint_l_alerte_et_n_en_laisse_pas_naitre() -> None:
    assert observer(None, vue("franchi", 0, neutralisee_par="panne nationale")) == (None, ())
    suivi, lignes = observer(ouverte(), vue("franchi", 30, neutralisee_par="panne nationale"))
    assert suivi is not None
    assert (suivi.etat, suivi.finie_le) == ("neutralisee", DEPART + timedelta(hours=30))
    assert lignes[0].motif == "panne nationale"


def test_une_prise_en_compte_qui_expire_rouvre_l_alerte() -> None:
    fin = DEPART + timedelta(hours=40)
    suivi, lignes = prendre_en_compte(ouverte(), DEPART + timedelta(hours=25), "dupont", "en cours", fin)
    assert suivi is not None
    assert (suivi.etat, suivi.prise_en_compte_par, lignes[0].par) == ("prise_en_compte", "dupont", "dupont")
    assert vieillir(suivi, fin - timedelta(seconds=1)) == (suivi, ())
    rouverte, lignes = vieillir(suivi, fin)
    assert rouverte is not None
    assert (rouverte.etat, rouverte.prise_en_compte_par, rouverte.escalade_le) == ("ouverte", None, fin)
    assert rouverte.ouverte_le == DEPART + timedelta(hours=24), "la première ouverture"
    assert "dupont" in lignes[0].motif


def test_on_ne_prend_en_compte_que_ce_qui_est_ouvert_et_pour_un_temps_a_venir() -> None:
    observation, _ = observer(None, vue("franchi", 0))
    assert observation is not None
    with pytest.raises(TransitionImpossible, match="en_observation"):
        prendre_en_compte(observation, DEPART, "dupont", "", DEPART + timedelta(days=1))
    with pytest.raises(TransitionImpossible, match="fin à venir"):
        prendre_en_compte(ouverte(), DEPART, "dupont", "", DEPART)
