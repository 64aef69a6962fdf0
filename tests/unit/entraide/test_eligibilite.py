from dataclasses import replace
from datetime import date

import pytest

from services.entraide.domain.activites import activites
from services.entraide.domain.besoins import Besoin
from services.entraide.domain.eligibilite import Aidante, refus
from services.entraide.domain.poles import Pole
from shared.catalogue.processus import charger_processus
from shared.network.jours import jour_de

JOUR = jour_de(date(2018, 3, 5))
POLE = Pole("p", "cpam-41", frozenset({"ij", "fsp"}), 3.0, frozenset({"corbeille_diademe", "synergie"}))
BESOIN = Besoin("b", "cpam-93", "ij", "decision_comite", JOUR, JOUR + 60, 900.0, frozenset({"corbeille_diademe"}))
SEREINE = Aidante(en_alerte=False, marge_etp=3.0)


def codes(pole: Pole = POLE, besoin: Besoin = BESOIN, aidante: Aidante = SEREINE) -> list[str]:
    return [r.code for r in refus(pole, besoin, aidante, 0.5)]


def test_a_pole_that_meets_every_rule_may_help() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("champs", "code"),
    [
        ({"debut": jour_de(date(2015, 10, 20))}, "activite_non_couverte"),
        ({"process": "carte_vitale"}, "activite_non_couverte"),
        ({"process": "cmuc_acs"}, "process_non_tenu"),
        ({"caisse": "cpam-41"}, "meme_caisse"),
        ({"voies": frozenset({"synergie"})}, "voie_fermee"),
        ({"remise": "par_lot"}, "remise_des_dossiers"),
        ({"couloir": "msa"}, "couloir_ferme"),
        ({"obstacles": frozenset({"smg"})}, "obstacle"),
    ],
)
def test_each_rule_of_the_need_refuses_with_its_reason(champs: dict[str, object], code: str) -> None:
    assert code in codes(besoin=replace(BESOIN, **champs))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("champs", "code"),
    [
        ({"voies": frozenset({"synergie"})}, "voie_fermee"),
        ({"remises": frozenset({"complexite"})}, "remise_des_dossiers"),
    ],
)
def test_each_rule_of_the_pole_refuses_with_its_reason(champs: dict[str, object], code: str) -> None:
    assert codes(replace(POLE, **champs)) == [code]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("aidante", "code"),
    [
        (Aidante(True, 3.0), "aidante_en_alerte"),
        (Aidante(False, 0.4), "sous_son_objectif"),
        (Aidante(False, None), "sous_son_objectif"),
    ],
)
def test_an_aidante_in_alert_or_without_margin_does_not_give(aidante: Aidante, code: str) -> None:
    assert codes(aidante=aidante) == [code]


def test_calls_are_never_given_by_complexity() -> None:
    besoin = replace(BESOIN, process="appel", voies=frozenset({"acheminement_appels"}), remise="complexite")
    pole = replace(POLE, process=frozenset({"appel"}), voies=frozenset({"acheminement_appels"}))
    assert codes(pole, besoin) == ["remise_des_dossiers"]


def test_an_open_exchange_between_couloirs_lets_files_through_and_a_sealed_one_never() -> None:
    ouvert = replace(POLE, couloirs=frozenset({"general", "mines"}))
    assert codes(ouvert, replace(BESOIN, couloir="mines")) == []
    assert codes(ouvert, replace(BESOIN, couloir="mines", obstacles=frozenset({"smg"}))) == ["obstacle"]


def test_a_refusal_is_a_french_sentence() -> None:
    (motif,) = refus(POLE, replace(BESOIN, obstacles=frozenset({"smg"})), SEREINE, 0.5)
    assert motif.phrase == "Obstacle : les soins médicaux gratuits sont dans un couloir fermé (COG CNMSS)."


def test_activities_are_those_of_the_sources_with_their_dates() -> None:
    """IGAS 2017, tome II, L2844-2851: dates of the lettres-réseau; those not printed are marked."""
    dates = {a.process: a.du for a in activites() if not a.hypothese}
    assert dates == {
        "courriel": jour_de(date(2015, 11, 26)),
        "ij": jour_de(date(2015, 10, 21)),
        "cmuc_acs": jour_de(date(2016, 8, 2)),
    }
    assert {a.process for a in activites()} - set(charger_processus()) == {"controles_puma"}
