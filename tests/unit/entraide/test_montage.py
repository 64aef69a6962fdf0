from dataclasses import replace
from datetime import date

import pytest

from services.entraide.domain.activites import parametres
from services.entraide.domain.allocation.allouer import allouer
from services.entraide.domain.besoins import Besoin, dimensionner, en_etp_semaines
from services.entraide.domain.donneur import SituationTelephone
from services.entraide.domain.explication import expliquer
from services.entraide.domain.montage import Donnees, Engagement, monter
from services.entraide.domain.poles import Offre, Pole, avec_offres
from services.entraide.domain.projection import Situation, projeter
from services.entraide.domain.semaines import Horizon
from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de

LUNDI = jour_de(date(2018, 4, 16))
HORIZON = Horizon(LUNDI, 6)
CALENDRIERS = {"cpam-41": Calendrier("Métropole"), "cpam-67": Calendrier("Alsace-Moselle")}
POLE = Pole("p", "cpam-41", frozenset({"ij"}), 3.0, frozenset({"corbeille_diademe"}))
BESOIN = Besoin("b", "cpam-93", "ij", "decision_comite", LUNDI, LUNDI + 80, 900.0, frozenset({"corbeille_diademe"}))
EN_RETARD = Situation(((40, 2_200.0),), (500.0,) * 6, (450.0,) * 6, 30, 20)
A_JOUR = Situation(((3, 100.0),), (500.0,) * 6, (1_000.0,) * 6, 30, 20)
DONNEES = Donnees(
    HORIZON, (POLE,), (BESOIN,), {("cpam-93", "ij"): EN_RETARD, ("cpam-41", "ij"): A_JOUR}, frozenset(), CALENDRIERS
)


def test_a_need_is_counted_in_etp_weeks_of_its_own_process() -> None:
    volume = dimensionner("ij", EN_RETARD).volume
    (demande,) = monter(replace(DONNEES, besoins=(replace(BESOIN, volume=volume),))).probleme.demandes
    reserve = parametres()["reserve"]["aidee"]
    retard = projeter(replace(EN_RETARD, delai_objectif=20 * (1 - reserve))).retard_objectif
    assert demande.cumulatif and all(s <= o for s, o in zip(demande.manque_socle, demande.manque_objectif, strict=True))
    assert demande.manque_objectif == pytest.approx([100 * en_etp_semaines("ij", v) for v in retard], abs=1)


def test_holidays_are_those_of_the_aidante() -> None:
    poles = (POLE, replace(POLE, cle="q", caisse="cpam-67"))
    pole, alsacien = monter(replace(DONNEES, poles=poles)).probleme.offreurs
    assert pole.jours == (5, 5, 4, 3, 5, 4)
    vendredi_saint = replace(DONNEES, poles=poles, horizon=Horizon(jour_de(date(2018, 3, 26)), 6))
    assert [o.jours[0] for o in monter(vendredi_saint).probleme.offreurs] == [5, 4] and alsacien.jours == pole.jours


def test_a_coordinator_may_amend_the_volume() -> None:
    (demande,) = monter(DONNEES).probleme.demandes
    (moitie,) = monter(replace(DONNEES, besoins=(replace(BESOIN, volume=450.0),))).probleme.demandes
    assert max(moitie.manque_objectif) == pytest.approx(max(demande.manque_objectif) / 2, abs=1)


def test_a_need_announced_before_any_lateness_is_spread_from_its_first_week() -> None:
    besoin = replace(BESOIN, motif="adossement", debut=LUNDI + 7, volume=460.0)
    donnees = replace(DONNEES, besoins=(besoin,), situations={("cpam-93", "ij"): A_JOUR, ("cpam-41", "ij"): A_JOUR})
    (demande,) = monter(donnees).probleme.demandes
    assert demande.manque_objectif == (0, *[round(100 * en_etp_semaines("ij", 460) + 0.5)] * 5)
    assert demande.manque_socle == (0,) * 6 and demande.premiere == 1


