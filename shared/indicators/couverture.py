"""Completeness of many sources at once, as ``completude.juger`` and ``resumer`` give it one by one, and of the
caisses they speak of."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.indicators.completude import COMPARABLES, HASARD, JOURS, PLANCHER, SEMAINES, cumul_poisson
from shared.indicators.statistiques import RESEAU

MEMOIRE = JOURS * SEMAINES
"""Days before a period that its expectation is made from."""


class Bilan(NamedTuple):
    """Of one source over a period: events ``attendus`` and, of these, ``venus`` (a surplus of one day never makes up
    for another); days on which nothing came of what was expected; days of which nothing is known."""

    attendus: float
    venus: float
    silencieux: int
    inconnus: int


class Part(NamedTuple):
    """What a figure is built on: share received of what was expected (None: not known), whether all of it is there,
    and how many of its sources are silent at present."""

    taux: float | None
    complete: bool
    muettes: int

    @property
    def insuffisante(self) -> bool:
        """Too little came for a verdict: less than ``PLANCHER`` of what was expected, or nothing from sources gone
        for so long that nothing is expected of them any more."""
        return self.muettes > 0 if self.taux is None else self.taux < PLANCHER


def bilans(recus: NDArray[np.int64], chome: NDArray[np.bool_]) -> list[Bilan]:
    """Of each source, over the columns after the first ``MEMOIRE``. Both arrays: one row a source, one column a day.

    A source is there from the first column it sent something in.
    """
    sources, colonnes = recus.shape
    jours = colonnes - MEMOIRE
    if jours <= 0 or not sources:
        return [Bilan(0.0, 0.0, 0, 0)] * sources
    depuis = np.where(recus.any(axis=1), (recus > 0).argmax(axis=1), colonnes)
    connu = (np.arange(colonnes) >= depuis[:, None]) & ~chome
    passes = [slice(MEMOIRE - JOURS * k, colonnes - JOURS * k) for k in range(1, SEMAINES + 1)]
    comptes = np.sort(
        np.stack([np.where(connu[:, p], recus[:, p], np.iinfo(np.int64).max) for p in passes], axis=-1), axis=-1
    )
    nombre = np.stack([connu[:, p] for p in passes], axis=-1).sum(axis=-1)
    rangs = [np.maximum(rang, 0)[..., None] for rang in (nombre // 2, (nombre - 1) // 2)]
    bas, haut = (np.take_along_axis(comptes, np.minimum(rang, SEMAINES - 1), axis=-1)[..., 0] for rang in rangs)
    ferme, ici = chome[:, MEMOIRE:], recus[:, MEMOIRE:]
    inconnu = ~ferme & (nombre < COMPARABLES)
    prevu = np.where(ferme | inconnu, 0.0, (bas.astype(np.float64) + haut) / 2)
    complet = ici >= PLANCHER * prevu
    for source, jour in np.argwhere(~complet).tolist():
        complet[source, jour] = cumul_poisson(int(ici[source, jour]), float(prevu[source, jour])) >= HASARD
    venus = np.where(complet, prevu, np.minimum(ici, prevu))
    silencieux = ~complet & (ici == 0)
    colonnes_de_bilan = (prevu.sum(axis=1), venus.sum(axis=1), silencieux.sum(axis=1), inconnu.sum(axis=1))
    return [Bilan(*ligne) for ligne in zip(*(c.tolist() for c in colonnes_de_bilan), strict=True)]


def parts(juges: Sequence[Bilan], caisses: Sequence[Collection[int]], muettes: Sequence[bool]) -> Mapping[int, Part]:
    """By caisse that a source speaks of, and for the network (code 0) when there is any source."""
    par_caisse: dict[int, list[int]] = {RESEAU: list(range(len(juges)))} if juges else {}
    for rang, siennes in enumerate(caisses):
        for caisse in siennes:
            par_caisse.setdefault(caisse, []).append(rang)
    return {
        caisse: _part([juges[r] for r in rangs], sum(muettes[r] for r in rangs)) for caisse, rangs in par_caisse.items()
    }


def _part(juges: Sequence[Bilan], muettes: int) -> Part:
    attendus = sum(b.attendus for b in juges)
    taux = sum(b.venus for b in juges) / attendus if attendus else None
    sans_trou = not any(b.silencieux or b.inconnus for b in juges)
    return Part(taux, taux is not None and taux >= PLANCHER and sans_trou and not muettes, muettes)
