"""How unequal the service is over the network: the spread of one indicator between caisses, each counting for one.

That the mean meets its target says nothing of a caisse (IGAS 2013-164R). Deciles here are those of the caisses of the
network, not of the files of a caisse; nearest rank, so that each is the value of a real caisse.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shared.indicators.rangs import Quantile, rang
from shared.indicators.sens import Mieux
from shared.indicators.verdicts import Exact

_D1, _MEDIANE, _D9 = (1, 10), (1, 2), (9, 10)


class Dispersion(NamedTuple):
    """Of the caisses measured. ``sous_socle``, ``sous_objectif``: how many miss it; None: there is none to miss.

    A caisse under the socle is under the objectif too. A value equal to a bound reaches it.
    """

    mesurees: int
    non_mesurees: int
    minimum: Fraction
    d1: Fraction
    mediane: Fraction
    d9: Fraction
    maximum: Fraction
    sous_socle: int | None
    sous_objectif: int | None

    @property
    def ecart_interdecile(self) -> Fraction:
        return self.d9 - self.d1


class Evolution(NamedTuple):
    """From one year to the next, over the ``communes``: the caisses measured in both.

    The changes are those of the network's deciles, in the unit of the indicator; a negative ``ecart_interdecile`` is
    a network that becomes more alike.
    """

    communes: int
    d1: Fraction
    mediane: Fraction
    d9: Fraction
    ecart_interdecile: Fraction
    ameliorees: int
    degradees: int


def dispersion(
    valeurs: Mapping[int, Exact | None], mieux: Mieux, socle: Decimal | None = None, objectif: Decimal | None = None
) -> Dispersion | None:
    """Spread of the values by caisse (None: not measured); None when no caisse is measured."""
    mesures = sorted(Fraction(v) for v in valeurs.values() if v is not None)
    if not mesures:
        return None
    d1, mediane, d9 = (_au_rang(mesures, q) for q in (_D1, _MEDIANE, _D9))
    return Dispersion(
        len(mesures),
        len(valeurs) - len(mesures),
        mesures[0],
        d1,
        mediane,
        d9,
        mesures[-1],
        _manquent(mesures, socle, mieux),
        _manquent(mesures, objectif, mieux),
    )


def evolution(avant: Mapping[int, Exact | None], apres: Mapping[int, Exact | None], mieux: Mieux) -> Evolution | None:
    """Change between two years; None when no caisse is measured in both.

    Both years must be of one definition: across a break of series the caller shows none.
    """
    paires = [
        (Fraction(v), Fraction(w))
        for caisse, v in avant.items()
        if v is not None and (w := apres.get(caisse)) is not None
    ]
    if not paires:
        return None
    triees = [sorted(annee) for annee in zip(*paires, strict=True)]
    d1, mediane, d9 = (_au_rang(triees[1], q) - _au_rang(triees[0], q) for q in (_D1, _MEDIANE, _D9))
    hausses, baisses = sum(w > v for v, w in paires), sum(w < v for v, w in paires)
    ameliorees, degradees = (hausses, baisses) if mieux == "haut" else (baisses, hausses)
    return Evolution(len(paires), d1, mediane, d9, d9 - d1, ameliorees, degradees)


def _au_rang(triees: Sequence[Fraction], q: Quantile) -> Fraction:
    return triees[rang(len(triees), q) - 1]


def _manquent(mesures: Sequence[Fraction], borne: Decimal | None, mieux: Mieux) -> int | None:
    if borne is None:
        return None
    exacte = Fraction(borne)
    return sum(v < exacte if mieux == "haut" else v > exacte for v in mesures)
