"""What the catalogue of conventions holds, against the figures and cases its sources print."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from shared.catalogue.conventions import (
    ConventionInconnue,
    charger_conventions,
    cible,
    convention,
    convention_de,
    ligne,
)
from shared.catalogue.indicateurs import charger_indicateurs

CNAMTS, CNAM, CNMSS = "cnamts-2014-2017", "cnam-2018-2022", "cnmss-2019-2023"


def test_every_convention_of_the_sources_has_all_its_rows() -> None:
    assert {code: len(c.lignes) for code, c in charger_conventions().items()} == {
        "canssm-2004-2006": 22,
        "cnam-2018-2022": 59,
        "cnamts-2014-2017": 50,
        "cnmss-2011-2014": 15,
        "cnmss-2019-2023": 6,
        "comparaison-interbranche": 40,
    }


def test_the_cnam_rows_are_those_of_fifteen_fiches() -> None:
    par_fiche = Counter(rangee.fiche for rangee in convention(CNAM).lignes.values())
    assert par_fiche == {
        "1": 3, "2": 2, "3": 4, "4": 4, "5": 6, "6": 10, "7": 11, "10": 1, "11": 3, "12": 2, "13": 2, "14": 3,
        "15": 5, "16": 2, "17": 1,
    }  # fmt: skip


def test_the_igas_table_has_38_result_and_12_follow_up_indicators() -> None:
    types = Counter(rangee.type for rangee in convention(CNAMTS).lignes.values())
    assert types == {"resultat": 38, "suivi": 12}


def test_the_verdicts_of_the_igas_are_24_4_8_and_one_it_could_not_give() -> None:
    verdicts = Counter(r.verdict.verdict for r in convention(CNAMTS).lignes.values() if r.verdict is not None)
    assert verdicts == {"atteint": 24, "quasiment_atteint": 4, "non_atteint": 8, "indetermine": 1}
    abandonnes = [r.code for r in convention(CNAMTS).lignes.values() if r.type == "resultat" and r.verdict is None]
    assert abandonnes == ["droits_a_justifier"]


def test_six_of_the_eight_missed_result_indicators_are_missed_for_want_of_data() -> None:
    manques = [r for r in convention(CNAMTS).lignes.values() if r.verdict and r.verdict.verdict == "non_atteint"]
    assert sum(r.non_transmis for r in manques) == 6


def test_a_row_computed_by_vigie_names_an_indicator_of_the_catalogue() -> None:
    calculs = {r.calcul for c in charger_conventions().values() for r in c.lignes.values() if r.calcul}
    assert calculs <= set(charger_indicateurs())
    assert {"taux_decroche", "courriels_48h", "delai_cmuc_acs_d9", "reclamations_10j"} <= calculs


def test_the_fse_delay_changes_statistic_with_the_convention_and_keeps_two_series() -> None:
    avant, apres = ligne(CNAMTS, "delai_fse"), ligne(CNAM, "delai_fse")
    assert (avant.statistique, avant.calcul) == ("moyenne", "delai_fse_moyen")
    assert (apres.statistique, apres.calcul) == ("quantile 9/10", "delai_fse_d9")
    assert cible(CNAMTS, "delai_fse", 2016).valeur == cible(CNAM, "delai_fse", 2018).valeur == Decimal(7)


def test_a_mislabelled_row_keeps_what_is_printed_and_says_what_it_is() -> None:
    courriels = ligne(CNAMTS, "courriels_48h")
    assert courriels.libelle == "Délais moyen de réponse aux courriels"
    assert courriels.nom == "Taux de courriels traités en moins de 48 heures"
    assert courriels.unite == "%"


@pytest.mark.parametrize(
    ("regime", "jour", "attendue"),
    [
        ("general", date(2014, 1, 1), CNAMTS),
        ("general", date(2017, 12, 31), CNAMTS),
        ("general", date(2018, 1, 1), CNAM),
        ("general", date(2022, 12, 31), CNAM),
        ("general", date(2023, 1, 1), None),
        ("militaire", date(2014, 12, 31), "cnmss-2011-2014"),
        ("militaire", date(2015, 1, 1), None),
        ("militaire", date(2019, 1, 1), CNMSS),
        ("mines", date(2005, 6, 1), "canssm-2004-2006"),
        ("agricole", date(2017, 6, 1), None),
    ],
)
def test_a_convention_is_chosen_by_regime_and_date(regime: str, jour: date, attendue: str | None) -> None:
    choisie = convention_de(regime, jour)
    assert (choisie and choisie.code) == attendue


def test_the_comparison_between_branches_binds_nobody() -> None:
    assert convention("comparaison-interbranche").regime is None


@pytest.mark.parametrize(
    ("code", "annee", "statut", "valeur"),
    [
        ("delai_ij", 2019, "ferme", "28"),
        ("delai_ij", 2020, "ferme", "27"),
        ("delai_cmuc_acs", 2019, "ferme", "32"),
        ("reclamations_10j", 2020, "ferme", "84"),
        ("courriels_48h", 2021, "ferme", "80"),
        ("courriels_48h", 2022, "absente", None),
        ("satisfaction_reiteration", 2018, "absente", None),
        ("satisfaction_reiteration", 2019, "a_determiner", None),
        ("satisfaction_reiteration", 2022, "a_determiner", None),
        ("delai_ij_independants", 2018, "non_applicable", None),
        ("volets_pertinence_caqes", 2020, "non_applicable", None),
        ("etablissements_interesses", 2020, "ferme", "40"),
        ("courriels_48h", 2023, "non_applicable", None),
    ],
)
def test_the_target_of_a_year_has_its_state(code: str, annee: int, statut: str, valeur: str | None) -> None:
    trouvee = cible(CNAM, code, annee)
    assert (trouvee.statut, trouvee.valeur) == (statut, valeur and Decimal(valeur))


def test_targets_carried_over_without_revision_are_provisional() -> None:
    annees = {a: cible("canssm-2004-2006", "carrieres_cotisants", a).statut for a in (2004, 2005, 2006)}
    assert annees == {2004: "ferme", 2005: "provisoire", 2006: "provisoire"}


def test_a_change_keeps_the_year_it_is_measured_from() -> None:
    assert cible(CNAM, "accompagnes_pdp", 2020).base == 2019
    assert cible(CNAM, "recouvrement_indus_frauduleux", 2020).base == 2017


def test_a_sampled_target_keeps_its_interval() -> None:
    assert cible(CNAM, "tif_pn", 2018).marge == Decimal("0.3")


def test_the_targets_of_the_military_scheme_were_not_known_before_its_late_signature() -> None:
    assert cible(CNMSS, "courriels_48h", 2019, connu_le=date(2019, 7, 17)).statut == "absente"
    assert cible(CNMSS, "courriels_48h", 2019, connu_le=date(2019, 7, 18)).valeur == Decimal(70)


def test_composite_targets_are_asked_by_segment() -> None:
    assert cible(CNAM, "teleservices_ps", 2020, segment="AAT").valeur == Decimal(60)
    with pytest.raises(ConventionInconnue, match="précisez le segment"):
        cible(CNAM, "teleservices_ps", 2020)


def test_one_target_for_everyone_holds_for_each_segment() -> None:
    assert cible(CNAMTS, "reclamations_10j", 2016, segment="SM").valeur == Decimal(73)


def test_data_not_transmitted_is_never_a_zero() -> None:
    attente = ligne(CNAMTS, "attente_accueil")
    assert {(r.statut, r.valeur) for r in attente.resultats} == {("non_fourni", None)}
    assert attente.non_transmis


def test_not_significant_is_a_state_and_not_a_number() -> None:
    liquidations = ligne("canssm-2004-2006", "liquidations").resultat(2010, "2010/2003")
    assert liquidations is not None
    assert (liquidations.statut, liquidations.valeur, liquidations.imprime) == ("non_significatif", None, "ns")


def test_rows_of_the_comparison_keep_their_own_clock() -> None:
    horloges = {
        code: r.horloge for code, r in convention("comparaison-interbranche").lignes.items() if "courriel" in code
    }
    assert horloges["cnaf_courriels_48h"] == "48 heures, jours ouvrés"
    assert horloges["standard_courriels"] == "24 heures"
    assert "non précisé" in (horloges["cnam_courriels_48h"] or "")
    assert ligne("comparaison-interbranche", "cnaf_courriels_48h").calcul == "courriels_48h_ouvrees"


def test_an_unknown_name_is_answered_with_the_closest_ones() -> None:
    with pytest.raises(ConventionInconnue, match="Vouliez-vous dire delai_fse"):
        ligne(CNAM, "delais_fse")
    with pytest.raises(ConventionInconnue, match="cnam-2018-2022"):
        convention("cnam-2018-2021")
