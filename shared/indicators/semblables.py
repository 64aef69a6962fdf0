"""What would have become of a caisse? What became of those in the same situation that nothing of the kind touched.

A situation is a caisse and three months in a row. Of all those of the network, the caisse's own included, that nothing
touched then nor before the outcome, the SEMBLABLES nearest to the one judged say how one like it goes on. What moved
the whole network in those months (its median) is taken out of each, and put back for the months judged. Being of
the size of a caisse is not being in its trouble: whoever is helped is helped for bad figures, some of which come back
by themselves while others go on getting worse.

The interval needs no law: of n evolutions and one more of the same kind, that one lies between the least and the
greatest n - 1 times in n + 1. Where the caisse stood apart from those it is compared with, half of that gap is added on
either side, since a part of it might have closed, or opened, by itself. Tried where the truth is known:
``python -m vigie.experience.mesure``, docs/effet-entraide.md. Pure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.indicators.differences import TEMOINS_MIN, Conclusion, Difference, Serie, conclure
from shared.indicators.sens import Mieux
from shared.network.mois import Mois

MOIS_AVANT = 3
"""Months that make a situation: the month the comité judged and those that led to it."""

HISTOIRE = 24
"""Months before in which situations are looked for."""

SEMBLABLES = 40
"""Situations compared with: 39 in 41 is 95 %."""

SEMBLABLES_MIN = 20
"""Fewer, and nothing is concluded: 19 in 21 is 90 %."""

_POIDS = np.array([0.25, 0.5, 1.0])
"""Of the squared gaps of each month; the last one counts most."""

_PART_DU_RETRAIT = 0.5
"""Of the gap between the caisse and those it is compared with, what the interval is widened by on either side."""

_BRUIT = 1e-9

Reels = NDArray[np.float64]
Entiers = NDArray[np.int64]

Touches = Mapping[str, Collection[Mois]]
"""Caisse -> the months in which something of the kind touched it."""


class Bornes(NamedTuple):
    """What the indicator can be."""

    bas: float = 0.0
    haut: float = inf


POSITIF = Bornes()
PART = Bornes(0.0, 100.0)
"""Of an indicator in %."""


@dataclass(frozen=True, slots=True)
class Comparaison:
    """One caisse and the situations like its own, in the unit of the indicator, or in % of its mean before.

    ``raison``: why nothing is concluded. ``avant``: its last month before; ``temoins_avant`` and ``temoins_apres``: the
    mean of theirs, and of what came of them. ``situations``: (caisse, last month before), the nearest first.
    ``isolee``: none of them was as bad.
    """

    mois: Mois
    conclusion: Conclusion
    raison: str | None = None
    avant: float | None = None
    apres: float | None = None
    temoins_avant: float | None = None
    temoins_apres: float | None = None
    difference: Difference | None = None
    situations: tuple[tuple[str, Mois], ...] = ()
    isolee: bool = False

    @property
    def temoins(self) -> tuple[str, ...]:
        """The caisses of the situations, each once."""
        return tuple(sorted({caisse for caisse, _ in self.situations}))


def confiance(n: int) -> int:
    """In %, of an interval taken from ``n`` situations."""
    return round(100 * (n - 1) / (n + 1))


def comparer(
    mois: Mois,
    debut: Mois,
    caisse: str,
    series: Mapping[str, Serie],
    touches: Touches,
    mieux: Mieux,
    bornes: Bornes = POSITIF,
    *,
    relative: bool = False,
) -> Comparaison:
    """``caisse`` in ``mois`` against what it was before ``debut``, the month something began to touch it.

    ``series``: of every caisse, it too. ``relative``: sizes differ, so all is in % of the mean of the three months.
    """
    avant = [debut.plus(-recul) for recul in range(MOIS_AVANT, 0, -1)]
    sienne = series.get(caisse, {})
    if mois not in sienne:
        return _rien(mois, f"{mois.en_clair} n'est pas mesuré.")
    connus = [m for m in avant if m in sienne]
    if len(connus) < MOIS_AVANT:
        return _rien(mois, f"{len(connus)} mois mesurés avant ; il en faut {MOIS_AVANT}.")
    depuis = {debut.plus(rang) for rang in range(mois.depuis(debut) + 1)}
    libres = {**touches, caisse: {*touches.get(caisse, ()), *depuis}}
    ici = np.array([[sienne[m] for m in (*avant, mois)]])
    lues = _situations(mois, debut, series, libres)
    if relative:
        ici = _en_part(ici)
        lues = lues._replace(valeurs=_en_part(lues.valeurs)).ou(
            np.flatnonzero(lues.valeurs[:, :MOIS_AVANT].any(axis=1))
        )
        if np.isnan(ici).any():
            return _rien(mois, "Son niveau d'avant est nul.")
    memes_mois = int((lues.reculs == 0).sum())
    if len(lues.reculs) < SEMBLABLES_MIN or memes_mois < TEMOINS_MIN:
        trouvees = f"{len(lues.reculs)} situations que rien de tel n'a touchées, dont {memes_mois} des mêmes mois"
        return _rien(mois, f"{trouvees} ; il en faut {SEMBLABLES_MIN}, dont {TEMOINS_MIN}.")
    return _juger(mois, debut, ici[0], lues, sorted(series), mieux, bornes)


class _Situations(NamedTuple):
    """``caisses``: ranks by name; ``reculs``: months earlier; ``valeurs``: three months and the outcome."""

    caisses: Entiers
    reculs: Entiers
    valeurs: Reels

    def ou(self, choisies: NDArray[Any]) -> "_Situations":
        """Some of them, by mask or by rank."""
        return _Situations(*(colonne[choisies] for colonne in self))


def _situations(mois: Mois, debut: Mois, series: Mapping[str, Serie], touches: Touches) -> _Situations:
    """Every situation that ended with the month before ``debut`` or earlier, and that nothing touched until its
    outcome."""
    noms, portee = sorted(series), mois.depuis(debut) + 1
    calendrier = [mois.plus(-recul) for recul in range(HISTOIRE + portee + MOIS_AVANT - 1, -1, -1)]
    valeurs = np.array([[series[nom].get(m, np.nan) for m in calendrier] for nom in noms], dtype=np.float64)
    libres = np.array([[m not in touches.get(nom, ()) for m in calendrier] for nom in noms], dtype=np.bool_)
    trouvees = []
    for fin in range(MOIS_AVANT, len(calendrier) - portee + 1):
        lignes = np.column_stack((valeurs[:, fin - MOIS_AVANT : fin], valeurs[:, fin + portee - 1]))
        intactes = libres[:, fin - MOIS_AVANT : fin + portee].all(axis=1)
        bonnes = np.flatnonzero(np.isfinite(lignes).all(axis=1) & intactes)
        reculs = np.full(len(noms), len(calendrier) - portee - fin)
        trouvees.append(_Situations(np.arange(len(noms)), reculs, lignes).ou(bonnes))
    return _Situations(*(np.concatenate(colonnes) for colonnes in zip(*trouvees, strict=True)))


def _en_part(valeurs: Reels) -> Reels:
    """In % of the mean of the months before; not a number where that is nil."""
    niveaux = valeurs[:, :MOIS_AVANT].mean(axis=1, keepdims=True)
    parts: Reels = 100 * valeurs / np.where(niveaux > 0, niveaux, np.nan)
    return parts


def _juger(
    mois: Mois, debut: Mois, ici: Reels, lues: _Situations, noms: Sequence[str], mieux: Mieux, bornes: Bornes
) -> Comparaison:
    evolutions = lues.valeurs[:, -1] - lues.valeurs[:, -2]
    communes = {recul: float(np.median(evolutions[lues.reculs == recul])) for recul in set(lues.reculs.tolist())}
    ecarts = (lues.valeurs[:, :MOIS_AVANT] - ici[:MOIS_AVANT]) ** 2 @ _POIDS
    proches = np.argsort(ecarts, kind="stable")[:SEMBLABLES]
    choisies = lues.ou(proches)
    derniers, dernier, observe = choisies.valeurs[:, -2], float(ici[-2]), float(ici[-1])
    propres = evolutions[proches] - np.array([communes[recul] for recul in choisies.reculs.tolist()])
    attendues = np.clip(dernier + communes[0] + propres, *bornes)
    if np.ptp(attendues) <= _BRUIT * (1 + np.abs(attendues).max()):
        return _rien(mois, "Les situations semblables ont toutes évolué de même : rien ne dit le hasard.")
    retrait = _PART_DU_RETRAIT * abs(dernier - float(derniers.mean()))
    bas, haut = np.clip((attendues.min() - retrait, attendues.max() + retrait), *bornes).tolist()
    trouvee = Difference(observe - float(attendues.mean()), observe - haut, observe - bas, len(proches))
    return Comparaison(
        mois, conclure(trouvee, mieux), None,
        avant=dernier, apres=observe,
        temoins_avant=float(derniers.mean()), temoins_apres=float(choisies.valeurs[:, -1].mean()),
        difference=trouvee,
        situations=tuple(
            (noms[rang], debut.plus(-1 - recul))
            for rang, recul in zip(choisies.caisses.tolist(), choisies.reculs.tolist(), strict=True)
        ),
        isolee=bool((dernier < derniers).all() if mieux == "haut" else (dernier > derniers).all()),
    )  # fmt: skip


def _rien(mois: Mois, raison: str) -> Comparaison:
    return Comparaison(mois, "pas_assez_de_donnees", f"Pas assez de données. {raison}")
