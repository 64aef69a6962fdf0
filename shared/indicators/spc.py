"""Is a figure unusual? Control charts over time (XmR, Laney p') and between caisses (funnel plot).

XmR follows the NHS programme *Making Data Count* as its package NHSRplotthedots computes it. A signal says that a
series has changed; it decides nothing alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.modele_conventions import Sens
from shared.indicators.lois import quantile_normal
from shared.indicators.rangs import Entiers

Reels = NDArray[np.float64]
Regle = Literal["hors_limites", "tendance_7", "deux_sur_trois", "un_cote_7"]
Assurance = Literal["capable", "incapable", "inconstant"]

REGLES: tuple[Regle, ...] = ("hors_limites", "tendance_7", "deux_sur_trois", "un_cote_7")
"""In order: a point is named by the first it meets."""

POINTS_DE_REFERENCE = 12
"""Fewest points a baseline may be fixed on."""
POINTS_FERMES = 13
"""Under so many points the limits are *provisoires* (trial limits)."""

_LIMITES = 2.66
"""3/d2, d2 = 1.128: three standard deviations, the mean moving range standing for the deviation."""
_PROCHES = 2 / 3
_ETENDUE_MAXIMALE = 3.267
"""D4: a moving range not under so many times the mean is dropped, once."""
_D2 = 1.128
_ECARTS = 3
_SUITE = 7
_BOUTS = 0.1
"""Share of the caisses, at either end, that the overdispersion is not taken from."""


class Limites(NamedTuple):
    """Control limits; ``proches``: at two thirds of the way, for the rule of two points in three."""

    bas: float
    proche_bas: float
    moyenne: float
    proche_haut: float
    haut: float


@dataclass(frozen=True, slots=True)
class CarteXmR:
    """One series on its chart. ``signaux``: per point, the first rule it meets or None."""

    limites: Limites
    signaux: tuple[Regle | None, ...]
    provisoire: bool
    """Trial limits: fewer than ``POINTS_FERMES`` points."""


class PointPPrime(NamedTuple):
    """One rate (between 0 and 1) on a p' chart, with its own limits."""

    taux: float
    bas: float
    haut: float

    @property
    def hors_limites(self) -> bool:
        return not self.bas <= self.taux <= self.haut


class CartePPrime(NamedTuple):
    """``sigma_z``: spread of the rates over what the binomial law explains; 1 means nothing more."""

    moyenne: float
    sigma_z: float
    points: tuple[PointPPrime, ...]


class Entonnoir(NamedTuple):
    """Funnel plot: the network's rate, and per caisse the limits that its size allows (between 0 and 1)."""

    centre: float
    bas: Reels
    haut: Reels


def carte_xmr(valeurs: Sequence[float], reference: int | None = None) -> CarteXmR | None:
    """The XmR chart of a series without gaps; None under two points: no range moves.

    ``reference``: the limits are fixed on so many first points (at least ``POINTS_DE_REFERENCE``, else ValueError)
    and are never moved afterwards; None: on all of them. A change of definition begins another series.
    """
    if reference is not None and reference < POINTS_DE_REFERENCE:
        raise ValueError(f"a baseline is fixed on {POINTS_DE_REFERENCE} points or more, not {reference}")
    y = np.asarray(valeurs, dtype=np.float64)
    if len(y) < 2:
        return None
    limites = _limites_xmr(y[:reference])
    return CarteXmR(limites, _signaux(y, limites), provisoire=len(y) < POINTS_FERMES)


def assurance(limites: Limites, cible: float, sens: Sens) -> Assurance | None:
    """Whether the process as it is will reach ``cible``: always, never or now and then. Without a better way, None.

    A target equal to a limit is within reach of chance: *inconstant*.
    """
    if sens == "neutre":
        return None
    if limites.bas <= cible <= limites.haut:
        return "inconstant"
    return "capable" if (cible < limites.bas) == (sens == "haut") else "incapable"


def carte_p_prime(succes: Entiers, n: Entiers) -> CartePPrime | None:
    """Laney's p' chart of the rates of successive periods; None when fewer than two have a denominator.

    With large denominators a binomial chart flags everything: limits are widened by ``sigma_z``, the mean moving
    range of the standardised rates over 1.128 (Laney 2002). Periods without denominator are left out.
    """
    k, taille = (colonne[n > 0].astype(np.float64) for colonne in (succes, n))
    if len(k) < 2:
        return None
    moyenne = float(k.sum() / taille.sum())
    ecarts = np.sqrt(moyenne * (1 - moyenne) / taille)
    taux = k / taille
    z = np.divide(taux - moyenne, ecarts, out=np.zeros_like(taux), where=ecarts > 0)
    sigma_z = float(np.abs(np.diff(z)).mean()) / _D2
    demi = _ECARTS * ecarts * sigma_z
    colonnes = (taux, np.maximum(0, moyenne - demi), np.minimum(1, moyenne + demi))
    points = tuple(PointPPrime(*point) for point in zip(*(c.tolist() for c in colonnes), strict=True))
    return CartePPrime(moyenne, sigma_z, points)


