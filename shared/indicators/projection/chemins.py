"""Playing a process forward: many paths of arrivals and closings, day by day, from the stock of the last evening.

Path 0 has no chance in it: its totals add up and are the values published. The others give the interval. What chance
does on a path never depends on the capacity added, so that more of it never leaves more files on any path.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from shared.indicators.periodes import Periode
from shared.indicators.projection.modele import RECENTS, Derive, Modele, classes_de_jour
from shared.indicators.projection.triangle import BLOC, Reels, ages_ouvres, sommer_tranches
from shared.indicators.rangs import Entiers

CHEMINS = 60
"""Paths with chance in them."""

GRAINE = 20_260_101

_FINES, _LARGEUR = 200, 14
DUREES = np.concatenate([np.arange(_FINES), _FINES + _LARGEUR * np.arange(100) + _LARGEUR // 2])
"""Duration that each rank stands for: days one by one, then by fortnight."""

_JOURS_OUVRES_PAR_SEMAINE = 5
_JOURS_PAR_FENETRE = 2 * BLOC


class Regard(NamedTuple):
    """What is looked at on the way: closings in ``periode``, by duration on ``horloge`` (jours_calendaires or
    jours_ouvres); and, with ``limite``, the items that fall due in the period."""

    periode: Periode
    horloge: str = "jours_calendaires"
    limite: int | None = None


class Chemins(NamedTuple):
    """Arrays by caisse, then by path. ``stock``: evening of each day. ``arrivees``, ``clotures``: over the horizon.

    ``durees``: closings of the period looked at, by rank of ``DUREES``. ``tenues``: closings, on this side of the
    deadline, of what falls due in it; ``echus``: arrivals to come that fall due in it. ``ouverts``: files open on the
    last evening, by ``cohortes``.
    """

    caisses: Entiers
    stock: Reels
    arrivees: Reels
    clotures: Reels
    durees: Reels
    tenues: Reels
    echus: Reels
    ouverts: Reels
    cohortes: Entiers


class Aleas(NamedTuple):
    """Arrivals by caisse, path and day, and what multiplies the risk of being closed likewise."""

    arrivees: Reels
    allures: Reels


def apport_hebdomadaire(modele: Modele, au: int, par_semaine: float, depuis: int) -> Reels:
    """Capacity added on each day up to ``au``, by caisse: a fifth of a week's on each day worked from ``depuis`` on."""
    jours = np.arange(modele.arrete + 1, au + 1)
    ouvres = np.diff(modele.calendrier.ouvres_cumul(np.arange(modele.arrete + 1, au + 2)))
    par_jour = par_semaine / _JOURS_OUVRES_PAR_SEMAINE * ouvres * (jours >= depuis)
    return np.tile(par_jour, (len(modele.caisses), 1))


def tirer(modele: Modele, au: int, graine: int = GRAINE, nombre: int = CHEMINS) -> Aleas:
    """The same for one caisse alone as among others: each has its own stream, beside the one all share."""
    jours = au - modele.arrete
    profil = modele.profil[classes_de_jour(modele.calendrier, modele.arrete + 1, au)]
    commun = np.random.default_rng([graine, 0])
    communs = [_grille(commun, nombre) for _ in range(2)]
    forme = (len(modele.caisses), nombre + 1, jours)
    arrivees, allures = np.empty(forme), np.ones(forme)
    fois = lacher(jours)
    for rang, code in enumerate(modele.caisses.tolist()):
        rng = np.random.default_rng([graine, code])
        niveaux = [
            _niveau(rng, derive, partage, fois, modele.dispersion / (compte + 1.0))
            for derive, partage, compte in (
                (modele.derive_arrivees, communs[0], modele.evidence[rang]),
                (modele.derive_clotures, communs[1], modele.rythme[rang] * BLOC * 2),
            )
        ]
        attendues = modele.niveau[rang] * profil
        arrivees[rang, 0] = attendues
        moyennes = niveaux[0][:, None] * attendues / modele.dispersion
        arrivees[rang, 1:] = modele.dispersion * rng.poisson(moyennes)
        part = max(0.05, float(modele.rythme[rang]) / modele.dispersion)
        allures[rang, 1:] = niveaux[1][:, None] * rng.gamma(part, 1 / part, (nombre, jours))
    return Aleas(arrivees, allures)


def lacher(jours: int) -> float:
    """How many times 28 days a level drifts, from when it was measured to the middle of a horizon of ``jours``."""
    return (RECENTS * BLOC / 2 + jours / 2) / _JOURS_PAR_FENETRE


