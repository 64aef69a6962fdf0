"""Completeness of many sources at once, as ``completude.juger_tous`` and ``resumer`` give it one by one, and of the
caisses they speak of."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.indicators.completude import (
    COMPARABLES,
    GRAPPES,
    HASARD,
    JOURS,
    PETITE,
    PLANCHER,
    SEMAINES,
    SILENCE,
    cumul_poisson,
)
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
    if colonnes <= MEMOIRE or not sources:
        return [Bilan(0.0, 0.0, 0, 0)] * sources
    depuis = np.where(recus.any(axis=1), (recus > 0).argmax(axis=1), colonnes)
    prevu, inconnu = attentes(recus, chome, depuis)
    ici = recus[:, MEMOIRE:]
    complet, silencieux = juger(ici, prevu, inconnu)
    venus = np.where(complet, prevu, np.minimum(ici, prevu))
    colonnes_de_bilan = (prevu.sum(axis=1), venus.sum(axis=1), silencieux.sum(axis=1), inconnu.sum(axis=1))
    return [Bilan(*ligne) for ligne in zip(*(c.tolist() for c in colonnes_de_bilan), strict=True)]


def attentes(
    recus: NDArray[np.int64], chome: NDArray[np.bool_], depuis: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Events expected of the columns after the first ``MEMOIRE``, as by ``completude.attendu``, and where that is not
    known (0 expected then). ``depuis``: the column from which each source is there."""
    connu = (np.arange(recus.shape[1]) >= depuis[:, None]) & ~chome
    comptes, nombre = _passes(np.where(connu, recus, 0), MEMOIRE), _passes(connu, MEMOIRE)
    ferme = chome[:, MEMOIRE:]
    inconnu = ~ferme & (nombre.sum(axis=-1) < COMPARABLES)
    prevu = np.where(ferme | inconnu, 0.0, _medianes(comptes, nombre))
    petites = np.flatnonzero(_petites(recus))
    parts_de_semaine = _parts_de_semaine(recus[petites], chome[petites], connu[petites], depuis[petites])
    juste = ~((ferme | inconnu)[petites] | np.isnan(parts_de_semaine))
    prevu[petites] = np.where(juste, parts_de_semaine, prevu[petites])
    return prevu, inconnu


def juger(
    recus: NDArray[np.int64], prevus: NDArray[np.float64], inconnus: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which days of a period, all of them over, are complete, and which silent, as by ``completude.juger_tous``."""
    complets = recus >= PLANCHER * prevus
    for source, jour in np.argwhere(~complets).tolist():
        complets[source, jour] = cumul_poisson(int(recus[source, jour]), float(prevus[source, jour])) >= HASARD
    silencieux = ~complets & (recus == 0)
    trop_peu = np.where(inconnus, 0, recus).sum(axis=1) < PLANCHER * prevus.sum(axis=1)
    for ligne in np.flatnonzero(trop_peu | ((recus == 0) & (prevus > 0)).any(axis=1)).tolist():
        _ensemble(recus[ligne], prevus[ligne], inconnus[ligne], complets[ligne], silencieux[ligne])
    return complets, silencieux


def _passes(valeurs: NDArray[Any], depuis: int) -> NDArray[Any]:
    """Of each column from ``depuis`` on, the same days of the past weeks, on one more axis."""
    fin = valeurs.shape[-1]
    return np.stack([valeurs[..., depuis - JOURS * k : fin - JOURS * k] for k in range(1, SEMAINES + 1)], axis=-1)


def _medianes(comptes: NDArray[np.int64], valides: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Along the last axis, of what is valid; of nothing, no matter what."""
    tries = np.sort(np.where(valides, comptes, np.iinfo(np.int64).max), axis=-1)
    nombre = valides.sum(axis=-1)
    rangs = [np.maximum(rang, 0)[..., None] for rang in (nombre // 2, (nombre - 1) // 2)]
    bas, haut = (
        np.take_along_axis(tries, np.minimum(rang, SEMAINES - 1), axis=-1)[..., 0].astype(np.float64) for rang in rangs
    )
    return (bas + haut) / 2


def _petites(recus: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The sources of which some week may have been small: the others are not looked at day by day."""
    semaines = np.lib.stride_tricks.sliding_window_view(recus, JOURS, axis=1).sum(axis=-1)
    return np.asarray((semaines < PETITE).any(axis=1) & recus.any(axis=1))


def _parts_de_semaine(
    recus: NDArray[np.int64], chome: NDArray[np.bool_], connu: NDArray[np.bool_], depuis: NDArray[np.int64]
) -> NDArray[np.float64]:
    """As ``completude.attendu`` expects of the days of small sources; NaN where they are not."""
    colonnes = recus.shape[1]
    jours, debuts = colonnes - MEMOIRE, np.arange(colonnes - JOURS)
    semaines, fermes = (
        np.lib.stride_tricks.sliding_window_view(tableau, JOURS, axis=1)[:, : debuts.size] for tableau in (recus, chome)
    )
    entieres = (debuts >= depuis[:, None]) & ~fermes.any(axis=-1)
    totaux, valides = (
        np.stack([t[:, MEMOIRE - JOURS * k : colonnes - JOURS * k] for k in range(1, SEMAINES + 1)], axis=-1)
        for t in (semaines.sum(axis=-1), entieres)
    )
    semaine = _medianes(totaux, valides)
    vus = np.where(connu, recus, 0)
    par_jour = np.pad(np.stack([vus, connu, vus > 0]).astype(np.int64), ((0, 0), (0, 0), (0, JOURS - 1)))
    sommes = _passes(par_jour, MEMOIRE).sum(axis=-1)
    ici = sommes[0, :, :jours]
    suites = np.lib.stride_tricks.sliding_window_view(sommes, JOURS, axis=-1)[:, :, :jours]
    vivants = suites[0] > 0
    total, creneaux, occupes = ((ligne * vivants).sum(axis=-1) for ligne in suites)
    petit = (valides.sum(axis=-1) >= COMPARABLES) & (semaine > 0) & (semaine < PETITE) & (total > 0)
    creneaux, total = np.maximum(creneaux, 1), np.maximum(total, 1)
    petit &= ~(occupes < GRAPPES * creneaux * -np.expm1(-total / creneaux))
    return np.where(petit, semaine * ici / total, np.nan)


def _ensemble(
    recus: NDArray[np.int64],
    prevus: NDArray[np.float64],
    inconnus: NDArray[np.bool_],
    complets: NDArray[np.bool_],
    silencieux: NDArray[np.bool_],
) -> None:
    """Look at the days of one source together, as ``completude.juger_tous``; marks ``complets``, ``silencieux``."""
    vides = (recus == 0) & ~inconnus
    bords = np.flatnonzero(np.diff(np.concatenate([[0], vides.astype(np.int8), [0]])))
    for du, au in bords.reshape(-1, 2).tolist():
        if prevus[du:au].sum() >= SILENCE:
            muets = prevus[du:au] > 0
            silencieux[du:au] |= muets
            complets[du:au] &= ~muets
    recu, prevu = int(recus[~inconnus].sum()), float(prevus[~inconnus].sum())
    if recu < PLANCHER * prevu and cumul_poisson(recu, prevu) < HASARD:
        complets &= recus >= prevus


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
