from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.entraide.domain.activites import parametres
from services.entraide.domain.allocation.allouer import allouer
from services.entraide.domain.besoins import Besoin, dimensionner, en_etp_semaines, en_volume
from services.entraide.domain.cycle_de_vie import echeance
from services.entraide.domain.donneur import SituationTelephone
from services.entraide.domain.explication import expliquer
from services.entraide.domain.montage import Donnees, Engagement, monter
from services.entraide.domain.poles import Offre, Pole, avec_offres
from services.entraide.domain.projection import Situation, projeter
from services.entraide.domain.semaines import Horizon
from services.entraide.plans.contenu import Entree, calculer
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


APPEL = replace(BESOIN, process="appel", voies=frozenset({"acheminement_appels"}), fin=LUNDI + 20)
POLE_APPEL = replace(POLE, process=frozenset({"appel"}), voies=frozenset({"acheminement_appels"}))


def au_telephone(volume: float, etp_aidee: float = 40.0) -> Donnees:
    """Paris-like: 1,500 calls a day for that many ETP, over a need of three weeks."""
    situations = {
        ("cpam-93", "appel"): SituationTelephone((1_500.0,) * 6, (etp_aidee,) * 6, 0.8, 0.9),
        ("cpam-41", "appel"): SituationTelephone((500.0,) * 6, (40.0,) * 6, 0.8, 0.9),
    }
    return replace(DONNEES, besoins=(replace(APPEL, volume=volume),), poles=(POLE_APPEL,), situations=situations)


def test_an_amended_volume_of_calls_changes_the_plan() -> None:
    (pleine,), (moitie,) = (monter(au_telephone(v)).probleme.demandes for v in (2_000.0, 1_000.0))
    assert pleine.manque_objectif[3:] == (0, 0, 0), "hors de la période du besoin"
    assert sum(pleine.manque_objectif) / 100 == pytest.approx(en_etp_semaines("appel", 2_000.0), abs=0.03)
    assert sum(moitie.manque_objectif) == pytest.approx(sum(pleine.manque_objectif) / 2, abs=3)


@pytest.mark.parametrize("etp_aidee", [40.0, 200.0])
@pytest.mark.parametrize("volume", [150.0, 400.0, 3_000.0])
def test_a_plan_never_asks_for_more_calls_than_the_caisse_declared(volume: float, etp_aidee: float) -> None:
    contenu = calculer(Entree(au_telephone(volume, etp_aidee), frozenset()))
    (besoin,) = contenu["besoins"]
    assert sum(m["volume"] for m in contenu["missions"]) == pytest.approx(besoin["volume_apporte"], abs=0.01)
    assert 0 < besoin["volume_apporte"] <= volume + 0.01


def test_nothing_starts_before_both_caisses_have_had_their_working_days_to_answer() -> None:
    # Thursday 26 April 2018: five working days later, 1 May being off everywhere, is Friday 4 May.
    jeudi = LUNDI + 10
    donnees = replace(
        DONNEES, jour=jeudi, horizon=Horizon(LUNDI + 14, 6),
        calendriers=CALENDRIERS | {"cpam-93": Calendrier("Métropole")},
    )  # fmt: skip
    probleme = monter(donnees).probleme
    assert [p.premiere for p in probleme.paires] == [1]
    assert {m.debut for m in allouer(probleme).missions} == {1}
    # Answers are awaited until Wednesday 2 May when asked on the Tuesday of the week before.
    assert [p.premiere for p in monter(replace(donnees, jour=LUNDI + 8)).probleme.paires] == [1]
    assert [p.premiere for p in monter(replace(donnees, jour=LUNDI + 4)).probleme.paires] == [0]


def test_a_prenante_does_not_help_its_cedante_with_what_it_does_for_it_already() -> None:
    montage = monter(replace(DONNEES, tram=frozenset({("cpam-41", "cpam-93", "ij")})))
    assert montage.probleme.paires == ()
    assert [r.code for r in montage.refus["p", "b"]] == ["prenante_tram"]


NOMBRES = st.floats(0, 900).map(lambda v: round(v, 1))


