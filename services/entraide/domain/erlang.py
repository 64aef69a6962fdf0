"""Erlang A: calls that wait and give up (queue M/M/n+M), solved exactly on its birth-and-death chain.

State k is the number of callers in the system; calls come at rate λ, are answered at min(k, n)·μ, give up at
max(k − n, 0)·θ. The number of agents may be a fraction (agents shared with another task): the chain is the same.
Weights are taken as logarithms, so that thousands of agents overflow nothing.
"""

from dataclasses import dataclass
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

_QUEUE_NEGLIGEABLE = 46.0
"""States lighter than the heaviest by this many nats (1e-20) are left out."""

_ETATS_MAX = 50_000_000


@dataclass(frozen=True, slots=True)
class File:
    """Steady state. Probabilities are of an incoming call; ``attente``: mean wait of all calls, in units of time."""

    decroche: float
    abandon: float
    attend: float
    attente: float
    file_moyenne: float
    occupation: float


def erlang_a(arrivees: float, traitement: float, patience: float, agents: float) -> File:
    """``arrivees`` per unit of time; ``traitement`` and ``patience`` in that unit; patience may be infinite.

    Raises ValueError on negative or null rates, and when nobody gives up while agents cannot keep up (no steady
    state). Without calls everything is answered; without agents everybody gives up.
    """
    if arrivees < 0 or traitement <= 0 or patience <= 0 or agents < 0:
        raise ValueError("Arrivées et agents ne peuvent être négatifs ; traitement et patience sont positifs.")
    if arrivees == 0:
        return File(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    mu, theta = 1 / traitement, 1 / patience
    if patience == inf and arrivees >= agents * mu:
        raise ValueError("Sans abandon, la file grandit sans fin : il faut plus d'agents.")
    etats, poids = _equilibre(arrivees, mu, theta, agents)
    en_file = np.maximum(etats - agents, 0.0)
    file_moyenne = float(poids @ en_file)
    occupes = float(poids @ np.minimum(etats, agents))
    decroche = min(1.0, occupes * mu / arrivees)
    attend = float(poids[etats >= agents].sum())
    return File(
        decroche=decroche,
        abandon=min(1.0, file_moyenne * theta / arrivees),
        attend=attend,
        attente=file_moyenne / arrivees,
        file_moyenne=file_moyenne,
        occupation=occupes / agents if agents else 1.0,
    )


def _equilibre(
    arrivees: float, mu: float, theta: float, agents: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(states, probabilities) as far as they weigh anything."""
    taille = ceil(agents) + 64
    while True:
        etats = np.arange(taille + 1, dtype=np.float64)
        departs = np.minimum(etats[1:], agents) * mu + np.maximum(etats[1:] - agents, 0.0) * theta
        log_poids = np.concatenate([[0.0], np.cumsum(np.log(arrivees) - np.log(departs))])
        sommet = float(log_poids.max())
        if log_poids[-1] < sommet - _QUEUE_NEGLIGEABLE and departs[-1] > arrivees:
            poids = np.exp(log_poids - sommet)
            return etats, poids / poids.sum()
        if taille > _ETATS_MAX:
            raise ValueError("File trop longue pour être calculée : patience ou charge hors de toute mesure.")
        taille *= 2
