"""A day of calls, hour by hour: agents, patience, those who give up and call again, calls that waiting files make."""

from dataclasses import dataclass
from math import erfc, exp, pi, sqrt

import numpy as np

from simulator.jumeau.monde import HEURES, Monde
from simulator.territoire import Entiers, Reels

_X = np.linspace(-8.0, 8.0, 3_201)
_RISQUE = np.array([exp(-x * x / 2) / sqrt(2 * pi) / (erfc(x / sqrt(2)) / 2) for x in _X])


def risque(x: Reels) -> Reels:
    """Hazard rate of the standard normal law."""
    loin = np.maximum(x, _X[-1])
    taux: Reels = np.where(x < _X[-1], np.interp(x, _X, _RISQUE), loin + 1 / loin)
    return taux


def abandon(charge: Reels, agents: Reels, patience: float) -> Reels:
    """Share of calls given up, M/M/n+M in the many-server limit; exact in the limit of overload.

    ``charge``: offered load in Erlangs; ``patience``: mean patience over mean handling time. Garnett, Mandelbaum and
    Reiman, *Designing a call center with impatient customers* (2002), with √R where they have √n: so a heavily
    overloaded queue loses (R - n)/R. Without agents everybody gives up.
    """
    r = np.maximum(charge, 1e-9)
    beta = (agents - r) / np.sqrt(r)
    racine = 1 / np.sqrt(patience)
    beta_n = beta / racine
    attend = 1 / (1 + racine * risque(beta_n) / risque(-beta))
    parmi = racine * (risque(beta_n) - beta_n) / np.sqrt(r)
    perdus: Reels = np.clip(attend * parmi, 0.0, 1.0)
    return np.where(agents > 0, perdus, 1.0)


@dataclass(slots=True)
class JourneeAppels:
    """A day of calls, [caisse, heure]. ``presentes`` = ``decroches`` + ``abandons``; ``perdus``: [caisse], callers who
    give up for good; ``rappels`` and ``induits`` are among ``presentes``. ``agents``: on line.
    """

    presentes: Entiers
    decroches: Entiers
    abandons: Entiers
    rappels: Entiers
    induits: Entiers
    perdus: Entiers
    agents: Reels


class Plateformes:
    """The callers who will call again; everything else is of the day."""

    def __init__(self, monde: Monde) -> None:
        self._monde = monde
        self.a_rappeler: Entiers = np.zeros(len(monde.slugs), dtype=np.int64)
        """Callers who gave up and will call on the next open day, [caisse]."""
        r = monde.parametres.telephone.rigidite
        self._planning = HEURES * ((1 - r) * monde.profil + r / HEURES)
        self._cumul = np.concatenate([[0.0], np.cumsum(monde.profil)])

    def jouer(self, jour: int, etp: Reels, attendus: Reels) -> JourneeAppels:
        """Play a day. ``etp``: on the telephone, attendance included; ``attendus``: calls expected of waiting files."""
        m, p = self._monde, self._monde.parametres.telephone
        ouvert = m.ouvert[:, jour]
        u = m.arrondis(jour, 0, (3, HEURES, len(ouvert)))
        agents = etp[:, None] * p.presence * self._planning * ouvert[:, None]
        induits = self._repartir(np.floor(attendus * ouvert + u[2, 0]).astype(np.int64))
        rappels = self._repartir(np.where(ouvert > 0, self.a_rappeler, 0))
        self.a_rappeler = np.where(ouvert > 0, 0, self.a_rappeler)
        presentes, abandons = np.zeros_like(rappels), np.zeros_like(rappels)
        perdus = np.zeros_like(self.a_rappeler)
        for h in range(HEURES):
            presentes[:, h] = m.appels[:, jour, h] + induits[:, h] + rappels[:, h]
            charge: Reels = presentes[:, h] * np.float64(p.traitement / 3600)
            taux = abandon(charge, agents[:, h], p.patience / p.traitement)
            abandons[:, h] = np.minimum(presentes[:, h], np.floor(presentes[:, h] * taux + u[0, h]))
            reviennent = np.minimum(abandons[:, h], np.floor(abandons[:, h] * p.rappel + u[1, h])).astype(np.int64)
            aussitot = (reviennent * p.rappel_meme_jour).astype(np.int64) if h + 1 < HEURES else 0 * reviennent
            if h + 1 < HEURES:
                rappels[:, h + 1] += aussitot
            self.a_rappeler += reviennent - aussitot
            perdus += abandons[:, h] - reviennent
        return JourneeAppels(presentes, presentes - abandons, abandons, rappels, induits, perdus, agents)

    def _repartir(self, nombre: Entiers) -> Entiers:
        """Counts over the hours of the day, adding up exactly."""
        bornes = np.floor(nombre[:, None] * self._cumul + 0.5).astype(np.int64)
        bornes[:, -1] = nombre
        par_heure: Entiers = np.diff(bornes, axis=1)
        return par_heure
