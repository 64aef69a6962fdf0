"""The rows every linear program of the allocation shares, and how columns are sent to HiGHS.

Rows: capacity of each pôle and week; balance of each need and week (work received, shortfall, surplus); share of
each pôle; margins of each donor. One thread and a fixed seed: the same program always takes the same steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from services.entraide.domain.allocation.contexte import Contexte, Couple
from services.entraide.domain.allocation.glouton import Reserve
from services.entraide.domain.allocation.modele import CENTIEMES, FIN, MILLIEMES
from services.entraide.domain.allocation.patrons import Entiers, Reels

INFINI = float(highspy.kHighsInf)


@dataclass(frozen=True, slots=True)
class Lignes:
    """First row of each family; margins by rank of donor, where they can bind."""

    bilan: int
    part: int
    hebdo: dict[int, int]
    cumul: dict[int, int]


class Lot:
    """Columns or rows gathered, then sent at once."""

    def __init__(self) -> None:
        self._bornes: list[tuple[float, float, float]] = []
        self._debuts: list[int] = []
        self._indices: list[Entiers] = []
        self._valeurs: list[Reels] = []
        self._taille = 0

    def ajouter(self, entrees: tuple[Entiers, Reels], bas: float, haut: float, cout: float = 0.0) -> None:
        indices, valeurs = entrees
        self._bornes.append((cout, bas, haut))
        self._debuts.append(self._taille)
        self._indices.append(indices)
        self._valeurs.append(valeurs)
        self._taille += len(indices)

    def _tableaux(self) -> tuple[Reels, NDArray[np.int32], NDArray[np.int32], Reels]:
        indices = np.concatenate([np.zeros(0, dtype=np.int64), *self._indices]).astype(np.int32)
        valeurs = np.concatenate([np.zeros(0), *self._valeurs])
        return np.array(self._bornes).reshape(-1, 3).T, np.array(self._debuts, dtype=np.int32), indices, valeurs

    def colonnes(self, h: highspy.Highs) -> None:
        (couts, bas, hauts), debuts, indices, valeurs = self._tableaux()
        h.addCols(len(couts), couts, bas, hauts, self._taille, debuts, indices, valeurs)

    def lignes(self, h: highspy.Highs) -> None:
        (_, bas, hauts), debuts, indices, valeurs = self._tableaux()
        h.addRows(len(bas), bas, hauts, self._taille, debuts, indices, valeurs)


def solveur() -> highspy.Highs:
    """A silent single-threaded HiGHS with a fixed seed."""
    h: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, valeur in (("output_flag", False), ("threads", 1), ("parallel", "off"), ("random_seed", 0)):
        h.setOptionValue(option, valeur)
    return h


def squelette(h: highspy.Highs, c: Contexte, reserve: Reserve) -> Lignes:
    """Add the shared rows, then the shortfalls, the surpluses and what is given above each share.

    ``reserve`` says what missions already chosen leave: the program only decides on the rest.
    """
    manques = np.maximum(c.manques - reserve.recu[:, None, :], 0)
    n_o, n_d, w = len(c.probleme.offreurs), len(c.probleme.demandes), c.probleme.semaines
    bas, haut = [np.full(n_o * w, -INFINI)], [reserve.capacite.ravel().astype(float)]
    a_combler = manques[:, 1] / MILLIEMES
    a_combler[c.cumulatif, 1:] -= manques[c.cumulatif, 1, :-1] / MILLIEMES
    bas += [a_combler.ravel(), np.full(n_o, -INFINI)]
    haut += [a_combler.ravel(), np.maximum(reserve.parts, 0).astype(float)]
    hebdo: dict[int, int] = {}
    cumul: dict[int, int] = {}
    suivante = n_o * w + n_d * w + n_o
    libres = np.zeros((len(c.donneurs), w), dtype=np.int64)
    for donneur, offreur in sorted({(x.donneur, x.offreur) for x in c.couples}):
        libres[donneur] += reserve.capacite[offreur]
    for rang, libre in enumerate(libres):
        marges = ((hebdo, reserve.hebdo[rang], libre), (cumul, reserve.cumul[rang], libre.cumsum()))
        for place, limite, possible in marges:
            if (limite < possible).any():
                place[rang] = suivante
                suivante += w
                bas.append(np.full(w, -INFINI))
                haut.append(limite.astype(float))
    vide = np.zeros(0, dtype=np.int32)
    h.addRows(
        suivante, np.concatenate(bas), np.concatenate(haut), 0, np.zeros(suivante, dtype=np.int32), vide, np.zeros(0)
    )
    lignes = Lignes(n_o * w, n_o * w + n_d * w, hebdo, cumul)
    _colonnes_communes(h, c, lignes, manques)
    return lignes


def _colonnes_communes(h: highspy.Highs, c: Contexte, lignes: Lignes, manques: Entiers) -> None:
    lot, w = Lot(), c.probleme.semaines
    for d in range(len(c.probleme.demandes)):
        for s in range(w):
            prix_socle, prix_objectif = (float(v) / CENTIEMES for v in c.prix[d, :, s])
            socle, objectif = (float(v) / MILLIEMES for v in manques[d, :, s])
            ligne = lignes.bilan + d * w + s
            suite = bool(c.cumulatif[d]) and s + 1 < w
            indices = np.array([ligne, ligne + 1] if suite else [ligne])
            signes = np.array([1.0, -1.0] if suite else [1.0])
            if objectif > socle:
                lot.ajouter((indices, signes), 0.0, objectif - socle, prix_objectif)
            if socle > 0:
                lot.ajouter((indices, signes), 0.0, socle, prix_objectif + prix_socle)
            lot.ajouter((indices, -signes), 0.0, INFINI)
    for o in range(len(c.probleme.offreurs)):
        lot.ajouter((np.array([lignes.part + o]), np.array([-1.0])), 0.0, INFINI, c.probleme.poids.iniquite / CENTIEMES)
    lot.colonnes(h)


def points(cout: float) -> float:
    """A cost in points, as programs have it, from parts FIN of a point."""
    return cout / FIN


def usage(c: Contexte, lignes: Lignes, couple: Couple, bloc: int) -> tuple[Entiers, Reels]:
    """What a hundredth of ETP of a couple takes in a block: capacity, share, margins."""
    w, b = c.probleme.semaines, c.blocs
    jours = np.arange(b.debuts[bloc], b.fins[bloc] + 1)
    indices = [couple.offreur * w + jours, np.array([lignes.part + couple.offreur])]
    valeurs = [np.ones(len(jours)), np.array([float(len(jours))])]
    if couple.donneur in lignes.hebdo:
        indices.append(lignes.hebdo[couple.donneur] + jours)
        valeurs.append(np.ones(len(jours)))
    if couple.donneur in lignes.cumul:
        apres = np.arange(b.debuts[bloc], w)
        indices.append(lignes.cumul[couple.donneur] + apres)
        valeurs.append(b.cumul[bloc, apres].astype(float))
    return np.concatenate(indices), np.concatenate(valeurs)


def apport(
    c: Contexte, lignes: Lignes, demande: int, effet: Sequence[float] | Entiers | Reels
) -> tuple[Entiers, Reels]:
    """What an effect (thousandths, [semaine]) brings to the balances of a need."""
    valeurs = np.asarray(effet, dtype=float)
    (semaines,) = np.nonzero(valeurs)
    return lignes.bilan + demande * c.probleme.semaines + semaines, valeurs[semaines] / MILLIEMES


def ensemble(*entrees: tuple[Entiers, Reels]) -> tuple[Entiers, Reels]:
    """Entries put end to end."""
    return np.concatenate([e[0] for e in entrees]), np.concatenate([e[1] for e in entrees])
