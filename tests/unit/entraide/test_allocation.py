from collections import defaultdict
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.entraide.domain.allocation.allouer import allouer
from services.entraide.domain.allocation.modele import Mission, Paire, Probleme, Surete
from services.entraide.domain.allocation.plan import evaluer
from tests.unit.entraide.problemes import SANS_LIMITE, SEMAINES, demande, offreur, probleme, problemes

lent = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def fautes(p: Probleme, missions: tuple[Mission, ...]) -> list[str]:
    """The rules written again, week by week, without the arrays of the code under test."""
    demandes, offreurs = {d.cle: d for d in p.demandes}, {o.cle: o for o in p.offreurs}
    paires = {(x.offreur, x.demande): x.deja for x in p.paires}
    pris: defaultdict[tuple[str, int], int] = defaultdict(int)
    donne: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * p.semaines)
    trouvees = []
    for m in missions:
        d, o = demandes[m.demande], offreurs[m.offreur]
        if (m.offreur, m.demande) not in paires or o.caisse == d.caisse:
            trouvees.append("eligibilite")
            continue
        if min(m.etp) < p.regles.etp_min or len(m.etp) < p.regles.semaines_min:
            trouvees.append("affectation minimale")
        if len(m.etp) + paires[m.offreur, m.demande] > p.regles.semaines_max:
            trouvees.append("duree")
        if m.debut < d.premiere or m.debut + len(m.etp) - 1 > d.derniere:
            trouvees.append("periode")
        for rang, etp in enumerate(m.etp):
            pris[m.offreur, m.debut + rang] += etp
            donne[o.caisse, d.process][m.debut + rang] += etp
    trouvees += [f"capacite {o} {s}" for (o, s), etp in pris.items() if etp > offreurs[o].capacite[s]]
    for clef, serie in donne.items():
        surete = p.suretes.get(clef, Surete((0,) * p.semaines, (0,) * p.semaines))
        total = 0
        for s, etp in enumerate(serie):
            total += etp
            hebdo, cumul = surete.par_semaine[s], surete.cumul[s]
            if (hebdo is not None and etp > hebdo) or (cumul is not None and total > cumul):
                trouvees.append(f"surete {clef} {s}")
    return trouvees


@lent
@given(problemes())
def test_no_plan_breaks_a_capacity_an_eligibility_a_donor_a_minimum_or_a_duration(p: Probleme) -> None:
    for methode in ("programme", "glouton"):
        assert fautes(p, allouer(p, methode).missions) == []


@lent
@given(problemes())
def test_a_plan_is_never_worse_than_the_greedy_one_nor_better_than_the_bound(p: Probleme) -> None:
    plan, gourmand = allouer(p), allouer(p, "glouton")
    assert plan.bilan.total <= gourmand.bilan.total <= gourmand.sans_aide.total
    if plan.borne is not None:
        assert plan.bilan.points >= plan.borne * (1 - 1e-6) - 1e-3


