"""Verdicts and attainment rates, against the figures the IGAS report prints and the boundaries of the targets."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from shared.catalogue.conventions import charger_conventions, cible, convention, ligne
from shared.catalogue.modele_conventions import Cible, Sens
from shared.indicators.verdicts import Exact, Verdict, taux_atteinte, taux_realisation, verdict

CNAMTS, CNAM, CNMSS = "cnamts-2014-2017", "cnam-2018-2022", "cnmss-2019-2023"


def juger(code_convention: str, code: str, annee: int, valeur: Exact | None, segment: str | None = None) -> Verdict:
    sens = ligne(code_convention, code).sens
    return verdict(valeur, cible(code_convention, code, annee, segment=segment), sens)


def publie(code: str, annee: int) -> Decimal | None:
    resultat = ligne(CNAMTS, code).resultat(annee)
    assert resultat is not None
    return resultat.valeur


def pour_cent(taux: Fraction | None, decimales: str) -> Decimal:
    assert taux is not None
    return (Decimal(taux.numerator * 100) / taux.denominator).quantize(Decimal(decimales), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("code", "annee", "valeur", "attendu"),
    [
        ("delai_ij", 2019, "27.5", "atteint"),
        ("delai_ij", 2020, "27.5", "sous_le_socle"),
        ("delai_cmuc_acs", 2019, "31.5", "atteint"),
        ("delai_cmuc_acs", 2020, "31.5", "sous_le_socle"),
        ("reclamations_10j", 2020, "84.5", "atteint"),
        ("reclamations_10j", 2021, "84.5", "sous_le_socle"),
        ("appels_aboutis", 2018, "90", "atteint"),
        ("delai_fse", 2018, "7", "atteint"),
        ("courriels_48h", 2021, "80", "atteint"),
        ("courriels_48h", 2022, "80", "sans_cible"),
        ("satisfaction_reiteration", 2020, "50", "a_determiner"),
        ("delai_ij_independants", 2019, "20", "sans_cible"),
        ("controles_puma", 2019, "99.9", "sous_le_socle"),
    ],
)
def test_one_value_is_judged_by_the_target_of_its_year(code: str, annee: int, valeur: str, attendu: Verdict) -> None:
    assert juger(CNAM, code, annee, Decimal(valeur)) == attendu


def test_the_answer_rate_missed_its_target_until_2016() -> None:
    assert [juger(CNAMTS, "taux_decroche", a, publie("taux_decroche", a)) for a in (2014, 2015, 2016)] == [
        "sous_le_socle",
        "sous_le_socle",
        "atteint",
    ]


def test_the_mail_rate_of_2015_stood_between_socle_and_objectif() -> None:
    assert publie("courriels_48h", 2015) == Decimal("77.9")
    assert juger(CNAMTS, "courriels_48h", 2015, Decimal("77.9")) == "socle_atteint"
    assert juger(CNAMTS, "courriels_48h", 2015, Decimal(70)) == "socle_atteint"
    assert juger(CNAMTS, "courriels_48h", 2015, Decimal("69.9")) == "sous_le_socle"


def test_the_same_share_of_very_satisfied_meets_2016_and_fails_2017() -> None:
    assert juger(CNAMTS, "satisfaction_assures_tres", 2016, Decimal("22.1")) == "atteint"
    assert juger(CNAMTS, "satisfaction_assures_tres", 2017, Decimal("22.1")) == "sous_le_socle"


def test_a_value_equal_to_its_target_reaches_it() -> None:
    assert juger(CNAMTS, "disponibilite_portail_ps", 2016, publie("disponibilite_portail_ps", 2016)) == "atteint"
    assert juger(CNAMTS, "femmes_direction", 2016, Decimal(40)) == "atteint"


def test_complaints_are_reached_for_each_service() -> None:
    for resultat in ligne(CNAMTS, "reclamations_10j").resultats:
        if resultat.annee == 2016:
            assert juger(CNAMTS, "reclamations_10j", 2016, resultat.valeur, resultat.segment) == "atteint"


def test_a_waiting_time_nobody_sent_is_not_measured_and_never_excellent() -> None:
    assert publie("attente_accueil", 2016) is None
    assert juger(CNAMTS, "attente_accueil", 2016, None) == "non_mesure"
    assert juger(CNAMTS, "attente_accueil", 2016, 0) == "atteint"


def test_a_missing_value_is_not_measured_even_without_a_target() -> None:
    assert juger(CNAMTS, "execution_sdsi", 2016, None) == "non_mesure"


def test_an_abandoned_indicator_has_no_verdict() -> None:
    assert juger(CNAMTS, "droits_a_justifier", 2016, None) == "sans_cible"


def test_a_smaller_reduction_of_energy_than_promised_fails() -> None:
    assert juger(CNMSS, "consommation_energie", 2020, Decimal(-2)) == "atteint"
    assert juger(CNMSS, "consommation_energie", 2020, Decimal(-1)) == "atteint"
    assert juger(CNMSS, "consommation_energie", 2020, Decimal("-0.9")) == "sous_le_socle"


@pytest.mark.parametrize(
    ("sens", "valeur", "attendu"),
    [
        ("haut", 90, "atteint"),
        ("haut", 89, "socle_atteint"),
        ("haut", 80, "socle_atteint"),
        ("haut", 79, "sous_le_socle"),
        ("haut", 70, "sous_le_socle"),
        ("haut", 69, "seuil_alerte_franchi"),
        ("bas", -90, "atteint"),
        ("bas", -80, "socle_atteint"),
        ("bas", -70, "sous_le_socle"),
        ("bas", -69, "seuil_alerte_franchi"),
        ("neutre", 90, "sans_cible"),
    ],
)
def test_the_alert_threshold_is_crossed_only_beyond_it(sens: Sens, valeur: int, attendu: Verdict) -> None:
    signe = -1 if sens == "bas" else 1
    bornes = {n: Decimal(signe * v) for n, v in {"valeur": 90, "socle": 80, "seuil_alerte": 70}.items()}
    sujet = Cible(annee=2020, statut="ferme", operateur=None, connu_le=date(2020, 1, 1), **bornes)
    assert verdict(valeur, sujet, sens) == attendu


def test_an_exact_rate_at_the_bound_is_reached_where_floating_point_would_miss_it() -> None:
    sujet = Cible(2020, "ferme", Decimal(29), ">=", date(2020, 1, 1))
    assert 0.29 * 100 < 29
    assert verdict(Fraction(100 * 29, 100), sujet, "haut") == "atteint"
    with pytest.raises(TypeError, match="float"):
        verdict(0.29 * 100, sujet, "haut")  # type: ignore[arg-type]


def test_our_verdicts_are_those_of_the_igas_wherever_2016_has_a_value_and_a_target() -> None:
    compares = 0
    for rangee in convention(CNAMTS).lignes.values():
        valeurs = [(r.valeur, r.segment) for r in rangee.resultats if r.annee == 2016 and r.valeur is not None]
        for valeur, segment in valeurs:
            calcule = juger(CNAMTS, rangee.code, 2016, valeur, segment)
            if rangee.verdict is not None and calcule != "sans_cible":
                compares += 1
                assert (calcule == "atteint") == (rangee.verdict.verdict == "atteint"), rangee.code
    assert compares == 29


def test_the_igas_72_per_cent_is_26_over_36() -> None:
    resultats = [r for r in convention(CNAMTS).lignes.values() if r.type == "resultat"]
    taux = taux_atteinte(r.verdict and r.verdict.verdict for r in resultats)
    assert taux == Fraction(26, 36)
    assert pour_cent(taux, "1") == 72


def test_the_counts_the_report_prints_would_give_74_per_cent() -> None:
    imprimes: list[Verdict | str] = ["atteint"] * 24 + ["quasiment_atteint"] * 4 + ["non_atteint"] * 7
    assert pour_cent(taux_atteinte(imprimes), "0.1") == Decimal("74.3")  # type: ignore[arg-type]


def test_not_measured_counts_as_missed_and_without_target_is_left_out() -> None:
    assert taux_atteinte(["atteint", "non_mesure"]) == Fraction(1, 2)
    assert taux_atteinte(["atteint", "sans_cible", "a_determiner", None]) == 1
    assert taux_atteinte(["sans_cible", None]) is None


@pytest.mark.parametrize(
    ("prevues", "faites", "partielles", "obsoletes", "publie"),
    [
        (224, 147, 50, 12, "81.1"),
        (67, 40, 14, 8, "79.7"),
        (28, 13, 8, 6, "77"),
        (24, 18, 3, 1, "85"),
        (15, 9, 3, 1, "75"),
        (46, 35, 5, 1, "83.3"),
        (22, 19, 2, 0, "91"),
        (15, 9, 2, 0, "67"),
        (9, 7, 1, 1, "94"),
        (24, 15, 7, 1, "80.4"),
        (87, 57, 24, 2, "81.2"),
        (18, 13, 4, 1, "88"),
        (14, 11, 3, 0, "89"),
        (7, 7, 0, 0, "100"),
        (6, 3, 3, 0, "75"),
        (18, 11, 7, 0, "81"),
        (24, 12, 7, 1, "67"),
    ],
)
def test_the_completion_rates_of_the_report_are_recomputed(
    prevues: int, faites: int, partielles: int, obsoletes: int, publie: str
) -> None:
    taux = taux_realisation(prevues, faites, partielles, obsoletes)
    assert pour_cent(taux, "0.1" if "." in publie else "1") == Decimal(publie)


def test_no_completion_rate_when_every_action_is_obsolete() -> None:
    assert taux_realisation(3, 0, 0, 3) is None


def test_the_dsij_rate_is_that_of_the_forms_counted() -> None:
    assert pour_cent(Fraction(10_085_143, 10_085_143 + 2_448_963), "0.01") == publie("dsij", 2016)


def test_every_target_of_the_catalogue_can_be_judged() -> None:
    for code, conv in charger_conventions().items():
        for rangee in conv.lignes.values():
            for c in rangee.cibles:
                assert juger(code, rangee.code, c.annee, c.valeur, c.segment) in {"atteint", "non_mesure", "sans_cible"}
