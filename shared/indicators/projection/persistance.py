"""Due cohorts whose limit is in hours: their day due is not in the days opened and closed, so the rate goes on.

What has fallen due is known; what will is as many items as arrive, held at the rate of the last weeks, which drifts
from one four weeks to the next as much as it has been seen to.
"""

from collections.abc import Sequence

import numpy as np

from shared.indicators.periodes import Periode
from shared.indicators.projection.chemins import GRAINE, grille_normale, lacher, tirer
from shared.indicators.projection.mesures import encadrer
from shared.indicators.projection.projeter import Appris, Projetee
from shared.indicators.projection.triangle import Reels
from shared.indicators.rangs import Entiers
from shared.indicators.statistiques import POUR_CENT, RESEAU, Valeur

SEMAINES, SEMAINES_RECENTES = 16, 6
"""Weeks that tell how a rate drifts, and those that give its present level."""

_PAR_FENETRE = 4
_DERIVE_MIN = 0.05
"""Least drift of the logit of a rate over four weeks."""


def semaines(arrete: int) -> list[Periode]:
    """The weeks to be measured, up to the evening of ``arrete``, the latest first."""
    return [Periode(arrete - 7 * rang - 6, arrete - 7 * rang) for rang in range(SEMAINES)]


def poursuivre(
    appris: Appris,
    lignes: Sequence[Projetee],
    mesurees: Sequence[Valeur],
    periode: Periode,
    graine: int = GRAINE,
) -> list[Projetee]:
    """The same rows, measured by the rate that goes on. ``mesurees``: the rate in each of ``semaines``, and in the
    part of ``periode`` that is over; with their numerators and denominators."""
    par_cle = {(v.caisse, v.periode): (v.numerateur or 0, v.denominateur or 0) for v in mesurees}
    passees = semaines(appris.arrete)
    ecoule = Periode(periode.du, appris.arrete)
    codes = [ligne.caisse for ligne in lignes]
    comptes = np.array([[par_cle.get((c, p), (0, 0)) for p in passees] for c in codes], dtype=np.int64)
    connus = np.array([par_cle.get((c, ecoule), (0, 0)) for c in codes], dtype=np.int64)
    debut = max(0, periode.du - appris.arrete - 1)
    venues: dict[int, Reels] = {}
    for modele in appris.modeles:
        arrivees = tirer(modele, periode.au, graine).arrivees[:, :, debut:].sum(axis=2)
        venues |= dict(zip(modele.caisses.tolist(), arrivees, strict=True))
    venues[RESEAU] = np.sum(list(venues.values()), axis=0)
    taux = taux_persistant(
        comptes[:, :, 0], comptes[:, :, 1], (connus[:, 0], connus[:, 1]), np.stack([venues[c] for c in codes]),
        lacher(periode.au - appris.arrete), appris.modeles[0].dispersion, graine,
    )  # fmt: skip
    return [ligne._replace(mesure=encadrer(taux[i])) if ligne.projetable else ligne for i, ligne in enumerate(lignes)]


def taux_persistant(
    tenus: Entiers,
    dus: Entiers,
    connus: tuple[Entiers, Entiers],
    a_venir: Reels,
    fois: float,
    dispersion: float,
    graine: int,
) -> Reels:
    """Rate in % of each caisse and path. ``tenus``, ``dus``: by caisse and week, the latest first.

    ``connus``: (held, due) so far in the month; ``a_venir``: items that will fall due, by caisse and path, path 0
    being the one without chance; ``fois``: how many times four weeks the drift lasts.
    """
    recents = slice(0, SEMAINES_RECENTES)
    vus, tous = tenus[:, recents].sum(axis=1), dus[:, recents].sum(axis=1)
    reseau = (vus.sum() + 1) / (tous.sum() + 2)
    appui = 30.0 * dispersion
    rythme = (vus + appui * reseau) / (tous + appui)
    ecart = np.sqrt(
        _variance(tenus, dus, dispersion) * fois + dispersion / np.maximum(1.0, tous * rythme * (1 - rythme))
    )
    rng = np.random.default_rng([graine, 1])
    nombre = a_venir.shape[1] - 1
    hasards = np.stack([np.concatenate([[0.0], rng.permutation(grille_normale(nombre))]) for _ in range(2 * len(tous))])
    logits = np.log(rythme / (1 - rythme))[:, None] + ecart[:, None] * hasards[: len(tous)]
    part = 1 / (1 + np.exp(-logits))
    bruit = hasards[len(tous) :] * np.sqrt(dispersion * a_venir * part * (1 - part))
    futurs = np.clip(a_venir * part + bruit, 0.0, a_venir)
    total = connus[1][:, None] + a_venir
    resultat: Reels = np.where(
        total >= 0.5, POUR_CENT * (connus[0][:, None] + futurs) / np.maximum(total, 1e-9), np.nan
    )
    return resultat


def _variance(tenus: Entiers, dus: Entiers, dispersion: float) -> float:
    """Variance of the change of the logit from four weeks to the next, beyond chance."""
    fenetres = tenus.shape[1] // _PAR_FENETRE
    num, den = (
        c[:, : fenetres * _PAR_FENETRE].reshape(len(c), fenetres, _PAR_FENETRE).sum(axis=2) for c in (tenus, dus)
    )
    logits = np.log((num + 0.5) / (den - num + 0.5))
    hasard = dispersion * (1 / (num + 0.5) + 1 / (den - num + 0.5))
    assez = (den[:, 1:] >= _PAR_FENETRE) & (den[:, :-1] >= _PAR_FENETRE)
    ecarts = np.minimum(np.diff(logits, axis=1) ** 2, 4.0)[assez]
    bruits = (hasard[:, 1:] + hasard[:, :-1])[assez]
    if not len(ecarts):
        return _DERIVE_MIN**2
    poids = 1 / (bruits + 0.05)
    return float(max(_DERIVE_MIN**2, (poids * (ecarts - bruits)).sum() / poids.sum()))
