from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.entraide.domain.erlang import erlang_a
from simulator.jumeau.appels import abandon
from simulator.jumeau.jumeau import Journee, Jumeau, Pret, PretImpossible
from simulator.jumeau.mesures import Historique
from simulator.jumeau.monde import Monde, creer
from simulator.jumeau.parametres import DOSSIERS, PROCESS
from simulator.jumeau.scenario import Incident, Scenario

DEBUT = date(2017, 1, 2)
JOURS, AMORCE = 25, 20


def monde(graine: int, scenario: Scenario | None = None) -> Monde:
    if scenario is None:
        return creer(graine, DEBUT, JOURS, amorce=AMORCE)
    return creer(graine, DEBUT, JOURS, scenario, ordinaire=False, amorce=AMORCE)


def jouer(m: Monde, prets: tuple[Pret, ...] = ()) -> tuple[Jumeau, list[Journee]]:
    jumeau = Jumeau(m)
    jumeau.preter(prets)
    return jumeau, [jumeau.avancer() for _ in range(m.jours)]


def pret(m: Monde, process: str, aidante: int, aidee: int, part: float) -> Pret:
    return Pret(process, aidante, aidee, part * float(m.etp[PROCESS.index(process), aidante]), 5, 35)


lents = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
prets = st.builds(
    lambda process, aidante, ecart, part: (process, aidante, (aidante + ecart) % 107, part),
    st.sampled_from(PROCESS),
    st.integers(0, 106),
    st.integers(1, 106),
    st.floats(0.01, 1.0),
)


@lents
@given(graine=st.integers(0, 10_000), mission=prets, intensite=st.floats(0.05, 1.0))
def test_every_file_and_every_call_is_somewhere_whatever_happens(
    graine: int, mission: tuple[str, int, int, float], intensite: float
) -> None:
    crise = Scenario(1, "crise", "", (Incident("crise", "toutes", ("cpam-33", "cpam-75"), "J+0", "J+20", intensite),))
    m = monde(graine, crise)
    jumeau, jours = jouer(m, (pret(m, *mission),))
    for process in DOSSIERS:
        file = jumeau.files[process]
        entres = sum(j.dossiers[process].entres for j in jours)
        traites = sum(j.dossiers[process].traites for j in jours)
        depart = Jumeau(m).files[process].neufs.sum(axis=1)
        dernier = jours[-1].dossiers[process]
        assert (depart + entres == traites + dernier.stock + dernier.suspendus).all()
        assert (file.clos.sum(axis=1) == traites).all()
        for pile in (file.neufs, file.completes, file.suspendus, file.a_reprendre, file.delais):
            assert (pile >= 0).all()
    somme = {
        nom: sum(getattr(j.appels, nom).sum(axis=1) for j in jours) for nom in ("presentes", "decroches", "abandons")
    }
    rappels = sum(j.appels.rappels.sum(axis=1) for j in jours)
    induits = sum(j.appels.induits.sum(axis=1) for j in jours)
    perdus = sum(j.appels.perdus for j in jours)
    assert (somme["presentes"] == somme["decroches"] + somme["abandons"]).all()
    assert (somme["presentes"] == m.appels.sum(axis=(1, 2)) + rappels + induits).all()
    assert (somme["abandons"] == rappels + jumeau.plateformes.a_rappeler + perdus).all()