@st.composite
def reseaux(tirer: st.DrawFn) -> Donnees:
    """A few caisses with files, one pôle each for some, holidays, exceptions, running missions, alerts."""
    serie = st.lists(NOMBRES, min_size=6, max_size=6).map(tuple)
    situations, poles, besoins, engagements = {}, [], [], []
    caisses = ("cpam-41", "cpam-67", "cpam-93", "cpam-31")
    for caisse in caisses:
        ages = tuple(tirer(st.lists(st.tuples(st.integers(0, 50), NOMBRES), max_size=4)))
        situations[caisse, "ij"] = Situation(ages, tirer(serie), tirer(serie), 30, 20, tirer(st.none() | serie))
        if tirer(st.booleans()):
            exceptions = {LUNDI + 7 * tirer(st.integers(0, 5)): tirer(st.floats(0, 4).map(lambda v: round(v, 2)))}
            etp = tirer(st.floats(0.5, 6).map(lambda v: round(v, 2)))
            poles.append(replace(POLE, cle=f"p-{caisse}", caisse=caisse, etp=etp, exceptions=exceptions))
        if tirer(st.booleans()):
            besoins.append(replace(BESOIN, cle=f"b-{caisse}", caisse=caisse, volume=tirer(st.floats(10, 2_000))))
    for pole in poles:
        aidee = tirer(st.sampled_from([c for c in caisses if c != pole.caisse]))
        if tirer(st.booleans()):
            engagements.append(Engagement(pole.cle, aidee, "ij", (50, 50, 50, 0, 0, 0), tirer(st.integers(0, 3))))
    alertes = frozenset((c, "ij") for c in caisses if tirer(st.integers(0, 4)) == 0)
    calendriers = {c: Calendrier("Alsace-Moselle" if c == "cpam-67" else "Métropole") for c in caisses}
    return Donnees(
        HORIZON, tuple(poles), tuple(besoins), situations, alertes, calendriers, tuple(engagements),
        jour=tirer(st.none() | st.integers(LUNDI - 7, LUNDI - 1)),
    )  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reseaux())
def test_no_plan_of_a_network_takes_a_pole_beyond_its_etp_nor_an_aidante_below_its_objectif(d: Donnees) -> None:
    missions = allouer(monter(d).probleme).missions
    caisses, aidees = {p.cle: p.caisse for p in d.poles}, {b.cle: b.caisse for b in d.besoins}
    donne = {p.cle: [0.0] * 6 for p in d.poles}
    for m in missions:
        assert caisses[m.offreur] != aidees[m.demande]
        assert (caisses[m.offreur], "ij") not in d.alertes
        if d.jour is not None:
            delai = echeance(d.jour, 5, tuple(d.calendriers[c] for c in (caisses[m.offreur], aidees[m.demande])))
            assert d.horizon.lundi(m.debut) > delai
        for rang, etp in enumerate(m.etp, start=m.debut):
            donne[m.offreur][rang] += etp / 100
    for e in d.engagements:
        donne[e.pole] = [a + b / 100 for a, b in zip(donne[e.pole], e.etp, strict=True)]
    for pole in d.poles:
        siennes = [m for m in missions if m.offreur == pole.cle]
        if siennes:
            neufs = [sum(m.etp[r - m.debut] for m in siennes if m.debut <= r <= m.fin) for r in range(6)]
            pris = zip(donne[pole.cle], pole.etp_par_semaine(HORIZON), neufs, strict=True)
            assert all(etp <= libre + 1e-9 for etp, libre, neuf in pris if neuf)
            # The aidante, at its best known pace and with that much taken off it, run off again.
            s = d.situations[pole.caisse, "ij"]
            assert isinstance(s, Situation)
            moins = [-en_volume("ij", etp) for etp in donne[pole.cle]]
            retard = projeter(replace(s, capacite=s.pointe or s.capacite), moins).retard_objectif
            premier = min(r for r, neuf in enumerate(neufs) if neuf)
            assert max(retard[premier:]) == pytest.approx(0, abs=1e-6)
