"""From ETP to taux de décroché and back, through Erlang A: calls cannot wait for another week.

A platform's load varies from one half-hour to the next; the rate is the mean over a lognormal spread of load, each
level weighted by its calls. Presence and spread are set on two points known of the network (``caler``).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from services.entraide.domain.activites import jours_ouvres_par_an, parametres
from services.entraide.domain.erlang import erlang_a

_NIVEAUX = 15
"""Levels of load, at the middles of as many equal shares of the time."""

_ITERATIONS = 60


@dataclass(frozen=True, slots=True)
class Modele:
    """``traitement`` and ``patience`` in seconds; ``heures_par_jour`` of opening; ``presence``: share of the opening
    hours of a year that an ETP spends on line; ``dispersion``: sigma of the logarithm of the load.
    """

    traitement: float
    patience: float
    heures_par_jour: float
    presence: float
    dispersion: float

    def charges(self) -> tuple[float, ...]:
        """Levels of load around 1, equally likely, of mean 1."""
        quantiles = [NormalDist().inv_cdf((i + 0.5) / _NIVEAUX) for i in range(_NIVEAUX)]
        niveaux = np.exp(self.dispersion * np.array(quantiles))
        return tuple(float(v) for v in niveaux / niveaux.mean())

    def decroche(self, appels_par_jour: float, etp: float) -> float:
        """Predicted taux de décroché, 0 to 1, of a platform of ``etp`` on an ordinary day."""
        if appels_par_jour <= 0:
            return 1.0
        par_heure = appels_par_jour / self.heures_par_jour
        traitement, patience = self.traitement / 3600, self.patience / 3600
        charges = self.charges()
        taux = [
            charge * erlang_a(par_heure * charge, traitement, patience, etp * self.presence).decroche
            for charge in charges
        ]
        return sum(taux) / sum(charges)

    def etp_pour(self, appels_par_jour: float, taux: float) -> float:
        """Fewest ETP, to the hundredth, whose predicted décroché reaches ``taux``. Raises ValueError at 1 and above."""
        if taux >= 1:
            raise ValueError("Aucun effectif ne garantit un taux de décroché de 100 %.")
        if appels_par_jour <= 0 or taux <= 0:
            return 0.0
        return _etp_pour(self, appels_par_jour, taux)


@lru_cache(maxsize=4_096)
def _etp_pour(modele: Modele, appels_par_jour: float, taux: float) -> float:
    """A tenth of a second each, and the weeks of a horizon ask the same."""
    haut = 1
    while modele.decroche(appels_par_jour, haut) < taux:
        haut *= 2
    bas, hauts = 0, haut * 100
    while bas < hauts:
        milieu = (bas + hauts) // 2
        if modele.decroche(appels_par_jour, milieu / 100) >= taux:
            hauts = milieu
        else:
            bas = milieu + 1
    return hauts / 100


@lru_cache(maxsize=1)
def modele() -> Modele:
    """The model of ``parametres.yaml``."""
    p = parametres()["telephone"]
    return Modele(p["traitement"], p["patience"], p["heures_par_jour"], p["presence"], p["dispersion"])


def caler(depart: Modele, etp: float, points: tuple[tuple[float, float], tuple[float, float]]) -> Modele:
    """The model through two points (calls per ETP and year, décroché), for a platform of ``etp``.

    The first point gives the presence for any spread; the spread is what makes the second come out.
    """
    (charge1, taux1), (charge2, taux2) = points
    jours = jours_ouvres_par_an()

    def avec(dispersion: float) -> Modele:
        bas, haut = 0.01, 1.0
        for _ in range(_ITERATIONS):
            milieu = (bas + haut) / 2
            essai = replace(depart, presence=milieu, dispersion=dispersion)
            bas, haut = (bas, milieu) if essai.decroche(charge1 * etp / jours, etp) >= taux1 else (milieu, haut)
        return replace(depart, presence=haut, dispersion=dispersion)

    bas, haut = 0.0, 1.5
    for _ in range(_ITERATIONS // 2):
        milieu = (bas + haut) / 2
        if avec(milieu).decroche(charge2 * etp / jours, etp) < taux2:
            bas = milieu
        else:
            haut = milieu
    return avec((bas + haut) / 2)