def test_what_a_running_mission_takes_is_not_given_twice_and_needs_no_ramp_up() -> None:
    en_cours = Engagement("p", "cpam-93", "ij", (200, 200, 0, 0, 0, 0), deja=3)
    probleme = monter(replace(DONNEES, engagements=(en_cours,))).probleme
    assert probleme.offreurs[0].capacite == (100, 100, 300, 300, 300, 300)
    assert probleme.paires[0].deja == 3


def test_who_has_given_more_has_a_smaller_share_left() -> None:
    poles = (POLE, replace(POLE, cle="q", caisse="cpam-67", donne=40.0))
    situations = {**DONNEES.situations, ("cpam-67", "ij"): A_JOUR}
    p, q = monter(replace(DONNEES, poles=poles, situations=situations)).probleme.offreurs
    assert p.part > 0 > q.part


def test_an_offer_adds_to_the_weeks_it_covers_whole() -> None:
    offre = Offre("p", "fsp", 1.5, LUNDI + 1, LUNDI + 20)
    pole = avec_offres(POLE, (offre, replace(offre, pole="autre")), HORIZON)
    assert pole.etp_par_semaine(HORIZON) == (3.0, 4.5, 4.5, 3.0, 3.0, 3.0)
    assert pole.process == {"ij", "fsp"}


def test_a_refused_pair_is_out_of_the_problem_and_says_why() -> None:
    montage = monter(replace(DONNEES, alertes=frozenset({("cpam-41", "ij")})))
    assert montage.probleme.paires == ()
    assert [r.code for r in montage.refus["p", "b"]] == ["aidante_en_alerte"]
    effet = expliquer(allouer(montage.probleme), montage.refus)["b"]
    assert effet.limite == "aucun_pole"
    assert effet.phrase == "Aucun pôle ne peut aider. cpam-41 est elle-même en alerte sur « ij »."


def test_calls_become_agents_missing_each_week() -> None:
    besoin = replace(BESOIN, process="appel", voies=frozenset({"acheminement_appels"}))
    pole = replace(POLE, process=frozenset({"appel"}), voies=frozenset({"acheminement_appels"}))
    aidee = SituationTelephone((1_500.0,) * 6, (40.0,) * 6, 0.8, 0.9)
    aidante = SituationTelephone((500.0,) * 6, (40.0,) * 6, 0.8, 0.9)
    donnees = replace(
        DONNEES,
        besoins=(besoin,),
        poles=(pole,),
        situations={("cpam-93", "appel"): aidee, ("cpam-41", "appel"): aidante},
    )
    probleme = monter(donnees).probleme
    (demande,) = probleme.demandes
    assert not demande.cumulatif and len(set(demande.manque_objectif)) == 1
    assert demande.manque_objectif[0] > demande.manque_socle[0] >= 0
    assert allouer(probleme).missions


def test_an_explanation_compares_with_and_without_aid_in_the_unit_of_the_process() -> None:
    montage = monter(DONNEES)
    effet = expliquer(allouer(montage.probleme), montage.refus)["b"]
    taille = dimensionner("ij", EN_RETARD)
    assert effet.retard_final_sans == pytest.approx(taille.manque_objectif[-1] * 900 / taille.volume, rel=0.02)
    assert effet.retard_final_avec is not None and effet.retard_final_avec < effet.retard_final_sans
    assert effet.semaines_sous_socle[1] <= effet.semaines_sous_socle[0]


def test_a_need_larger_than_the_pole_is_held_back_by_capacity() -> None:
    montage = monter(replace(DONNEES, poles=(replace(POLE, etp=0.6),)))
    effet = expliquer(allouer(montage.probleme), montage.refus)["b"]
    assert effet.limite == "capacite" and effet.gain_par_demi_etp > 0
    assert effet.phrase.startswith("Tous les ETP des pôles éligibles sont employés. Un demi-ETP de plus")


def test_a_need_met_says_so_and_a_donor_at_its_limit_too() -> None:
    petit = replace(
        DONNEES, situations={**DONNEES.situations, ("cpam-41", "ij"): replace(A_JOUR, capacite=(560.0,) * 6)}
    )
    montage = monter(replace(petit, poles=(replace(POLE, etp=9.0),)))
    effet = expliquer(allouer(montage.probleme), montage.refus)["b"]
    assert effet.limite in ("surete", "capacite_et_surete")
