"""What the past says of the weeks to come: arrivals, risk of being closed by age, capacity, and how much they drift.

A caisse is estimated from its own files and from the network's, weighed by what each knows (credibility): with few
files it is the network's law at its own pace, with many its own. Constants without a source are hypotheses.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shared.indicators.projection.triangle import AGES, BLOC, Passe, Reels
from shared.indicators.rangs import Entiers
from shared.indicators.statistiques import CalendrierDe
from shared.network.calendrier import jour_de_semaine

RECENTS, FORME = 3, 6
"""Blocks that give the present pace (six weeks), and the law by age (twelve weeks)."""

HISTOIRE_MIN = 56
"""Days of history without which nothing is projected."""

CLOTURES_MIN = 100
"""Closings of the network, in the weeks that give the law by age, without which nothing is projected."""

HISTOIRE_CAISSE_MIN = 28
"""Days of history without which one caisse is not."""

_FERIE = 7
"""Class of day, after the seven days of the week: a Monday to Friday that is not worked."""

_APPUI = 40.0
"""Files exposed at an age that weigh as much as the network's law."""

_MARGE_CAPACITE = 1.15
"""Best pace of the past months, with this margin: what a caisse can close in a day."""

_DERIVE_MIN = 0.02
"""Least relative drift over a block pair (28 days), own and common: months are never quite alike."""

_RISQUE_MAX = 0.98


class Derive(NamedTuple):
    """Standard deviation of the log of a level over 28 days: what is of the caisse, and what all share."""

    propre: float
    commune: float


class Modele(NamedTuple):
    """What is played forward, for the caisses that share a calendar; arrays by caisse first.

    ``niveau``: files arriving on a day of profile 1. ``profil``: by class of day. ``risques``: share closed in a
    working day by age. ``capacite``, ``rythme``: most and mean files closed in a working day; ``pointe``: mean of the
    best 28 days. ``evidence``: files the level of arrivals was counted on. ``dispersion``: variance of counts over that
    of Poisson (files come in batches).
    ``projetable``: whether the caisse has history enough.
    """

    caisses: Entiers
    calendrier: CalendrierDe
    arrete: int
    cohortes: Entiers
    stock: Reels
    profil: Reels
    niveau: Reels
    evidence: Reels
    risques: Reels
    capacite: Reels
    rythme: Reels
    pointe: Reels
    dispersion: float
    derive_arrivees: Derive
    derive_clotures: Derive
    projetable: np.ndarray


def histoire_suffisante(tous: Sequence[Passe]) -> bool:
    """Whether the network has history enough for anything to be projected."""
    if not tous:
        return False
    recul = max(int(p.arrete - p.premier.min()) + 1 for p in tous)
    return recul >= HISTOIRE_MIN and sum(int(p.fermes[:, :FORME].sum()) for p in tous) >= CLOTURES_MIN


def modeles(tous: Sequence[Passe]) -> list[Modele]:
    """One model per calendar, estimated together. ``tous``: with history enough (``histoire_suffisante``)."""
    classes = [classes_de_jour(p.calendrier, p.depuis, p.arrete) for p in tous]
    profil = _profil(tous, classes)
    attendus = [profil[c] for c in classes]
    dispersion = _dispersion(tous, attendus)
    risque = _risque_du_reseau(tous)
    par_caisse = [_risques(p, risque, dispersion) for p in tous]
    derive_a = _derive(
        [_par_fenetre(p.arrivees, _fenetres_connues(p)) for p in tous],
        [
            _par_fenetre(np.tile(a, (len(p.caisses), 1)), _fenetres_connues(p))
            for p, a in zip(tous, attendus, strict=True)
        ],
        dispersion,
    )
    derive_c = _derive(
        [_par_paire(p.fermes.sum(axis=2).astype(np.float64), _fenetres_connues(p)) for p in tous],
        [
            _par_paire(np.einsum("cba,ca->cb", p.exposes, r), _fenetres_connues(p))
            for p, r in zip(tous, par_caisse, strict=True)
        ],
        dispersion,
    )
    return [
        _modele(p, a, profil, r, dispersion, derive_a, derive_c)
        for p, a, r in zip(tous, attendus, par_caisse, strict=True)
    ]