@lent
@given(problemes(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_change_the_plan(p: Probleme, hasard: Random) -> None:
    melange = {champ: list(getattr(p, champ)) for champ in ("demandes", "offreurs", "paires")}
    for liste in melange.values():
        hasard.shuffle(liste)
    suretes = list(p.suretes.items())
    hasard.shuffle(suretes)
    autre = replace(p, suretes=dict(suretes), **{champ: tuple(liste) for champ, liste in melange.items()})  # type: ignore[arg-type]
    assert allouer(autre).missions == allouer(p).missions


@pytest.mark.parametrize(("besoins", "poles"), [(1, 2), (2, 1)])
def test_no_choice_of_constant_missions_beats_the_plan(besoins: int, poles: int) -> None:
    p = probleme(
        [demande(f"b{i}", 90 + 40 * i, premiere=3) for i in range(besoins)],
        [offreur(f"p{i}", 100 + 50 * i, montee=(0.5,), jours=(5, 5, 5, 5, 4, 5)) for i in range(poles)],
    )
    choix: list[list[Mission | None]] = [
        [
            None,
            *(
                Mission(x.demande, x.offreur, d, (etp,) * (f - d + 1))
                for d in range(3, SEMAINES)
                for f in range(d, SEMAINES)
                for etp in range(50, 151, 25)
            ),
        ]
        for x in p.paires
    ]
    essais = [tuple(m for m in tirage if m is not None) for tirage in product(*choix)]
    meilleur = min(evaluer(p, essai).total for essai in essais if not fautes(p, essai))
    assert allouer(p).bilan.total <= meilleur


def test_socle_is_served_before_objectif() -> None:
    sous_socle = demande("z", 100)
    sous_objectif = replace(demande("a", 100), manque_socle=(0,) * SEMAINES)
    plan = allouer(probleme([sous_objectif, sous_socle], [offreur(etp=50)]))
    premiere = min(plan.missions, key=lambda m: m.debut)
    assert premiere.demande == "z"
    assert sum(plan.bilan.manque_socle["z"]) < 6 * 100


def test_one_aidante_is_called_rather_than_two() -> None:
    plan = allouer(probleme([demande(manque=100, cumulatif=False)], [offreur("p", 100), offreur("q", 100)]))
    assert [m.etp for m in plan.missions] == [(100,) * SEMAINES]


def test_the_pole_that_gave_least_gives_first() -> None:
    donnees = [offreur("p", 100, part=0), offreur("q", 100, part=10_000)]
    plan = allouer(probleme([demande(manque=100, cumulatif=False)], donnees))
    assert {m.offreur for m in plan.missions} == {"q"}


def test_nobody_stays_once_the_need_is_met() -> None:
    p = probleme([demande(manque=100)], [offreur(etp=100)])
    (mission,) = allouer(p).missions
    assert sum(mission.etp) == 100


def test_calls_are_helped_in_the_week_they_are_missed() -> None:
    creux = (0, 0, 100, 100, 0, 0)
    besoin = replace(demande(cumulatif=False, process="appel"), manque_socle=creux, manque_objectif=creux)
    (mission,) = allouer(probleme([besoin], [offreur(etp=100)])).missions
    assert (mission.debut, mission.etp) == (2, (100, 100))


def test_ramp_up_and_holidays_slow_the_work_down() -> None:
    p = probleme([demande(manque=10_000)], [offreur(etp=100, montee=(0.5,), jours=(5, 5, 0, 4, 5, 5))])
    mission = Mission("b", "p", 0, (100,) * SEMAINES)
    recu = 10_000 - np.array(evaluer(p, [mission]).manque_objectif["b"])
    assert np.diff(recu, prepend=0).tolist() == [50, 100, 0, 80, 100, 100]


def test_a_pair_already_at_work_does_not_ramp_up_again_and_ends_at_the_maximum_duration() -> None:
    p = probleme([demande(manque=10_000)], [offreur(etp=100, montee=(0.5,))])
    p = replace(p, paires=(Paire("p", "b", deja=2),), regles=replace(p.regles, semaines_max=5))
    (mission,) = allouer(p).missions
    assert (mission.debut, mission.fin) == (0, 2)
    assert evaluer(p, [mission]).manque_objectif["b"][:3] == (9_900, 9_800, 9_700)


def test_who_came_last_leaves_first() -> None:
    assert Mission("b", "p", 2, (50, 120, 80)).vagues == ((2, 4, 50), (3, 3, 40), (3, 4, 30))


def test_a_donor_without_a_known_margin_gives_nothing() -> None:
    p = probleme([demande()], [offreur()])
    assert allouer(replace(p, suretes={})).missions == ()


def test_pools_of_one_aidante_share_its_margin() -> None:
    poles = [offreur("p", 100), replace(offreur("q", 100), caisse="aidante-p")]
    p = replace(
        probleme([demande(manque=1_000)], poles),
        suretes={("aidante-p", "ij"): replace(SANS_LIMITE, par_semaine=(120,) * SEMAINES)},
    )
    donne = np.zeros(SEMAINES)
    for m in allouer(p).missions:
        donne[m.debut : m.fin + 1] += m.etp
    assert donne.max() <= 120 and donne.sum() == 120 * SEMAINES


@pytest.mark.parametrize("champ", ["demandes", "offreurs", "paires"])
def test_a_double_is_refused(champ: str) -> None:
    p = probleme([demande()], [offreur()])
    with pytest.raises(ValueError, match="deux fois"):
        allouer(replace(p, **{champ: getattr(p, champ) * 2}))


def test_nothing_to_do_gives_an_empty_plan() -> None:
    assert allouer(probleme([], [])).missions == ()
    assert allouer(probleme([demande(manque=0)], [offreur()])).missions == ()