def entonnoir(succes: Entiers, n: Entiers, confiance: float = 0.998, phi: float = 1.0) -> Entonnoir | None:
    """Funnel plot limits of rates between caisses, each ``n`` ≥ 1; None without any caisse.

    The score limits: a caisse is within them when Wilson's interval of its own rate, at ``confiance``, holds the
    network's rate (0.998 is the usual three standard deviations of Spiegelhalter 2005). ``phi``: overdispersion, by
    whose root they are widened.
    """
    if not len(n):
        return None
    centre = float(succes.sum() / n.sum())
    demi = quantile_normal((1 + confiance) / 2) * np.sqrt(phi * centre * (1 - centre) / n.astype(np.float64))
    return Entonnoir(centre, np.maximum(0.0, centre - demi), np.minimum(1.0, centre + demi))


def surdispersion(succes: Entiers, n: Entiers) -> float:
    """How many times the variance between caisses (each ``n`` ≥ 1) is what the binomial law explains; 1 at least.

    The mean square of the standardised rates, the tenth at either end brought in to it, so that the very caisses to
    be found do not hide themselves; 1 when it is within chance of 1 (Spiegelhalter 2005, multiplicative model).
    """
    centre = float(succes.sum() / n.sum()) if len(n) else 0.0
    if not 0 < centre < 1:
        return 1.0
    z = (succes / n - centre) / np.sqrt(centre * (1 - centre) / n.astype(np.float64))
    bornes = np.quantile(z, (_BOUTS, 1 - _BOUTS))
    phi = float((np.clip(z, *bornes) ** 2).mean())
    return phi if phi > 1 + 2 * math.sqrt(2 / len(n)) else 1.0


def _limites_xmr(y: Reels) -> Limites:
    etendues = np.abs(np.diff(y))
    gardees = etendues[etendues < _ETENDUE_MAXIMALE * etendues.mean()]
    if not len(gardees):
        # The series never moves: its limits are its value, to the last bit.
        return Limites(*[float(y[0])] * 5)
    etendue, moyenne = float(gardees.mean()), math.fsum(y.tolist()) / len(y)
    loin, pres = _LIMITES * etendue, _LIMITES * _PROCHES * etendue
    return Limites(moyenne - loin, moyenne - pres, moyenne, moyenne + pres, moyenne + loin)


def _signaux(y: Reels, limites: Limites) -> tuple[Regle | None, ...]:
    cote = np.sign(y - limites.moyenne)
    dehors = (y > limites.haut) | (y < limites.bas)
    pres = ~dehors & ((y > limites.proche_haut) | (y < limites.proche_bas))
    deux_pres = _sommes_glissantes(pres, 3) >= 2
    touches = (
        dehors,
        _membres(_pareils(np.sign(np.diff(y)), _SUITE - 1), _SUITE, len(y)),
        pres & _membres(_pareils(cote, 3) & deux_pres, 3, len(y)),
        _membres(_pareils(cote, _SUITE), _SUITE, len(y)),
    )
    return tuple(
        next((regle for regle, touche in zip(REGLES, touches, strict=True) if touche[i]), None) for i in range(len(y))
    )


def _pareils(signes: Reels, longueur: int) -> NDArray[np.bool_]:
    """For each window of ``longueur`` signs, whether all are 1 or all are −1."""
    return np.equal(np.abs(_sommes_glissantes(signes, longueur)), longueur)


def _sommes_glissantes(x: NDArray[np.float64] | NDArray[np.bool_], longueur: int) -> Reels:
    cumul = np.zeros(len(x) + 1)
    np.cumsum(x, out=cumul[1:])
    return np.subtract(cumul[longueur:], cumul[: max(0, len(cumul) - longueur)])


def _membres(fenetres: NDArray[np.bool_], longueur: int, points: int) -> NDArray[np.bool_]:
    """Whether each point belongs to a window of ``longueur`` points that is flagged."""
    touches = np.zeros(points, dtype=np.bool_)
    for decalage in range(longueur if len(fenetres) else 0):
        touches[decalage : decalage + len(fenetres)] |= fenetres
    return touches