def jouer(modele: Modele, au: int, regard: Regard, aleas: Aleas, apport: Reels | None = None) -> Chemins:
    """What becomes of the stock up to the evening of ``au``. ``apport``: files worked on top, by caisse and day.

    What is added works the oldest files first; what is taken away (below 0) slows every closing alike.
    """
    cohortes = np.concatenate([modele.cohortes, np.arange(modele.arrete + 1, au + 1)])
    anciennes, nombre = len(modele.cohortes), aleas.arrivees.shape[1]
    ouverts = np.zeros((len(modele.caisses), nombre, len(cohortes)))
    ouverts[:, :, :anciennes] = modele.stock[:, None, :]
    soirs = np.zeros_like(aleas.arrivees)
    clotures, tenues = np.zeros(ouverts.shape[:2]), np.zeros(ouverts.shape[:2])
    durees = np.zeros((*ouverts.shape[:2], len(DUREES)))
    dus = _echeances(modele, cohortes, regard)
    attendus = (dus >= regard.periode.du) & (dus <= regard.periode.au)
    cumul = modele.calendrier.ouvres_cumul(np.arange(modele.arrete + 1, au + 2)).tolist()
    cumuls = modele.calendrier.ouvres_cumul(cohortes).astype(np.int64)
    for rang, jour in enumerate(range(modele.arrete + 1, au + 1)):
        vus = anciennes + rang + 1
        ouverts[:, :, vus - 1] = aleas.arrivees[:, :, rang]
        if cumul[rang + 1] > cumul[rang]:
            ages = ages_ouvres(cumuls[:vus], cumul[rang])
            clos = _clore(
                ouverts[:, :, :vus],
                modele.risques[:, ages],
                aleas.allures[:, :, rang],
                modele.capacite,
                None if apport is None else apport[:, rang],
            )
            ouverts[:, :, :vus] -= clos
            clotures += clos.sum(axis=2)
            if jour >= regard.periode.du:
                passees = ages if regard.horloge == "jours_ouvres" else jour - cohortes[:vus]
                sommes, cles = sommer_tranches(clos, rang_de_duree(passees))
                durees[:, :, cles] += sommes
            a_temps = attendus[:vus] & (jour <= dus[:vus])
            if a_temps.any():
                tenues += clos[:, :, a_temps].sum(axis=2)
        soirs[:, :, rang] = ouverts[:, :, :vus].sum(axis=2)
    echus = aleas.arrivees[:, :, attendus[anciennes:]].sum(axis=2)
    return Chemins(
        modele.caisses, soirs, aleas.arrivees.sum(axis=2), clotures, durees, tenues, echus, ouverts, cohortes
    )


def rang_de_duree(durees: Entiers) -> Entiers:
    """Rank in ``DUREES`` of durations in days."""
    longues = _FINES + (durees - _FINES) // _LARGEUR
    resultat: Entiers = np.clip(np.where(durees < _FINES, durees, longues), 0, len(DUREES) - 1)
    return resultat


def grille_normale(nombre: int) -> Reels:
    """``nombre`` values of a standard normal, one per slice of equal probability, ascending."""
    loi = NormalDist()
    return np.array([loi.inv_cdf((rang + 0.5) / nombre) for rang in range(nombre)])


def _grille(rng: np.random.Generator, nombre: int) -> Reels:
    return rng.permutation(grille_normale(nombre))


def _niveau(rng: np.random.Generator, derive: Derive, partage: Reels, fois: float, estimation: float) -> Reels:
    """What multiplies a level on each path: drift since it was measured, and how well it was."""
    propre = (derive.propre**2 * fois + estimation) ** 0.5
    niveaux: Reels = np.exp(propre * _grille(rng, len(partage)) + derive.commune * fois**0.5 * partage)
    return niveaux


def _clore(ouverts: Reels, risques: Reels, allures: Reels, capacite: Reels, apport: Reels | None) -> Reels:
    """Files closed in one day worked, by caisse, path and opening."""
    clos = ouverts * np.minimum(1.0, risques[:, None, :] * allures[:, :, None])
    possible = capacite[:, None]
    if apport is not None:
        moins = np.minimum(0.0, apport)[:, None]
        possible = np.maximum(0.0, np.minimum(possible, clos.sum(axis=2)) + moins)
    total = clos.sum(axis=2)
    clos *= np.minimum(1.0, possible / np.maximum(total, 1e-300))[:, :, None]
    if apport is None or not (apport > 0).any():
        return clos
    restes = ouverts - clos
    avant = np.cumsum(restes, axis=2) - restes
    en_plus: Reels = np.clip(np.maximum(0.0, apport)[:, None, None] - avant, 0.0, restes)
    return clos + en_plus


def _echeances(modele: Modele, cohortes: Entiers, regard: Regard) -> Entiers:
    """Day on which what was opened each day falls due; before every day without a limit."""
    if regard.limite is None:
        return np.full(len(cohortes), -(2**31), dtype=np.int64)
    if regard.horloge == "jours_calendaires":
        return cohortes + regard.limite
    return np.array([modele.calendrier.ajouter_ouvres(j, regard.limite) for j in cohortes.tolist()], dtype=np.int64)
