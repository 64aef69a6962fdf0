"""What an aidante can give and stay above its own objectif: the margin of a donor.

For files the margin is cumulative: what it has worked beyond what its objectif required, with a reserve, at the end of
each week. However giving is spread, no more than that may be missing. For calls each week stands alone.
"""

from dataclasses import dataclass, replace
from math import floor

from services.entraide.domain.activites import parametres
from services.entraide.domain.allocation.modele import CENTIEMES, Surete
from services.entraide.domain.besoins import en_etp_semaines
from services.entraide.domain.projection import Situation, avec_reserve, dus, projeter
from services.entraide.domain.telephone import Modele


@dataclass(frozen=True, slots=True)
class SituationTelephone:
    """Calls of an ordinary day and ETP on the telephone, by week, and the décroché expected, 0 to 1."""

    appels_par_jour: tuple[float, ...]
    etp: tuple[float, ...]
    taux_socle: float
    taux_objectif: float

    def __post_init__(self) -> None:
        if not 0 <= self.taux_socle <= self.taux_objectif < 1:
            raise ValueError("Les taux attendus doivent vérifier 0 ≤ socle ≤ objectif < 1.")
        if len(self.appels_par_jour) != len(self.etp):
            raise ValueError("Appels et ETP doivent compter autant de semaines.")


def etp_manquants(situation: SituationTelephone, taux: float, telephone: Modele) -> tuple[float, ...]:
    """ETP missing in each week for that share of the calls to be answered."""
    return tuple(
        max(0.0, telephone.etp_pour(appels, taux) - etp)
        for appels, etp in zip(situation.appels_par_jour, situation.etp, strict=True)
    )


def marge(process: str, situation: Situation | SituationTelephone, telephone: Modele) -> Surete:
    """The margin of a donor on a process, in hundredths, rounded down. Raises ProductiviteInconnue."""
    if isinstance(situation, SituationTelephone):
        restes = [
            etp - telephone.etp_pour(appels, situation.taux_objectif)
            for appels, etp in zip(situation.appels_par_jour, situation.etp, strict=True)
        ]
        return Surete(tuple(_centiemes(v) for v in restes), (None,) * len(restes))
    situation = a_sa_pointe(situation)
    stock = projeter(situation).stock
    entres, semaines = situation.stock, len(situation.arrivees)
    gardee = avec_reserve(situation, parametres()["reserve"]["aidante"])
    requis = dus(gardee, gardee.delai_objectif)
    libres = []
    for rang in range(semaines):
        entres += situation.arrivees[rang]
        libres.append(en_etp_semaines(process, entres - stock[rang] - float(requis[rang])))
    return Surete((None,) * semaines, tuple(_centiemes(v) for v in libres))


def a_sa_pointe(situation: Situation) -> Situation:
    """The donor working all it can: with little in stock it works what comes, and its recent pace hides the rest."""
    return situation if situation.pointe is None else replace(situation, capacite=situation.pointe)


def meilleure_marge(surete: Surete) -> float | None:
    """Most ETP it could give in one week of its choice; None when nothing limits it."""
    limites = [
        min(v for v in (hebdo, cumul) if v is not None)
        for hebdo, cumul in zip(surete.par_semaine, _a_venir(surete.cumul), strict=True)
        if hebdo is not None or cumul is not None
    ]
    return max(limites) / CENTIEMES if len(limites) == len(surete.cumul) else None


def apres(surete: Surete, donne: tuple[int, ...]) -> Surete:
    """The margin left when hundredths of ETP are already given in each week."""
    deja, cumuls = 0, []
    for limite, etp in zip(surete.cumul, donne, strict=True):
        deja += etp
        cumuls.append(None if limite is None else max(0, limite - deja))
    hebdo = tuple(
        None if limite is None else max(0, limite - etp) for limite, etp in zip(surete.par_semaine, donne, strict=True)
    )
    return Surete(hebdo, tuple(cumuls))


def _a_venir(cumul: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """What may be given once in each week: a week's gift weighs on all that follow."""
    resultat: list[int | None] = []
    minimum: int | None = None
    for limite in reversed(cumul):
        minimum = limite if minimum is None else minimum if limite is None else min(minimum, limite)
        resultat.append(minimum)
    return tuple(reversed(resultat))


def _centiemes(valeur: float) -> int:
    return max(0, floor(CENTIEMES * valeur + 1e-6))
