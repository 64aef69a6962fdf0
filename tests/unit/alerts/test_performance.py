"""Watched indicators: positions, neutralisations, inhibitions, and the rank of each crossing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from scipy import stats

from services.alerts.domain.etats import Cle
from services.alerts.domain.performance import (
    Mesure,
    classer,
    essais,
    exacte,
    fenetre,
    observer_mesures,
    observer_retires,
    preuve_de,
    surveilles_le,
)
from services.alerts.domain.portee import Neutralisation, caisses_servies
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import Surveille

JOUR = date(2026, 3, 31)
INSTANT = datetime(2026, 3, 31, 8, tzinfo=UTC)
DECROCHE = Surveille("taux_decroche", Decimal(80), Decimal(83), "responsable", 28, 7, 7, "igas", True, None)
DELAI = Surveille(
    "delai_ij_premiere_non_subrogee_moyen", Decimal(35), Decimal(32), "responsable", 28, 7, 7, "igas", True, None
)


def test_rien_n_est_surveille_avant_le_jour_que_dit_la_liste() -> None:
    assert surveilles_le(date(2022, 12, 31)) == ()
    assert {s.indicateur for s in surveilles_le(date(2023, 1, 1))} >= {"taux_decroche", "delai_cmuc_acs_d9"}


def test_l_alerte_d_un_indicateur_qu_on_ne_surveille_plus_prend_fin() -> None:
    suivies = [Cle("performance", "cpam-75", code) for code in ("taux_decroche", "part_decroches_20s")]
    (vue,) = observer_retires([*suivies, Cle("stock", "cpam-75", "stock_fse")], JOUR, INSTANT)
    assert (vue.cle.objet, vue.position) == ("part_decroches_20s", "revenu")


def test_la_fenetre_finit_le_jour_meme_compris() -> None:
    jours = fenetre(DECROCHE, JOUR)
    assert (jours.du, jours.au) == (date(2026, 3, 4), JOUR)


def test_un_taux_est_compare_exactement() -> None:
    """79,999… % of 3 items: the float of 240/3 would do, that of 1/3 would not."""
    assert exacte(Mesure("cpam-75", 100 / 3, 3), "%") == Fraction(100, 3)
    assert exacte(Mesure("cpam-75", 80.0, 5), "%") == 80
    vues = observer_mesures(DECROCHE, [Mesure("cpam-75", 80.0, 5)], JOUR, INSTANT, [], {})
    assert vues[0].position == "bande"


def test_un_seuil_se_neutralise_pour_une_plateforme_et_les_jours_communs() -> None:
    plateforme = "pfs-idf"
    servies = caisses_servies(plateforme, JOUR)
    assert "cpam-75" in servies
    panne = Neutralisation(
        1, date(2026, 3, 4), date(2026, 3, 4), frozenset({"taux_decroche"}), "DDO", "panne", plateforme=plateforme
    )
    mesures = [Mesure(c, 10.0, 100) for c in ("cpam-75", "cpam-31")]
    paris, toulouse = observer_mesures(DECROCHE, mesures, JOUR, INSTANT, [panne], {})
    assert paris.neutralisee_par == "Neutralisée du 04/03/2026 au 04/03/2026 par DDO : panne"
    assert toulouse.neutralisee_par is None
    lendemain = date(2026, 4, 1)
    assert observer_mesures(DECROCHE, mesures, lendemain, INSTANT, [panne], {})[0].neutralisee_par is None
    autre = Surveille("courriels_48h", Decimal(60), Decimal(65), "responsable", 28, 7, 7, "igas", True, None)
    assert observer_mesures(autre, mesures, JOUR, INSTANT, [panne], {})[0].neutralisee_par is None


def test_une_source_muette_inhibe_les_indicateurs_de_son_processus_chez_ses_caisses() -> None:
    muettes = {("appel", "cpam-75"): "La source pabx n'envoie plus rien."}
    mesures = [Mesure(c, 10.0, 100) for c in ("cpam-75", "cpam-31")]
    paris, toulouse = observer_mesures(DECROCHE, mesures, JOUR, INSTANT, [], muettes)
    assert (paris.inhibee_par, toulouse.inhibee_par) == ("La source pabx n'envoie plus rien.", None)


def test_le_petit_bruit_est_a_surveiller_et_le_gros_defaut_avere() -> None:
    mesures = [
        Mesure("cpam-75", 60.0, 10_000),
        Mesure("cpam-48", 75.0, 8),
        *(Mesure(c, 95.0, 500) for c in ("cpam-31", "cpam-13", "cpam-59")),
        Mesure("cpam-01", None, 0),
    ]
    controle = classer(essais(DECROCHE, mesures, {}))
    assert [(f.cle[0], f.gravite) for f in controle.franchissements] == [
        ("cpam-75", "avere"), ("cpam-48", "a_surveiller"),
    ]  # fmt: skip
    assert (controle.essais, controle.averes) == (5, 1)
    assert controle.fausses_attendues == pytest.approx(0.1)


def test_un_chiffre_bati_sur_une_source_muette_n_est_jamais_avere() -> None:
    tentes = essais(DECROCHE, [Mesure("cpam-75", 10.0, 10_000)], {("appel", "cpam-75"): "muette"})
    assert classer(tentes).franchissements == ()


def test_la_p_valeur_d_une_moyenne_est_celle_de_student() -> None:
    durees = [20, 55, 41, 38, 60, 33, 47, 29, 52, 44]
    preuve = preuve_de(indicateur(DELAI.indicateur), len(durees), 7, sum(durees), sum(d * d for d in durees))
    (essai,) = essais(DELAI, [Mesure("cpam-75", sum(durees) / len(durees), len(durees), preuve)], {})
    attendu = stats.ttest_1samp(durees, 35, alternative="greater").pvalue
    assert essai.p == pytest.approx(attendu, rel=1e-6)


def test_la_p_valeur_d_un_decile_est_binomiale_sur_la_part_au_dela() -> None:
    decile = Surveille("delai_cmuc_acs_d9", Decimal(40), Decimal(36), "responsable", 28, 7, 7, "igas", True, None)
    preuve = preuve_de(indicateur("delai_cmuc_acs_d9"), 200, 31, 0, 0)
    (essai,) = essais(decile, [Mesure("cpam-75", 44.0, 200, preuve)], {})
    assert essai.p == pytest.approx(stats.binomtest(31, 200, 0.1, alternative="greater").pvalue)


def test_un_delai_sans_preuve_n_est_pas_essaye() -> None:
    assert essais(DELAI, [Mesure("cpam-75", 50.0, 1)], {}) == []
