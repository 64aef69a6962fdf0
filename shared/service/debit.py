"""How many calls one caller may make: a bucket of tokens each, filled at a steady rate. Pure; the time comes in."""

import math
from collections import OrderedDict
from dataclasses import dataclass

APPELANTS_MAX = 20_000
"""Callers remembered at once, about 200 bytes each; the one silent for longest is forgotten first, and begins again
with a full bucket."""


@dataclass(slots=True)
class _Seau:
    jetons: float
    vu: float


class Seaux:
    """Buckets of ``capacite`` calls, each filled by ``par_s`` calls a second."""

    def __init__(self, par_s: float, capacite: float, appelants_max: int = APPELANTS_MAX) -> None:
        self._par_s = par_s
        self._capacite = capacite
        self._max = appelants_max
        self._seaux: OrderedDict[str, _Seau] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seaux)

    def prendre(self, appelant: str, maintenant: float) -> int:
        """Count one call at ``maintenant`` (seconds of a clock that never goes back). 0: it may pass; otherwise the
        whole seconds, at least 1, before the next one may, and the call is not counted.
        """
        seau = self._seaux.get(appelant)
        if seau is None:
            seau = self._seaux[appelant] = _Seau(self._capacite, maintenant)
            if len(self._seaux) > self._max:
                self._seaux.popitem(last=False)
        self._seaux.move_to_end(appelant)
        seau.jetons = min(self._capacite, seau.jetons + (maintenant - seau.vu) * self._par_s)
        seau.vu = maintenant
        if seau.jetons < 1:
            return max(1, math.ceil((1 - seau.jetons) / self._par_s))
        seau.jetons -= 1
        return 0
