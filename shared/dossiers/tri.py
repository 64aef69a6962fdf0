"""What of a batch stays in columns, and what is taken one by one.

A dossier of a plain process that begins in the batch with one event stays in columns from the log to the tables.
As soon as anything is particular, a row of the same dossier in the batch or in the database, a process that is not
plain, a date older than the horizon, the event becomes an object.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.deltas import Version
from shared.dossiers.effets import Cle, Existant, Groupe, Neufs
from shared.events.contrat import Contenu

Entiers = NDArray[np.int64]

_rang = attrgetter("rang")


class Dite(NamedTuple):
    """What one event says, taken by itself. ``rang``: of its record in the batch."""

    rang: int
    cle: Cle
    calcul: CalculEnLot
    version: Version
    contenu: Contenu


class Tranche(NamedTuple):
    """Columns whose names have their numbers; ``neufs`` but for those that turn out to be something else."""

    neufs: Neufs
    cles: Sequence[Cle]

    def dites(self, rangs: Entiers) -> list[Dite]:
        """These rows one by one."""
        if not len(rangs):
            return []
        siens = self.neufs.choisir(rangs)
        c = siens.colonnes
        return list(
            map(
                Dite,
                c.rangs.tolist(),
                map(self.cles.__getitem__, rangs.tolist()),
                repeat(siens.calcul),
                zip(siens.jours.tolist(), c.causes.tolist(), strict=True),
                c.contenus(siens.sources.tolist()),
            )
        )


def trier(
    tranches: Sequence[Tranche],
    seules: Sequence[Dite],
    existants: Mapping[Cle, Existant],
    limites: Mapping[str, int],
) -> tuple[list[Neufs], list[Dite]]:
    """What stays in columns, dossiers that begin with the one event the batch has of them, and all the rest one by
    one, in log order. ``limites``: the instant before which a process has been purged; what is older takes a look."""
    cles = [*chain(*(t.cles for t in tranches)), *(d.cle for d in seules)]
    derniers = dict(zip(cles, range(len(cles)), strict=True))
    a_part = np.zeros(len(cles), dtype=np.bool_)
    if len(derniers) < len(cles):
        places = np.fromiter(map(derniers.__getitem__, cles), np.int64, len(cles))
        repetees = np.flatnonzero(places != np.arange(len(cles)))
        a_part[repetees] = a_part[places[repetees]] = True
    a_part[[derniers[cle_] for cle_ in existants]] = True
    neufs, dites, debut = [], [*seules], 0
    for tranche in tranches:
        siens = tranche.neufs
        sortent = a_part[debut : debut + len(tranche.cles)].copy()
        debut += len(tranche.cles)
        if not siens.calcul.simple or len(tranche.cles) < siens.calcul.LOT_MIN:
            sortent[:] = True
        elif (limite := limites.get(siens.colonnes.process)) is not None:
            sortent |= siens.colonnes.dernieres() < limite
        dites += tranche.dites(np.flatnonzero(sortent))
        if not sortent.all():
            neufs.append(siens.choisir(np.flatnonzero(~sortent)))
    return neufs, sorted(dites, key=_rang)


def grouper(dites: Iterable[Dite]) -> dict[Cle, Groupe]:
    """What a batch says of each dossier, in log order."""
    groupes: dict[Cle, Groupe] = {}
    for _, cle_, calcul, version, contenu in dites:
        groupe = groupes.get(cle_)
        if groupe is None:
            groupes[cle_] = (calcul, [(version, contenu)])
        else:
            groupe[1].append((version, contenu))
    return groupes