def classes_de_jour(calendrier: CalendrierDe, du: int, au: int) -> Entiers:
    """Class of each day of [du, au]: its day of the week, or a week day that is not worked."""
    jours = np.arange(du, au + 2)
    cumul = calendrier.ouvres_cumul(jours)
    semaine = jour_de_semaine(jours[:-1])
    resultat: Entiers = np.where((semaine < 5) & (cumul[1:] == cumul[:-1]), _FERIE, semaine)
    return resultat


def _modele(
    p: Passe, attendus: Reels, profil: Reels, risques: Reels, dispersion: float, derive_a: Derive, derive_c: Derive
) -> Modele:
    recents = slice(-RECENTS * BLOC, None)
    depuis = np.maximum(p.premier, p.arrete - RECENTS * BLOC + 1)
    vecu = np.arange(p.arrete - RECENTS * BLOC + 1, p.arrete + 1)[None, :] >= depuis[:, None]
    poids = (attendus[recents][None, :] * vecu).sum(axis=1)
    venus = p.arrivees[:, recents].sum(axis=1).astype(np.float64)
    cumul = p.calendrier.ouvres_cumul(np.arange(p.depuis, p.arrete + 2))
    ouvres = np.diff(cumul).astype(np.float64)
    rythme = p.clos[:, recents].sum(axis=1) / max(1.0, ouvres[recents].sum())
    fenetres = _par_fenetre(p.clos, np.ones((len(p.caisses), p.exposes.shape[1] // 2), dtype=np.bool_))
    travail = np.maximum(1.0, _par_fenetre(ouvres[None, :], np.ones((1, fenetres.shape[1]), dtype=np.bool_)))
    pointe = (fenetres / travail).max(axis=1)
    capacite = _MARGE_CAPACITE * pointe + 2 * np.sqrt(dispersion * pointe)
    return Modele(
        p.caisses, p.calendrier, p.arrete, p.cohortes, p.stock.astype(np.float64), profil,
        venus / np.maximum(poids, 1e-9), venus, risques, capacite, rythme, pointe, dispersion, derive_a, derive_c,
        (p.arrete - p.premier + 1 >= HISTOIRE_CAISSE_MIN) & ((venus > 0) | (p.stock.sum(axis=1) > 0)),
    )  # fmt: skip


def _profil(tous: Sequence[Passe], classes: Sequence[Entiers]) -> Reels:
    """Arrivals of the network by class of day, relative to its mean day."""
    venus, jours = np.zeros(_FERIE + 1), np.zeros(_FERIE + 1)
    for p, c in zip(tous, classes, strict=True):
        vecu = np.arange(p.depuis, p.arrete + 1) >= p.premier.min()
        np.add.at(venus, c[vecu], p.arrivees.sum(axis=0)[vecu])
        np.add.at(jours, c[vecu], float(p.arrivees.sum()) / max(1, vecu.sum()))
    return venus / np.maximum(jours, 1e-9)


def _dispersion(tous: Sequence[Passe], attendus: Sequence[Reels]) -> float:
    """Variance of the arrivals of a day over their mean, where the level is the caisse's own of the last weeks."""
    recents = slice(-RECENTS * BLOC, None)
    ecarts = []
    for p, a in zip(tous, attendus, strict=True):
        vus, poids = p.arrivees[:, recents], a[recents]
        e = vus.sum(axis=1, keepdims=True) * poids / max(1e-9, poids.sum())
        assez = e >= 1
        ecarts.append(((vus - e) ** 2)[assez] / e[assez])
    tous_ecarts = np.concatenate(ecarts)
    return float(np.clip(tous_ecarts.mean(), 1.0, 50.0)) if len(tous_ecarts) else 1.0


def _risque_du_reseau(tous: Sequence[Passe]) -> Reels:
    """Share of the files of each age closed in a working day, over the network; smoothed where few are exposed."""
    exposes = sum((p.exposes[:, :FORME].sum(axis=(0, 1)) for p in tous), np.zeros(AGES))
    fermes = sum((p.fermes[:, :FORME].sum(axis=(0, 1)) for p in tous), np.zeros(AGES))
    proches = np.ones(11)
    voisins_e, voisins_f = np.convolve(exposes, proches, "same"), np.convolve(fermes, proches, "same")
    local = voisins_f / np.maximum(voisins_e, 1.0)
    connus = np.flatnonzero(voisins_e >= 1)
    local = np.interp(np.arange(AGES), connus, local[connus]) if len(connus) else local
    risque: Reels = np.clip((fermes + _APPUI * local) / (exposes + _APPUI), 0.0, _RISQUE_MAX)
    return risque


def _risques(p: Passe, reseau: Reels, dispersion: float) -> Reels:
    """The risks of each caisse: its own, leaning on the network's law at the pace the caisse has."""
    exposes, fermes = p.exposes[:, :FORME].sum(axis=1), p.fermes[:, :FORME].sum(axis=1)
    allure = _allure(fermes.sum(axis=1), exposes @ reseau, dispersion)
    appui = _APPUI * dispersion
    formes = (fermes + appui * allure[:, None] * reseau) / (exposes + appui)
    vus, attendus = (c[:, :RECENTS].sum(axis=1) for c in (p.fermes, p.exposes))
    pas = _allure(vus.sum(axis=1), (attendus * formes).sum(axis=1), dispersion)
    risques: Reels = np.clip(formes * pas[:, None], 0.0, _RISQUE_MAX)
    return risques


def _allure(observes: Entiers, attendus: Reels, dispersion: float) -> Reels:
    """Closings observed over those expected, drawn towards 1 by as much as chance alone would move it."""
    ecarts = (observes - attendus) ** 2 - dispersion * attendus
    variance = float(np.clip(ecarts.sum() / max(1.0, (attendus**2).sum()), 0.01, 1.0))
    appui = dispersion / variance
    rapport: Reels = (observes + appui) / (attendus + appui)
    return rapport


def _fenetres_connues(p: Passe) -> np.ndarray:
    """Whether each pair of blocks (28 days, the latest first) was wholly lived by each caisse."""
    paires = p.exposes.shape[1] // 2
    debuts = p.arrete - 2 * BLOC * (np.arange(paires) + 1) + 1
    return np.asarray(debuts[None, :] >= p.premier[:, None])


def _par_fenetre(jours: np.ndarray, connues: np.ndarray) -> Reels:
    """Sums over the last days, 28 by 28, the latest first; NaN where not known."""
    paires = connues.shape[1]
    derniers = jours[:, jours.shape[1] - paires * 2 * BLOC :][:, ::-1]
    sommes = derniers.reshape(len(jours), paires, 2 * BLOC).sum(axis=2)
    return np.where(connues, sommes, np.nan)


def _par_paire(blocs: Reels, connues: np.ndarray) -> Reels:
    paires = connues.shape[1]
    sommes = blocs[:, : 2 * paires].reshape(len(blocs), paires, 2).sum(axis=2)
    return np.where(connues, sommes, np.nan)


def _derive(observes: Sequence[Reels], attendus: Sequence[Reels], dispersion: float) -> Derive:
    """How much a level moves from 28 days to the next, beyond chance; of the caisses, and of the network."""
    vus, prevus = np.concatenate(list(observes)), np.concatenate(list(attendus))
    total = _variance(vus, prevus, dispersion)
    commune = _variance(np.nansum(vus, axis=0)[None, :], np.nansum(prevus, axis=0)[None, :], dispersion)
    propre = max(0.0, total - commune)
    return Derive(max(_DERIVE_MIN, propre**0.5), max(_DERIVE_MIN, max(0.0, commune) ** 0.5))


def _variance(vus: Reels, prevus: Reels, dispersion: float) -> float:
    ici = (prevus > 0) & np.isfinite(vus)
    niveaux = np.log((np.where(ici, vus, 0) + 0.5) / (np.where(ici, prevus, 1) + 1e-9))
    hasard = dispersion / (np.where(ici, vus, 0) + 0.5)
    ensemble = ici[:, 1:] & ici[:, :-1]
    ecarts = np.minimum((niveaux[:, 1:] - niveaux[:, :-1]) ** 2, 1.0)[ensemble]
    bruits = (hasard[:, 1:] + hasard[:, :-1])[ensemble]
    poids = 1 / (bruits + 0.01)
    return float((poids * (ecarts - bruits)).sum() / poids.sum()) if len(ecarts) else 0.0
