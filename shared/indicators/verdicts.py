"""What a value is worth against its target, and what share of targets is reached. Pure, exact, bounds included.

Values are exact numbers in the unit of the target (``Decimal("90")`` is 90 %); a float is refused, because 90 %
computed in floating point may fall just under 90. A rate is best given as ``Fraction(100 * numerateur, denominateur)``.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from shared.catalogue.modele_conventions import Cible, Sens, VerdictPublie

Verdict = Literal[
    "atteint", "socle_atteint", "sous_le_socle", "seuil_alerte_franchi", "non_mesure", "sans_cible", "a_determiner"
]
Exact = Decimal | Fraction | int

DEMI = Fraction(1, 2)
"""What *quasiment atteint* (IGAS 2017, tome II [16]) and *partiellement mise en œuvre* (tome II [10]) count for."""

_HORS_DECOMPTE = frozenset({None, "indetermine", "sans_cible", "a_determiner"})


SANS_CIBLE = Cible(0, "absente", None, None, date.min)
"""What a value is judged by when nothing was ever fixed: a missing one is still *non mesuré*."""

Juge = Callable[[int | None, int], Verdict]
"""(numerator, denominator > 0) of an exact value in the unit of the target -> its verdict; None: not measured."""


def verdict(valeur: Exact | None, cible: Cible, sens: Sens) -> Verdict:
    """The verdict on one value.

    A missing value is *non mesuré* whatever its target, unless no target can apply: nothing missing is ever good.
    A value equal to a bound reaches it; the seuil d'alerte is crossed only beyond it, whether there is an objectif
    or not. Without a socle, what misses the objectif is *sous le socle*: the objectif is then the only floor there is.
    """
    if valeur is None:
        return juge(cible, sens)(None, 1)
    return juge(cible, sens)(*_exacte(valeur).as_integer_ratio())


def juge(cible: Cible, sens: Sens) -> Juge:
    """``verdict`` of one target, made ready for many values: it compares whole numbers and nothing else."""
    alerte, objectif, socle = (_borne(b, sens) for b in (cible.seuil_alerte, cible.valeur, cible.socle))
    jugeable = cible.statut != "non_applicable" and sens != "neutre"
    sans: Verdict = "a_determiner" if cible.statut == "a_determiner" else "sans_cible"
    absent: Verdict = "sans_cible" if cible.statut == "non_applicable" else "non_mesure"

    def rendre(numerateur: int | None, denominateur: int) -> Verdict:
        if numerateur is None:
            return absent
        if jugeable and alerte is not None and not alerte(numerateur, denominateur):
            return "seuil_alerte_franchi"
        if not jugeable or objectif is None:
            return sans
        if objectif(numerateur, denominateur):
            return "atteint"
        if socle is not None and socle(numerateur, denominateur):
            return "socle_atteint"
        return "sous_le_socle"

    return rendre


def _borne(borne: Decimal | None, sens: Sens) -> Callable[[int, int], bool] | None:
    """Whether numerator/denominator reaches the bound, which is in."""
    if borne is None:
        return None
    haut, bas = borne.as_integer_ratio()
    if sens == "haut":
        return lambda numerateur, denominateur: numerateur * bas >= haut * denominateur
    return lambda numerateur, denominateur: numerateur * bas <= haut * denominateur


def _exacte(valeur: Exact) -> Fraction:
    if isinstance(valeur, float):
        raise TypeError(f"{valeur!r} is a float: verdicts compare exact numbers")
    return Fraction(valeur)


def taux_atteinte(verdicts: Iterable[Verdict | VerdictPublie | None], quasiment: Fraction = DEMI) -> Fraction | None:
    """The share of indicators that reach their target, between 0 and 1; None when none can be counted.

    The rule of the IGAS (tome II [16], [17]): *quasiment atteint* counts for ``quasiment``; a missing value counts as
    not reached; what has no target, was abandoned (None) or could not be judged is left out. 24 atteints, 4 quasiment
    and 8 non atteints give 26/36, the published 72 %. The report prints « 35 indicateurs, 24, 4, 7 », which would give
    74,3 %: the 36 is our reconstruction from its table.
    """
    comptes = [v for v in verdicts if v not in _HORS_DECOMPTE]
    if not comptes:
        return None
    return Fraction(comptes.count("atteint") + quasiment * comptes.count("quasiment_atteint")) / len(comptes)


def taux_realisation(
    prevues: int, faites: int, partielles: int, obsoletes: int, partielle: Fraction = DEMI
) -> Fraction | None:
    """The share of planned actions carried out, between 0 and 1; None when all became obsolete (IGAS, tome II [10])."""
    restantes = prevues - obsoletes
    return (faites + partielle * partielles) / restantes if restantes > 0 else None