@lents
@given(graine=st.integers(0, 10_000), mission=prets)
def test_a_mission_never_creates_etp(graine: int, mission: tuple[str, int, int, float]) -> None:
    m = monde(graine)
    p = pret(m, *mission)
    _, jours = jouer(m, (p,))
    rang = PROCESS.index(p.process)
    for j in jours:
        assert (j.utiles <= j.recus + 1e-12).all()
        presence = m.presence[rang, p.aidante, j.jour] * m.ouvert[p.aidante, j.jour]
        assert j.recus.sum() == pytest.approx(j.pretes[rang, p.aidante] * presence)
        assert (j.pretes <= m.etp * m.facteurs.effectif[:, :, j.jour] + 1e-9).all()
        assert j.pretes.sum() <= p.etp + 1e-9
    with pytest.raises(PretImpossible, match="n'en a que"):
        Jumeau(m).preter((p, Pret(p.process, p.aidante, p.aidee, 1.001 * m.etp[rang, p.aidante] - p.etp, 5, 35)))


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    _, un = jouer(monde(7))
    _, deux = jouer(monde(7))
    _, autre = jouer(monde(8))
    for a, b in zip(un, deux, strict=True):
        assert (a.appels.presentes == b.appels.presentes).all()
        assert all((a.dossiers[p].traites == b.dossiers[p].traites).all() for p in DOSSIERS)
    assert any((a.appels.presentes != b.appels.presentes).any() for a, b in zip(un, autre, strict=True))


def test_a_decision_changes_nothing_that_it_does_not_touch() -> None:
    m = monde(3)
    _, sans = jouer(m)
    _, avec = jouer(m, (pret(m, "ij", 10, 20, 0.5),))
    ailleurs = [c for c in range(107) if c not in (10, 20)]
    for a, b in zip(sans, avec, strict=True):
        assert (a.dossiers["ij"].entres == b.dossiers["ij"].entres).all()
        assert all((a.dossiers[p].traites[ailleurs] == b.dossiers[p].traites[ailleurs]).all() for p in DOSSIERS)
        assert (a.appels.presentes[ailleurs] == b.appels.presentes[ailleurs]).all()


def test_help_shortens_the_stock_of_who_is_helped_and_lengthens_that_of_who_helps() -> None:
    crise = Scenario(1, "crise", "", (Incident("crise", ("ij",), ("cpam-33",), "J+0", "J+24", 0.6),))
    m = monde(1, crise)
    aidee, aidante = m.slugs.index("cpam-33"), m.slugs.index("cpam-13")
    _, sans = jouer(m)
    _, avec = jouer(m, (Pret("ij", aidante, aidee, 20.0, 5, 44),))
    assert avec[-1].dossiers["ij"].stock[aidee] < sans[-1].dossiers["ij"].stock[aidee]
    assert avec[-1].dossiers["ij"].stock[aidante] > sans[-1].dossiers["ij"].stock[aidante]
    assert avec[-1].dossiers["ij"].aides[aidee] > 0 == sans[-1].dossiers["ij"].aides[aidee]


def test_files_in_waiting_make_calls() -> None:
    crise = Scenario(1, "crise", "", (Incident("crise", ("ij", "cmuc_acs"), ("cpam-33",), "J+0", "J+24", 1.0),))
    m, calme = monde(1, crise), monde(1, Scenario(1, "rien", "", ()))
    caisse = m.slugs.index("cpam-33")
    avec, sans = (sum(j.appels.induits[caisse].sum() for j in jouer(x)[1]) for x in (m, calme))
    assert avec > sans


@pytest.mark.parametrize("agents", [5, 12, 40, 150])
@pytest.mark.parametrize("charge", [0.7, 0.9, 1.0, 1.15, 1.6])
def test_abandonment_is_that_of_the_exact_queue_within_two_points(agents: int, charge: float) -> None:
    exact = erlang_a(charge * agents, 1.0, 120 / 327, agents).abandon
    approche = abandon(np.array([charge * agents]), np.array([float(agents)]), 120 / 327)[0]
    assert approche == pytest.approx(exact, abs=0.02)


def test_nobody_on_line_loses_every_call() -> None:
    assert abandon(np.array([3.0]), np.array([0.0]), 0.4)[0] == 1.0


def test_a_window_not_yet_played_has_no_value() -> None:
    jumeau = Jumeau(monde(1))
    historique = Historique(jumeau)
    historique.noter(jumeau.avancer())
    with pytest.raises(ValueError, match="hors des jours joués"):
        historique.valeur("ij", 0, 2)
