"""The indicators of the catalogue read on projected paths: what is known of the month, and what is still to come."""

from typing import NamedTuple

import numpy as np

from shared.indicators.projection.chemins import DUREES, Chemins, grille_normale, rang_de_duree
from shared.indicators.projection.triangle import Reels
from shared.indicators.rangs import Entiers, Quantile
from shared.indicators.statistiques import POUR_CENT, CalendrierDe, jours_ecoules

BAS, HAUT = 0.1, 0.9
"""Bounds of the interval: 80 % of the paths are within."""


class Encadree(NamedTuple):
    """A projected value and its interval at 80 %; None where there would be nothing to measure."""

    valeur: float | None
    bas: float | None
    haut: float | None


def encadrer(par_chemin: Reels) -> Encadree:
    """From the values of each path; path 0 is the one without chance, and is always within the bounds."""
    centrale, autres = float(par_chemin[0]), par_chemin[1:][np.isfinite(par_chemin[1:])]
    if not np.isfinite(centrale):
        return Encadree(None, None, None)
    if not len(autres):
        return Encadree(centrale, centrale, centrale)
    bas, haut = (float(borne) for borne in np.quantile(autres, (BAS, HAUT), method="hazen"))
    return Encadree(centrale, min(bas, centrale), max(haut, centrale))


def delai_moyen(connus: tuple[float, float], a_venir: Reels, decalage: float, dispersion: float, graine: int) -> Reels:
    """Mean delay of the month on each path, in days. ``connus``: files closed so far, Σ of their days.

    ``a_venir``: closings to come by path and rank of duration; ``decalage``: days to add for what the hours of the
    day make, which whole days leave out.
    """
    n = a_venir.sum(axis=1)
    durees = DUREES + decalage
    moyennes = a_venir @ durees / np.maximum(n, 1e-9)
    carres = a_venir @ (durees * durees) / np.maximum(n, 1e-9)
    ecart = np.sqrt(np.maximum(0.0, carres - moyennes**2) * dispersion / np.maximum(n, 1.0))
    sommes = connus[1] + n * np.maximum(0.0, moyennes + _hasard(len(n), graine) * ecart)
    return _rapport(sommes, connus[0] + n)


def quantile(connus: Reels, a_venir: Reels, q: Quantile, dispersion: float, graine: int) -> Reels:
    """Nearest-rank quantile on each path. ``connus``: known weights by rank of ``DUREES``; ``a_venir``: by path too.

    Chance moves the rank of what is to come by as much as it would in a sample of that size.
    """
    n = a_venir.sum(axis=1)
    total = n + connus.sum()
    part = q[0] / q[1]
    rangs = part * total + _hasard(len(n), graine) * np.sqrt(dispersion * n * part * (1 - part))
    cumul = np.cumsum(connus[None, :] + a_venir, axis=1)
    places = (cumul < np.clip(rangs, 0.0, cumul[:, -1])[:, None] - 1e-9).sum(axis=1)
    resultat: Reels = np.where(total >= 0.5, DUREES[np.minimum(places, len(DUREES) - 1)].astype(np.float64), np.nan)
    return resultat


def taux(
    connus: tuple[float, float], tenues: Reels, exclus: Reels, echus: Reels, dispersion: float, graine: int
) -> Reels:
    """Share within the limit, in %, of what falls due in the month, on each path.

    ``connus``: (held, due) of what has already come. ``tenues``, ``exclus``: closings to come that hold, or that do
    not count; ``echus``: arrivals to come that fall due.
    """
    denominateur = connus[1] + echus - exclus
    restent = np.maximum(denominateur - connus[0], 1e-9)
    part = np.clip(tenues / restent, 0.0, 1.0)
    hasard = _hasard(len(tenues), graine) * np.sqrt(dispersion * restent * part * (1 - part))
    numerateur = connus[0] + np.clip(tenues + hasard, 0.0, restent)
    return np.where(denominateur >= 0.5, POUR_CENT * _rapport(numerateur, denominateur), np.nan)


def ages_du_stock(chemins: Chemins, calendrier: CalendrierDe, horloge: str, au: int) -> Reels:
    """Files open on the evening of ``au`` by caisse, path and rank of ``DUREES``, for their age on ``horloge``."""
    caisses = np.full(len(chemins.cohortes), chemins.caisses[0])
    soirs = np.full_like(chemins.cohortes, au)
    rangs = rang_de_duree(
        jours_ecoules(horloge, caisses, chemins.cohortes, soirs, {int(chemins.caisses[0]): calendrier})
    )
    ages = np.zeros((*chemins.ouverts.shape[:2], len(DUREES)))
    for rang in np.unique(rangs).tolist():
        ages[:, :, rang] = chemins.ouverts[:, :, rangs == rang].sum(axis=2)
    return ages


def parts(comptes: Entiers, tous: Entiers, dispersion: float) -> Reels:
    """Share of ``comptes`` in ``tous`` of each caisse, drawn towards the network's where there are few."""
    reseau = comptes.sum() / max(1, tous.sum())
    appui = 50.0 * dispersion
    resultat: Reels = (comptes + appui * reseau) / (tous + appui)
    return resultat


def _hasard(nombre: int, graine: int) -> Reels:
    """0 for the path without chance, then a standard normal over the others."""
    rng = np.random.default_rng([graine, nombre])
    return np.concatenate([[0.0], rng.permutation(grille_normale(nombre - 1))]) if nombre > 1 else np.zeros(1)


def _rapport(num: Reels, den: Reels) -> Reels:
    resultat: Reels = np.where(den > 1e-9, num / np.maximum(den, 1e-9), np.nan)
    return resultat
