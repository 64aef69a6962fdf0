"""Stock-aware quantile of delays: what the quantile of closed files alone hides when only the easy ones are closed.

Period Kaplan-Meier on the run-off triangle: over a period, a file is watched from the age it has on the first day
(or 0 if it is opened later) to the day it is closed, or to the last day if it is still open then. S(t) is the share
of files that would still be open after age t if every age were treated as it was in this period. Like every such
estimate it leans on what is watched at each age: where a single file is, its closing brings S to 0.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.indicators.periodes import Periode
from shared.indicators.rangs import Entiers, Quantile, sommer_par
from shared.indicators.statistiques import RESEAU, Cellules, Contexte, jours_ecoules

_FLOU = 1e-9
"""Relative distance to 1 − q within which S(t) is compared in whole numbers."""


class Observes(NamedTuple):
    """Files watched, one row for ``n`` alike: parallel arrays.

    Ages are whole days ≥ 0: ``entree`` on the first day watched, ``sortie`` on the last. ``clos``: 1 if it was closed
    on that day with an outcome that counts, else 0. ``ouvert``: 1 if it was still open in the evening.
    """

    groupe: Entiers
    entree: Entiers
    sortie: Entiers
    clos: Entiers
    ouvert: Entiers
    n: Entiers


class DecileAvecStock(NamedTuple):
    """``age``: smallest age by which a share q is closed, in days; None: *non atteint*, which is a value.

    ``clos`` and ``ouverts``: files closed in the period, and open on its last evening. A caisse with neither has no
    row: it is not measured.
    """

    caisse: int
    periode: Periode
    age: int | None
    clos: int
    ouverts: int


class Table(NamedTuple):
    """Life table of one group by age from 0: files ``exposes`` (watched at that age) and ``clos`` at that age."""

    exposes: Entiers
    clos: Entiers

    @property
    def survie(self) -> NDArray[np.float64]:
        """S(t): share still open after age t."""
        restes: NDArray[np.float64] = 1 - self.clos / np.maximum(self.exposes, 1)
        return np.multiply.accumulate(restes)


def quantile_avec_stock(
    ouvertures: Cellules,
    clotures: Cellules,
    horloge: str,
    q: Quantile,
    periodes: Sequence[Periode],
    contexte: Contexte,
) -> list[DecileAvecStock]:
    """The q-quantile of delays with the stock, per period, of each caisse and of the network (code ``RESEAU``).

    ``ouvertures``: caisse, jour, n; ``clotures``: caisse, jour_ouvert, jour, n, compte; all since the first day known.
    ``compte`` 0: the file went out some other way (refused, cancelled), its delay is only known to be longer. What
    was closed before the first period may have been taken off the openings instead.
    ``horloge``: jours_calendaires or jours_ouvres, by each caisse's calendar. A period under way ends today. Values
    come in the order of the ends of the periods.
    """
    valeurs: list[DecileAvecStock] = []
    for periode, vus in observes(ouvertures, clotures, horloge, periodes, contexte):
        for groupes in (vus, vus._replace(groupe=np.full_like(vus.groupe, RESEAU))):
            valeurs += [
                DecileAvecStock(caisse, periode, quantile_de(table, q), int(table.clos.sum()), ouverts)
                for caisse, table, ouverts in tables(groupes)
            ]
    return valeurs


def observes(
    ouvertures: Cellules, clotures: Cellules, horloge: str, periodes: Sequence[Periode], contexte: Contexte
) -> Iterator[tuple[Periode, Observes]]:
    """The files watched in each period (see ``quantile_avec_stock``), grouped by caisse.

    A file closed before the day it was opened was closed at age 0.
    """
    ouverts, clos = (_par_jour(cellules, contexte) for cellules in (ouvertures, clotures))
    vu_o = vu_c = 0
    caisses = ouverts_le = restants = np.empty(0, dtype=np.int64)
    for periode in sorted(periodes, key=lambda p: p.au):
        fin_o, fin_c = (int(np.searchsorted(c["jour"], periode.au + 1)) for c in (ouverts, clos))
        nouveaux, partis = slice(vu_o, fin_o), slice(vu_c, fin_c)
        vu_o, vu_c = fin_o, fin_c
        # What is open in the evening is what was opened less what was closed, whenever it was.
        caisses, ouverts_le, restants = sommer_par(
            np.concatenate([caisses, ouverts["caisse"][nouveaux], clos["caisse"][partis]]),
            np.concatenate([ouverts_le, ouverts["jour"][nouveaux], clos["jour_ouvert"][partis]]),
            np.concatenate([restants, ouverts["n"][nouveaux], -clos["n"][partis]]),
        )
        soirs = np.minimum(_aujourdhui(caisses, contexte), periode.au)
        garde = (restants > 0) & (soirs >= periode.du)
        pendant = slice(int(np.searchsorted(clos["jour"], periode.du)), fin_c)
        groupe = np.concatenate([caisses[garde], clos["caisse"][pendant]])
        debut = np.concatenate([ouverts_le[garde], clos["jour_ouvert"][pendant]])
        fin = np.concatenate([soirs[garde], clos["jour"][pendant]])
        entree, sortie = (
            np.maximum(0, jours_ecoules(horloge, groupe, debut, jours, contexte.calendriers)).astype(np.int64)
            for jours in (np.maximum(debut, periode.du), fin)
        )
        n = np.concatenate([restants[garde], clos["n"][pendant]])
        est_clos = np.concatenate([np.zeros(garde.sum(), dtype=np.int64), clos["compte"][pendant]])
        ouvert = (np.arange(len(n)) < garde.sum()).astype(np.int64)
        yield periode, Observes(groupe, entree, sortie, est_clos, ouvert, n)


def tables(vus: Observes) -> list[tuple[int, Table, int]]:
    """(group, its life table, files open at the end) of each group, ascending."""
    codes, rangs = np.unique(vus.groupe, return_inverse=True)
    if not len(codes):
        return []
    forme = (len(codes), int(vus.sortie.max()) + 2)
    exposes, clos = np.zeros(forme, dtype=np.int64), np.zeros(forme, dtype=np.int64)
    np.add.at(exposes, (rangs, vus.entree), vus.n)
    np.add.at(exposes, (rangs, vus.sortie + 1), -vus.n)
    np.add.at(clos, (rangs, vus.sortie), vus.n * vus.clos)
    exposes = np.cumsum(exposes, axis=1)
    ouverts = np.zeros(len(codes), dtype=np.int64)
    np.add.at(ouverts, rangs, vus.n * vus.ouvert)
    return [
        (int(code), Table(exposes[i], clos[i]), int(ouverts[i])) for i, code in enumerate(codes) if exposes[i].any()
    ]


def quantile_de(table: Table, q: Quantile) -> int | None:
    """The smallest age t with S(t) ≤ 1 − q; None: not reached. Exact, also where S(t) equals 1 − q.

    Of files all closed and all watched from age 0, it is the nearest-rank quantile (``rangs.quantile``).
    """
    reste = q[1] - q[0]
    proches = np.flatnonzero(table.survie <= reste / q[1] * (1 + _FLOU))
    for age in map(int, proches):
        exposes, clos = table.exposes[: age + 1], table.clos[: age + 1]
        touches = clos > 0
        facteurs = (exposes - clos)[touches].tolist(), exposes[touches].tolist()
        if math.prod(facteurs[0]) * q[1] <= math.prod(facteurs[1]) * reste:
            return age
    return None


def _par_jour(cellules: Cellules, contexte: Contexte) -> Cellules:
    """In the order of days, without what is dated after today: an event may be dated in the future."""
    ordre = np.argsort(cellules["jour"], kind="stable")
    ordre = ordre[cellules["jour"][ordre] <= _aujourdhui(cellules["caisse"][ordre], contexte)]
    return {nom: colonne[ordre] for nom, colonne in cellules.items()}


def _aujourdhui(caisses: Entiers, contexte: Contexte) -> Entiers:
    codes, rangs = np.unique(caisses, return_inverse=True)
    jours = np.array([contexte.maintenant[code][0] for code in codes.tolist()], dtype=np.int64)
    return jours[rangs]
