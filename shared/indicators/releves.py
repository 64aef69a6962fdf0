"""Quantities that were read (scores, counts of people, counts of calls): what compares and adds them."""

from collections.abc import Mapping

import numpy as np

from shared.indicators.rangs import Entiers


def ecarts(comptes: Mapping[str, Entiers]) -> dict[str, Entiers]:
    """How far apart the sources of one same count are, where at least two of them gave it.

    ``comptes``: caisse, jour, plateforme, origine (0, 1 ...), total: what each source counted there that day.
    Result, one row per caisse, day and platform: caisse, jour, num (the greatest count less the least), den (the
    greatest), n (1). Days do not make up for one another: sources that disagree both ways disagree.
    """
    lieux = np.stack([comptes[nom] for nom in ("caisse", "jour", "plateforme")], axis=1)
    cles, rangs = np.unique(lieux, axis=0, return_inverse=True)
    forme = (len(cles), int(comptes["origine"].max(initial=0)) + 1)
    totaux, vus = np.zeros(forme, dtype=np.int64), np.zeros(forme, dtype=np.bool_)
    np.add.at(totaux, (rangs.reshape(-1), comptes["origine"]), comptes["total"])
    vus[rangs.reshape(-1), comptes["origine"]] = True
    communs = vus.sum(axis=1) >= 2
    plus = np.where(vus, totaux, np.iinfo(np.int64).min).max(axis=1, initial=0)[communs]
    moins = np.where(vus, totaux, np.iinfo(np.int64).max).min(axis=1, initial=np.iinfo(np.int64).max)[communs]
    caisses, jours = cles[communs, 0], cles[communs, 1]
    return {"caisse": caisses, "jour": jours, "num": plus - moins, "den": plus, "n": np.ones_like(plus)}
