"""The snapshot: the same bytes for the same month, and every official crossing in it."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.comite.instantane import empreinte, en_octets, lire
from services.alerts.domain.portee import Neutralisation
from tests.unit.alerts.comite.atelier import DECROCHE, IJ, figer, serie


def test_l_ordre_de_lecture_ne_change_pas_l_empreinte() -> None:
    valeurs = {"cpam-75": [55.0], "cpam-31": [25.0], "cpam-33": [None]}
    a_l_endroit, a_l_envers = serie(IJ, valeurs), serie(IJ, dict(reversed(valeurs.items())))
    assert en_octets(figer(a_l_endroit)) == en_octets(figer(a_l_envers))


@given(st.lists(st.none() | st.floats(0, 100, allow_nan=False), min_size=1, max_size=3))
def test_un_instantane_revient_entier_de_ses_octets(valeurs: list[float | None]) -> None:
    fige = figer(serie(DECROCHE, {"cpam-75": valeurs}))
    octets = en_octets(fige)
    assert lire(octets) == fige
    assert en_octets(lire(octets)) == octets
    assert len(empreinte(octets)) == 64


def test_la_borne_du_seuil_n_est_pas_au_dela() -> None:
    fige = figer(serie(IJ, {"cpam-75": [35.0], "cpam-31": [35.01]}))
    assert [(li.caisse, li.franchi) for li in fige.lignes] == [("cpam-31", True), ("cpam-75", False)]


def test_un_chiffre_neutralise_garde_sa_valeur_et_n_a_pas_de_gravite() -> None:
    jour = date(2026, 10, 5)
    neutralisation = Neutralisation(1, jour, jour, frozenset({IJ}), "DDO", "Panne nationale")
    fige = figer(serie(IJ, {"cpam-75": [55.0]}), neutralisations=[neutralisation])
    (ligne,) = fige.lignes
    assert (ligne.valeur, ligne.franchi, ligne.a_examiner, ligne.gravite) == (55.0, True, False, None)
    assert "Panne nationale" in (ligne.neutralisee_par or "")


def test_le_nombre_de_fausses_alertes_a_attendre_est_dit() -> None:
    fige = figer(serie(IJ, {"cpam-75": [55.0], "cpam-31": [25.0]}))
    assert fige.controle == {"essais": 2, "averes": 1, "fausses_attendues": 0.1}


def test_un_taux_se_juge_sur_ses_appels_et_non_sur_son_arrondi() -> None:
    """79.999… % of 30,000 calls is beyond 80 %; 24,000 of 30,000 is not."""
    fige = figer(serie(DECROCHE, {"cpam-75": [100 * 23_999 / 30_000], "cpam-31": [80.0]}, n=30_000))
    assert [(li.caisse, li.franchi) for li in fige.lignes] == [("cpam-31", False), ("cpam-75", True)]
