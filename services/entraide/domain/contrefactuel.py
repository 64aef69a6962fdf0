"""The helped caisse without the aid: its stock run off again without the files another worked. Pure.

Nothing else is changed: the same files come, the caisse works as many itself, the oldest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.entraide.domain.projection import Situation, projeter
from services.entraide.domain.semaines import JOURS

_SANS_LIMITE = 1e9

DOSSIERS = (
    "Hypothèse : sans l'aide, les mêmes dossiers seraient arrivés et la caisse en aurait traité elle-même autant, les "
    "plus anciens d'abord."
)
CONTACTS = (
    "Hypothèse : sans l'aide, aucun des contacts traités par l'aidante ne l'aurait été à temps. C'est une borne basse, "
    "car la caisse en aurait pris une partie."
)


@dataclass(frozen=True, slots=True)
class Ecoulement:
    """End of each week with aid and without: open files, and days the oldest has waited, oldest first.

    ``observe``: the open files really seen; what the model says with aid should be near it.
    """

    observe: tuple[float, ...]
    avec: tuple[float, ...]
    sans: tuple[float, ...]
    attente_avec: tuple[float, ...]
    attente_sans: tuple[float, ...]

    @property
    def jours_gagnes(self) -> float:
        """At the end of the last week."""
        return self.attente_sans[-1] - self.attente_avec[-1] if self.avec else 0.0


def ecouler(stocks: Sequence[float], clotures: Sequence[float], aidees: Sequence[float], avant: int) -> Ecoulement:
    """Replay weeks without the aid. One number a week, aligned, the first ``avant`` weeks before the mission.

    ``stocks``: open on each Sunday; ``clotures``: closed in the week by anyone; ``aidees``: of these, by the aidante.
    Raises ValueError without a week before the mission: nothing says where it began.
    """
    if avant < 1 or avant > len(stocks):
        raise ValueError("il faut au moins une semaine connue avant la mission")
    # What came in a week follows from the stock; before the first, nothing is known.
    arrivees = [0.0] + [
        max(0.0, stocks[k] - stocks[k - 1] + clotures[k]) for k in range(1, len(stocks))
    ]  # fmt: skip
    depart, entrees = float(stocks[avant - 1]), tuple(arrivees[avant:])
    aide = tuple(float(a) for a in aidees[avant:])
    propre = tuple(max(0.0, c - a) for c, a in zip(clotures[avant:], aide, strict=True))
    situation = Situation(((0.0, depart),), entrees, propre, _SANS_LIMITE, _SANS_LIMITE)
    avec, sans = projeter(situation, aide).stock, projeter(situation).stock
    rangs = range(avant, len(stocks))
    return Ecoulement(
        tuple(float(s) for s in stocks[avant:]), avec, sans,
        tuple(attente(s, arrivees[: k + 1]) for s, k in zip(avec, rangs, strict=True)),
        tuple(attente(s, arrivees[: k + 1]) for s, k in zip(sans, rangs, strict=True)),
    )  # fmt: skip


def attente(stock: float, arrivees: Sequence[float]) -> float:
    """Days the oldest open file has waited when the oldest go first: the stock is the latest arrivals (by week, the
    last one just over). At most the weeks known."""
    reste, jours = stock, 0.0
    for venus in reversed(arrivees):
        if reste <= venus:
            return jours + (JOURS * reste / venus if venus > 0 else 0.0)
        reste, jours = reste - venus, jours + JOURS
    return jours


def taux_sans(numerateur: float, denominateur: float, aides: float) -> float | None:
    """A rate in % had nothing the aidante answered been answered; None: nothing was asked."""
    return None if denominateur <= 0 else 100 * max(0.0, numerateur - aides) / denominateur
