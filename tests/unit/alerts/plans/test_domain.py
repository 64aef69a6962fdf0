"""Completion, lateness and reminders of a plan d'actions."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.plans.domain import (
    PASSAGES_ACTION,
    RAPPELS,
    Comptes,
    EtatAction,
    compter,
    echeance_effective,
    jours_de_retard,
    position,
    rappel_du,
    taux_de_completion,
)
from services.alerts.suivis.passages import MotifManquant, PassageImpossible, passer
from shared.network.calendrier import Calendrier
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

METROPOLE = Calendrier("Métropole")

# IGAS 2017, tome II, tableau 3 (L2564-2589): prévues, faites, partielles, non, obsolètes, published rate in %.
TABLEAU_3 = [
    (224, 147, 50, 15, 12, "81.1"),
    (67, 40, 14, 5, 8, "79.7"),
    (28, 13, 8, 1, 6, "77"),
    (24, 18, 3, 2, 1, "85"),
    (15, 9, 3, 2, 1, "75"),
    (46, 35, 5, 5, 1, "83.3"),
    (22, 19, 2, 1, 0, "91"),
    (15, 9, 2, 4, 0, "67"),
    (9, 7, 1, 0, 1, "94"),
    (24, 15, 7, 1, 1, "80.4"),
    (87, 57, 24, 4, 2, "81.2"),
    (18, 13, 4, 0, 1, "88"),
    (14, 11, 3, 0, 0, "89"),
    (7, 7, 0, 0, 0, "100"),
    (6, 3, 3, 0, 0, "75"),
    (18, 11, 7, 0, 0, "81"),
    (24, 12, 7, 4, 1, "67"),
]

JOURS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(("prevues", "faites", "partielles", "non", "obsoletes", "publie"), TABLEAU_3)
def test_le_taux_est_celui_que_publie_l_igas(
    prevues: int, faites: int, partielles: int, non: int, obsoletes: int, publie: str
) -> None:
    etats: list[EtatAction] = [
        *["faite"] * faites, *["partielle"] * partielles, *["a_faire"] * non, *["obsolete"] * obsoletes
    ]  # type: ignore[list-item]  # fmt: skip
    comptes = compter(etats)
    assert comptes == Comptes(prevues, faites, partielles, non, obsoletes)
    taux = taux_de_completion(comptes)
    assert taux is not None
    assert abs(100 * taux - Fraction(publie)) <= (Fraction("0.05") if "." in publie else Fraction("0.5"))


@pytest.mark.parametrize("etats", [[], ["obsolete"], ["obsolete"] * 3])
def test_sans_rien_de_prevu_il_n_y_a_pas_de_taux(etats: list[EtatAction]) -> None:
    assert taux_de_completion(compter(etats)) is None


@given(st.lists(st.sampled_from(["a_faire", "partielle", "faite", "obsolete"]), min_size=1))
def test_le_taux_est_entre_0_et_1_et_avancer_ne_le_baisse_jamais(etats: list[EtatAction]) -> None:
    taux = taux_de_completion(compter(etats))
    if taux is None:
        return
    assert 0 <= taux <= 1
    avancees: list[EtatAction] = ["faite" if etat == "partielle" else etat for etat in etats]
    mieux = taux_de_completion(compter(avancees))
    assert mieux is not None
    assert mieux >= taux


@pytest.mark.parametrize(
    ("de", "vers", "motif", "issue"),
    [
        ("a_faire", "faite", None, None),
        ("a_faire", "partielle", None, None),
        ("partielle", "faite", None, None),
        ("a_faire", "obsolete", None, MotifManquant),
        ("a_faire", "obsolete", "  ", MotifManquant),
        ("a_faire", "obsolete", "La réforme est abandonnée", None),
        ("faite", "a_faire", None, MotifManquant),
        ("faite", "a_faire", "Fausse annonce", None),
        ("faite", "obsolete", "Elle gênait", PassageImpossible),
        ("obsolete", "faite", "Reprise", PassageImpossible),
        ("faite", "faite", None, PassageImpossible),
    ],
)
def test_revenir_ou_sortir_du_compte_se_motive(
    de: str, vers: str, motif: str | None, issue: type[Exception] | None
) -> None:
    if issue is None:
        passer(PASSAGES_ACTION, de, vers, motif)
    else:
        with pytest.raises(issue):
            passer(PASSAGES_ACTION, de, vers, motif)


@pytest.mark.parametrize(
    ("echeance", "jour", "attendu"),
    [
        ("2026-03-06", "2026-03-06", 0),  # a Friday, on the day
        ("2026-03-06", "2026-03-08", 0),  # the Sunday after: no working day went by
        ("2026-03-06", "2026-03-09", 1),
        ("2026-03-07", "2026-03-09", 0),  # due on a Saturday: put off to Monday
        ("2026-03-07", "2026-03-10", 1),
        ("2026-04-30", "2026-05-04", 1),  # 1 May is a Friday and a holiday
        ("2026-12-24", "2026-12-25", 0),
        ("2026-12-24", "2026-12-28", 1),
    ],
)
def test_le_retard_se_compte_en_jours_ouvres(echeance: str, jour: str, attendu: int) -> None:
    assert jours_de_retard(date.fromisoformat(echeance), date.fromisoformat(jour), METROPOLE) == attendu


def test_un_jour_ferie_local_ne_met_pas_en_retard() -> None:
    """26 December and Good Friday are holidays in Alsace-Moselle only."""
    alsace = ouvertures_de(charger().caisse("cpam-67")).calendrier
    assert jours_de_retard(date(2026, 4, 2), date(2026, 4, 3), METROPOLE) == 1
    assert jours_de_retard(date(2026, 4, 2), date(2026, 4, 3), alsace) == 0


@given(JOURS, JOURS)
def test_la_position_croit_avec_le_jour_et_change_de_signe_a_l_echeance(echeance: date, jour: date) -> None:
    ici = position(echeance, jour, METROPOLE)
    assert position(echeance, jour + timedelta(days=1), METROPOLE) in (ici, ici + 1)
    assert (ici > 0) <= (jour > echeance)
    if jour <= echeance:
        assert ici <= 0
    assert position(echeance, echeance_effective(echeance, METROPOLE), METROPOLE) == 0


@given(JOURS, st.integers(0, 40))
def test_jour_apres_jour_chaque_rappel_vient_une_fois_dans_l_ordre_et_jamais_un_jour_chome(
    echeance: date, avance: int
) -> None:
    depuis = echeance - timedelta(days=avance)
    jours = [depuis + timedelta(days=n) for n in range(90)]
    venus = [(jour, rappel_du(echeance, jour, depuis, METROPOLE)) for jour in jours]
    suite = [r for _, r in venus if r is not None]
    assert suite == sorted(suite)
    debut = position(echeance, depuis, METROPOLE)
    assert list(dict.fromkeys(suite)) == [r for r in RAPPELS if r > debut]
    assert all(jour.weekday() < 5 for jour, rappel in venus if rappel is not None)


def test_une_horloge_qui_saute_n_envoie_que_le_dernier_rappel() -> None:
    assert rappel_du(date(2026, 3, 6), date(2026, 3, 17), date(2026, 2, 2), METROPOLE) == 5
