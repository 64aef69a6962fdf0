"""The experiment at a tiny size: what policies see, that they are paired, and that the page is written."""

import xml.etree.ElementTree as ET
from datetime import date
from math import isnan

import numpy as np
import pytest
from scipy import stats

from simulator.jumeau.jumeau import Jumeau
from simulator.jumeau.mesures import Historique
from simulator.jumeau.parametres import PROCESS
from vigie.experience.besoins import Comite
from vigie.experience.bilan import MESURE, Appariement, Intervalle, intervalle
from vigie.experience.campagne import Resultat, jouer, monde_de
from vigie.experience.graphique import Ligne, dessiner
from vigie.experience.mesure import Ecart, resumer, table
from vigie.experience.observation import Vue
from vigie.experience.politiques import POLITIQUES
from vigie.experience.rapport import AIDES, REGLES, graphique, page
from vigie.experience.reglages import debuts_de_mois, poles, reglages

MOIS = 3


@pytest.fixture(scope="module")
def resultats() -> list[Resultat]:
    """One seed, every policy, under both rules."""
    monde = monde_de(2, MOIS)
    return [jouer(monde, "sans_aide", MOIS)] + [jouer(monde, p, MOIS, regle) for regle in REGLES for p in AIDES]


def test_policies_of_one_seed_meet_the_same_network_until_the_first_mission(resultats: list[Resultat]) -> None:
    base = resultats[0]
    assert base.etp_semaines == dict.fromkeys(PROCESS, 0.0)
    assert not base.aidees.any()
    for r in resultats[1:]:
        assert sum(r.etp_semaines.values()) > 0
        # The first séance is in January and its missions start at the end of it at the earliest.
        touchees = r.aidees.any(axis=2) | r.aidantes.any(axis=2)
        dossiers = ~touchees
        dossiers[0] = False
        assert np.array_equal(base.valeurs[dossiers], r.valeurs[dossiers], equal_nan=True)


def test_no_policy_lends_more_than_the_poles_have(resultats: list[Resultat]) -> None:
    semaines = (debuts_de_mois(reglages().debut, MOIS)[-1] - reglages().debut).days / 7
    for r in resultats:
        for process, dotation in reglages().poles.items():
            assert r.etp_semaines[process] <= dotation.etp * semaines


def test_the_poles_are_as_many_as_said_and_one_service_is_never_emptied() -> None:
    monde = monde_de(1, 1)
    registre = poles(monde)
    assert len({p.cle for p in registre}) == len(registre) == sum(d.nombre for d in reglages().poles.values())
    assert sum(p.etp for p in registre) == pytest.approx(140)
    for pole in registre:
        (process,) = pole.process
        assert pole.etp <= 0.2 * monde.etp[PROCESS.index(process), monde.slugs.index(pole.caisse)] + 1e-9


def test_what_is_seen_stops_at_the_eve() -> None:
    monde = monde_de(3, 1)
    jumeau = Jumeau(monde)
    historique = Historique(jumeau)
    for _ in range(monde.amorce):
        historique.noter(jumeau.avancer())
    vue = Vue(jumeau, historique)
    avant = {p: vue.situation(p, 5, (5,) * 4) for p in PROCESS}
    # What will come is not known: another future gives the same view.
    monde.appels[:, monde.amorce :] = 0
    monde.facteurs.effectif[:, :, monde.amorce :] = 0.1
    assert {p: vue.situation(p, 5, (5,) * 4) for p in PROCESS} == avant


def test_the_comite_asks_for_no_second_aid_while_one_runs() -> None:
    monde = monde_de(3, 1)
    jumeau = Jumeau(monde)
    historique = Historique(jumeau)
    for _ in range(monde.amorce + 10):
        historique.noter(jumeau.avancer())
    vue, mois = Vue(jumeau, historique), date(2016, 12, 1)
    trouvees = Comite("franchissement").seance(vue, mois, frozenset())
    assert trouvees
    aidees = frozenset((d.caisse, d.process) for d in trouvees)
    assert Comite("franchissement").seance(vue, mois, aidees) == []
    assert all(d.du.weekday() == 0 and d.du > date(2017, 1, 10) and d.au > d.du for d in trouvees)


def test_the_interval_is_student_s() -> None:
    valeurs = [3.0, -1.0, 4.0, 1.0, 5.0, 9.0]
    bas, haut = stats.t.interval(0.95, len(valeurs) - 1, np.mean(valeurs), stats.sem(valeurs))
    lu = intervalle(valeurs)
    assert (lu.bas, lu.haut) == (pytest.approx(bas, abs=1e-3), pytest.approx(haut, abs=1e-3))
    assert isnan(intervalle([2.0]).bas)
    assert not intervalle([2.0]).distingue


def test_a_difference_is_taken_seed_by_seed(resultats: list[Resultat]) -> None:
    a = Appariement(resultats)
    for politique in POLITIQUES:
        attendu = (
            next(r for r in resultats if r.politique == politique).sous_socle.sum() - resultats[0].sous_socle.sum()
        )
        assert a.difference(MESURE["sous_socle"], "comite", politique, "sans_aide").moyenne == attendu


def test_the_page_and_its_chart_are_whole(resultats: list[Resultat]) -> None:
    a = Appariement(resultats)
    texte = page(a, [resultats[0]] * 3, MOIS, "graphique.svg")
    assert "{" not in texte
    assert all(f"## {titre}" in texte for titre in REGLES.values())
    racine = ET.fromstring(graphique(a))
    assert racine.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_chart_puts_a_point_where_its_value_is() -> None:
    ligne = Ligne("x", {"vigie": Intervalle(-5.0, -10.0, 0.0), "premier_demandeur": Intervalle(0.0, -10.0, 10.0)})
    racine = ET.fromstring(dessiner("t", [ligne], {"vigie": "V", "premier_demandeur": "P"}))
    points = [float(c.attrib["cx"]) for c in racine.findall("{*}circle")][2:]
    gauche, droite = 190.0, 730.0
    assert points == [pytest.approx(gauche + (droite - gauche) / 4), pytest.approx((gauche + droite) / 2)]


def test_a_measured_effect_is_judged_against_the_difference_of_two_paired_runs() -> None:
    tous = [Ecart("ij", "semblables", 1, -10.0, m, m - 4, m + 4) for m in (-12.0, -7.0, -3.0, 5.0)]
    (ligne,) = resumer(tous)
    assert (ligne["mesures"], ligne["vrai"], ligne["biais"], ligne["couverture"]) == (4, -10.0, 5.75, 0.5)
    assert ligne["a_contresens"] == 0.25, "cinq jours de plus, distingués de zéro"
    assert "| IJ | situations semblables | 4 |" in table([ligne])
