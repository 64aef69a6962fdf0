"""What the answer must be, computed apart from every rival, and how an answer differs from it."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from bench.charges import Charge
from shared.network.reseau import charger

Cellules = Mapping[tuple[str, int], int]
"""(slug of the caisse, whole local days) -> files."""


@dataclass(frozen=True, slots=True)
class Reponse:
    """What a rival answers. ``deciles``: of each caisse, as that rival computes it."""

    cellules: Cellules
    deciles: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ecart:
    """Files missing, files counted beyond the plan, caisses whose 9th decile is another one."""

    perdus: int
    doubles: int
    deciles: int

    @property
    def juste(self) -> bool:
        return not (self.perdus or self.doubles or self.deciles)


def planifier(charge: Charge, *, jours_locaux: bool) -> Reponse:
    """Read with the standard library, each id once; deciles by NumPy on the delays themselves.

    ``jours_locaux``: days of the clock on the wall of each caisse, overseas ones included (as Vigie counts); otherwise
    days as the stamps write them.
    """
    fuseaux = {c.slug: ZoneInfo(c.fuseau) for c in charger().caisses}
    delais: dict[str, tuple[str, int]] = {}
    for lot in charge.lots():
        for _, valeur in lot:
            e = json.loads(valeur)
            caisse, jalons = e["data"]["caisse"], e["data"]["jalons"]
            recue, payee = (datetime.fromisoformat(jalons[nom]) for nom in ("recue", "payee"))
            if jours_locaux:
                recue, payee = (instant.astimezone(fuseaux[caisse]) for instant in (recue, payee))
            delais[e["id"]] = (caisse, (payee.date() - recue.date()).days)
    par_caisse: dict[str, list[int]] = {}
    for caisse, delai in delais.values():
        par_caisse.setdefault(caisse, []).append(delai)
    deciles = {c: int(np.percentile(d, 90, method="inverted_cdf")) for c, d in par_caisse.items()}
    return Reponse(Counter(delais.values()), deciles)


def comparer(plan: Reponse, reponse: Reponse) -> Ecart:
    """What a rival answered beside what it should have."""
    cles = plan.cellules.keys() | reponse.cellules.keys()
    ecarts = [reponse.cellules.get(cle, 0) - plan.cellules.get(cle, 0) for cle in cles]
    return Ecart(
        perdus=-sum(e for e in ecarts if e < 0),
        doubles=sum(e for e in ecarts if e > 0),
        deciles=sum(
            plan.deciles.get(c) != reponse.deciles.get(c) for c in plan.deciles.keys() | reponse.deciles.keys()
        ),
    )
