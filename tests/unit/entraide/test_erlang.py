from math import exp, factorial, inf, lgamma, log

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import gammainc

from services.entraide.domain.erlang import erlang_a


def test_fifty_agents_of_the_published_example() -> None:
    """Gans, Koole and Mandelbaum (2003): 48 calls a minute of one minute, patience two minutes, 50 agents."""
    file = erlang_a(48, 1, 2, 50)
    assert file.abandon == pytest.approx(0.031, abs=5e-4)
    assert 60 * file.attente == pytest.approx(3.7, abs=0.05)
    assert file.occupation == pytest.approx(0.93, abs=5e-3)
    assert file.file_moyenne == pytest.approx(3, abs=0.05)


def test_without_impatience_it_is_the_published_erlang_c() -> None:
    """Same source: nobody hangs up, 20.8 s of wait, 17 calls waiting, agents busy 96 % of the time."""
    file = erlang_a(48, 1, inf, 50)
    assert (file.abandon, file.decroche) == (0, pytest.approx(1))
    assert 60 * file.attente == pytest.approx(20.8, abs=0.1)
    assert file.file_moyenne == pytest.approx(17, abs=0.5)
    assert file.occupation == pytest.approx(0.96)


@pytest.mark.parametrize(("arrivees", "agents"), [(0.5, 1), (3.0, 4), (20.0, 24), (180.0, 200)])
def test_waiting_without_impatience_is_erlang_c_in_closed_form(arrivees: float, agents: int) -> None:
    b = _erlang_b(arrivees, agents)
    attendu = agents * b / (agents - arrivees * (1 - b))
    assert erlang_a(arrivees, 1, inf, agents).attend == pytest.approx(attendu, rel=1e-9)


def _erlang_b(charge: float, agents: int) -> float:
    perdu = 1.0
    for n in range(1, agents + 1):
        perdu = charge * perdu / (n + charge * perdu)
    return perdu


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 20), st.floats(0.1, 3), st.floats(0.1, 5), st.integers(0, 30))
def test_it_solves_the_balance_equations(arrivees: float, traitement: float, patience: float, agents: int) -> None:
    """The stationary law as the null vector of the generator, by a general solver of linear systems."""
    mu, theta, n = 1 / traitement, 1 / patience, agents + 250
    k = np.arange(n)
    departs = np.minimum(k, agents) * mu + np.maximum(k - agents, 0) * theta
    generateur = np.diag(np.full(n - 1, arrivees), 1) + np.diag(departs[1:], -1)
    generateur -= np.diag(generateur.sum(axis=1))
    systeme = generateur.T.copy()
    systeme[-1] = 1.0
    equilibre = np.linalg.solve(systeme, np.append(np.zeros(n - 1), 1.0))
    file = erlang_a(arrivees, traitement, patience, agents)
    assert file.attend == pytest.approx(equilibre[k >= agents].sum(), abs=1e-8)
    assert file.abandon == pytest.approx(theta * (equilibre @ np.maximum(k - agents, 0)) / arrivees, abs=1e-8)


@given(st.floats(0.1, 300), st.floats(0.1, 10), st.floats(0.1, 10), st.integers(1, 300))
def test_waiting_agrees_with_the_incomplete_gamma_formula(
    arrivees: float, traitement: float, patience: float, agents: int
) -> None:
    """Palm's formula: P(wait) from Erlang B and A(x, y) = x e^y / y^x · γ(x, y)."""
    mu, theta = 1 / traitement, 1 / patience
    x, y = agents * mu / theta, arrivees / theta
    assume(gammainc(x, y) > 1e-250)
    log_a = log(x) + y - x * log(y) + log(gammainc(x, y)) + lgamma(x)
    assume(log_a < 600)
    b = _erlang_b(arrivees / mu, agents)
    attendu = exp(log_a) * b / (1 + (exp(log_a) - 1) * b)
    assert erlang_a(arrivees, traitement, patience, agents).attend == pytest.approx(attendu, rel=1e-6, abs=1e-9)


def test_patience_equal_to_handling_is_a_poisson_number_of_callers() -> None:
    poids = [exp(-7) * 7**k / factorial(k) for k in range(80)]
    assert erlang_a(7, 1, 1, 5).attend == pytest.approx(sum(poids[5:]))


@given(st.floats(0.1, 500), st.floats(0.1, 5), st.floats(0.1, 5), st.floats(0, 400))
def test_calls_are_answered_or_abandoned_and_waits_follow_little(
    arrivees: float, traitement: float, patience: float, agents: float
) -> None:
    file = erlang_a(arrivees, traitement, patience, agents)
    assert file.decroche + file.abandon == pytest.approx(1, abs=1e-9)
    assert file.abandon == pytest.approx(file.attente / patience, abs=1e-9)
    assert 0 <= file.occupation <= 1 + 1e-9


@given(st.floats(1, 200), st.floats(0, 150), st.floats(0.01, 20))
def test_more_agents_answer_more(arrivees: float, agents: float, plus: float) -> None:
    avant, apres = erlang_a(arrivees, 0.5, 0.3, agents), erlang_a(arrivees, 0.5, 0.3, agents + plus)
    assert apres.decroche >= avant.decroche - 1e-12


def test_a_hundred_thousand_agents_do_not_overflow() -> None:
    file = erlang_a(100_000, 1, 2, 100_000)
    assert 0 < file.abandon < 0.01 and file.decroche + file.abandon == pytest.approx(1)


def test_edges_are_answered_or_refused() -> None:
    assert erlang_a(0, 1, 1, 3).decroche == 1
    assert erlang_a(5, 1, 1, 0).abandon == pytest.approx(1)
    with pytest.raises(ValueError, match="sans fin"):
        erlang_a(5, 1, inf, 5)
    with pytest.raises(ValueError, match="positifs"):
        erlang_a(5, 0, 1, 5)
