"""Which crossings of the seuil d'alerte are real: one-sided tests, and Benjamini-Hochberg over all of them.

For each caisse and indicator the hypothesis put to the test is *the true value is not beyond the seuil d'alerte*. A
value equal to the threshold is not beyond it; beyond is below when high is better. The control ranks the crossings,
it never removes one: *avéré* calls for a measure, *à surveiller* for attention. The tests take the files as
independent of each other.
"""

import math
from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.indicators.intervalles import Sommes
from shared.indicators.lois import cumul_binomial, cumul_student, queue_binomiale
from shared.indicators.rangs import Quantile
from shared.indicators.sens import Mieux

Cle = TypeVar("Cle", bound=Hashable)
Gravite = Literal["avere", "a_surveiller"]

TAUX = 0.10
"""Share of false alerts accepted among the *avérés*, in expectation."""


class Essai(NamedTuple, Generic[Cle]):
    """One hypothesis: ``cle`` names it (caisse and indicator), ``franchi``: the official value is beyond."""

    cle: Cle
    p: float
    franchi: bool


class Franchissement(NamedTuple, Generic[Cle]):
    """One official crossing. ``p_ajustee``: the lowest rate of false alerts at which it would be *avéré*."""

    cle: Cle
    p: float
    p_ajustee: float
    gravite: Gravite


class Controle(NamedTuple, Generic[Cle]):
    """Every crossing, the surest first. ``fausses_attendues``: how many of the *avérés* may be false, on average."""

    franchissements: tuple[Franchissement[Cle], ...]
    essais: int
    averes: int
    fausses_attendues: float


def p_taux(succes: int, n: int, seuil: Fraction, mieux: Mieux) -> float:
    """p-value of a rate against ``seuil`` (between 0 and 1): binomial, exact. Without items it is 1."""
    return cumul_binomial(succes, n, seuil) if mieux == "haut" else queue_binomiale(succes, n, seuil)


def p_quantile(au_dela: int, n: int, q: Quantile, mieux: Mieux) -> float:
    """p-value of a q-quantile against a threshold, from the share of items beyond it: binomial, exact.

    ``au_dela``: items strictly above the threshold when low is better, strictly below when high is. A 9th decile is
    not above 20 days as long as no more than a tenth of the files take more than 20 days.
    """
    toleree = Fraction(*q) if mieux == "haut" else 1 - Fraction(*q)
    return queue_binomiale(au_dela, n, toleree)


def p_moyenne(sommes: Sommes, seuil: Fraction, mieux: Mieux, moyenne: Fraction | None = None) -> float:
    """p-value of a mean against ``seuil``, in the unit of the sums: Student.

    ``moyenne``: the official mean where it is more exact than the sums (seconds, of sums in whole days), which then
    give the spread alone. Fewer than two items, or items all alike, tell nothing of the spread: it is 1, whatever
    the mean.
    """
    n, somme, _ = sommes
    if n < 2 or sommes.variance == 0:
        return 1.0
    ecart = float((Fraction(somme, n) if moyenne is None else moyenne) - seuil)
    t = ecart / math.sqrt(sommes.variance / n)
    return cumul_student(t if mieux == "haut" else -t, n - 1)


def controler(essais: Sequence[Essai[Cle]], taux: float = TAUX) -> Controle[Cle]:
    """Benjamini-Hochberg over all the hypotheses of one comité, those not crossed too: they are what was tried.

    A hypothesis that is not crossed has a p-value of about one half or more and is never *avérée*.
    """
    ajustees = ajuster([essai.p for essai in essais]).tolist()
    trouves = [
        Franchissement(essai.cle, essai.p, p_ajustee, "avere" if p_ajustee <= taux else "a_surveiller")
        for essai, p_ajustee in zip(essais, ajustees, strict=True)
        if essai.franchi
    ]
    averes = sum(f.gravite == "avere" for f in trouves)
    return Controle(tuple(sorted(trouves, key=lambda f: f.p)), len(essais), averes, taux * averes)


def ajuster(p_valeurs: ArrayLike) -> NDArray[np.float64]:
    """p-values adjusted by Benjamini-Hochberg (1995), in the order given."""
    p = np.asarray(p_valeurs, dtype=np.float64)
    m = len(p)
    ordre = np.argsort(p)[::-1]
    ajustees = np.empty(m)
    ajustees[ordre] = np.minimum(1, np.minimum.accumulate(p[ordre] * m / np.arange(m, 0, -1)))
    return ajustees


class Taux(NamedTuple):
    """Proof of a rate: ``num`` of ``den`` items. Its threshold and value are in %."""

    num: int
    den: int


class AuDela(NamedTuple):
    """Proof of a q-quantile: ``au_dela`` of ``n`` items strictly beyond the threshold on the wrong side."""

    au_dela: int
    n: int
    q: Quantile = (9, 10)


class Mesure(NamedTuple):
    """One watched indicator of one caisse over one period, in the unit of its threshold.

    ``valeur``: the official value, exact; None: not measured. ``preuve``: what the value is made of. ``complet``
    False: its sources lack something.
    """

    caisse: str
    indicateur: str
    valeur: Fraction | None
    seuil: Fraction
    mieux: Mieux
    preuve: Taux | AuDela | Sommes
    complet: bool = True

    @property
    def franchi(self) -> bool:
        """Officially beyond the threshold; equal to it is not."""
        if self.valeur is None:
            return False
        return self.valeur < self.seuil if self.mieux == "haut" else self.valeur > self.seuil

    @property
    def p(self) -> float:
        """One-sided p-value of *the true value is not beyond the threshold*."""
        if isinstance(self.preuve, Taux):
            return p_taux(self.preuve.num, self.preuve.den, self.seuil / 100, self.mieux)
        if isinstance(self.preuve, AuDela):
            return p_quantile(self.preuve.au_dela, self.preuve.n, self.preuve.q, self.mieux)
        return p_moyenne(self.preuve, self.seuil, self.mieux, self.valeur)


class Alertes(NamedTuple):
    """What the comité is shown. ``controle``: every official crossing of complete figures, named (caisse, indicator).

    ``incompletes``: crossings of figures that lack something: listed, never *avérées*. ``non_mesurees``: no value.
    """

    controle: Controle[tuple[str, str]]
    incompletes: tuple[tuple[str, str], ...]
    non_mesurees: tuple[tuple[str, str], ...]


def examiner(mesures: Sequence[Mesure], taux: float = TAUX) -> Alertes:
    """Sort the official crossings of a month into *avérés* and *à surveiller* over the whole network.

    All the measured and complete figures are hypotheses, crossed or not. A rate beyond 100 % or under 0 between two
    corrections has no law: it is left with the incomplete ones.
    """
    mesurees = [m for m in mesures if m.valeur is not None]
    jugees = [m for m in mesurees if m.complet and _a_une_loi(m.preuve)]
    douteuses = [m for m in mesurees if not (m.complet and _a_une_loi(m.preuve)) and m.franchi]
    return Alertes(
        controler([Essai((m.caisse, m.indicateur), m.p, m.franchi) for m in jugees], taux),
        tuple((m.caisse, m.indicateur) for m in douteuses),
        tuple((m.caisse, m.indicateur) for m in mesures if m.valeur is None),
    )


def _a_une_loi(preuve: Taux | AuDela | Sommes) -> bool:
    return isinstance(preuve, Sommes) or 0 <= preuve[0] <= preuve[1]
