"""Who contacts again: days on which nobody came are remembered as such."""

import numpy as np

from simulator.population import Memoire


def test_days_without_a_contact_give_nobody_to_come_back() -> None:
    memoire, vide = Memoire(7), np.zeros(0, dtype=np.int64)
    memoire.noter([(vide, vide, vide)])
    assures, motifs, connus = memoire.tirer(np.array([0, 3]), np.array([0.2, 0.9]))
    assert (assures.tolist(), motifs.tolist(), connus.tolist()) == ([0, 0], [0, 0], [0, 0])
    memoire.noter([(np.array([3]), np.array([41]), np.array([2]))])
    assures, motifs, connus = memoire.tirer(np.array([0, 3]), np.array([0.2, 0.9]))
    assert (assures[1], motifs[1], connus.tolist()) == (41, 2, [0, 1])
