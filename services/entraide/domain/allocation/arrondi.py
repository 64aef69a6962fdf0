"""From levels of a program to whole hundredths of ETP, without going over what may be given."""

from collections.abc import Mapping, Sequence

import numpy as np

from services.entraide.domain.allocation.contexte import Contexte
from services.entraide.domain.allocation.glouton import Reserve
from services.entraide.domain.allocation.modele import Mission
from services.entraide.domain.allocation.patrons import Entiers, Reels

_TOLERANCE = 1e-4
"""Hundredths of ETP by which a program's level may fall short of the whole number it stands for."""


def arrondir(c: Contexte, profils: Mapping[int, Reels], fixes: Sequence[Mission] = ()) -> tuple[Mission, ...]:
    """The missions of levels by week, [semaine], by rank of couple, beside missions that stay.

    Levels are rounded down, then up again where the capacity and the margins left allow, largest remainders first.
    A pair whose levels do not reach the minimum assignment has no mission.
    """
    reserve = Reserve(c, fixes)
    entiers: dict[int, Entiers] = {}
    for rang, profil in sorted(profils.items()):
        niveaux: Entiers = np.floor(profil + _TOLERANCE).astype(np.int64)
        niveaux = np.where(niveaux >= c.probleme.regles.etp_min, niveaux, 0)
        if niveaux.any():
            entiers[rang] = niveaux
            reserve.retirer(c.couples[rang], niveaux)
    for rang in sorted(entiers, key=lambda r: (-float((profils[r] - entiers[r]).sum()), r)):
        plus = np.where((entiers[rang] > 0) & (profils[rang] - entiers[rang] > _TOLERANCE), 1, 0)
        if reserve.permet(c.couples[rang], plus):
            reserve.retirer(c.couples[rang], plus)
            entiers[rang] = entiers[rang] + plus
    return tuple(sorted([*fixes, *(_mission(c, rang, niveaux) for rang, niveaux in entiers.items())]))


def _mission(c: Contexte, rang: int, niveaux: Entiers) -> Mission:
    (semaines,) = np.nonzero(niveaux)
    debut, fin = int(semaines[0]), int(semaines[-1])
    return c.mission(c.couples[rang], debut, niveaux[debut : fin + 1].tolist())
