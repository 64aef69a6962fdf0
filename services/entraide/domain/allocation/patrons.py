"""Blocks: every (first week, last week) a mission may take, and what an ETP in it delivers.

A mission is one column of the program, so that ramp-up, holidays and the weeks permitted are properties of the
column and no plan can break them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.entraide.domain.allocation.modele import (
    CENTIEMES,
    JOURS_DE_REFERENCE,
    MILLIEMES,
    Demande,
    Offreur,
    Paire,
    Poids,
    Probleme,
    Surete,
)

Entiers = NDArray[np.int64]
Reels = NDArray[np.float64]
Booleens = NDArray[np.bool_]

ILLIMITE = 1_000_000
"""Stands for "no limit" among hundredths of ETP and of ETP-weeks."""


@dataclass(frozen=True)
class Blocs:
    """All blocks of a horizon, shape [bloc]. ``presence``: [bloc, semaine], 1 in the weeks of the block.

    ``cumul``: [bloc, semaine], weeks of the block worked up to that week included.
    """

    debuts: Entiers
    fins: Entiers
    presence: Entiers
    cumul: Entiers

    @property
    def couples(self) -> list[tuple[int, int]]:
        """(first week, last week) of each block."""
        return [(int(d), int(f)) for d, f in zip(self.debuts, self.fins, strict=True)]

    @cached_property
    def longueurs(self) -> Entiers:
        return self.fins - self.debuts + 1


def blocs(semaines: int) -> Blocs:
    """Every block of a horizon, by first then last week."""
    return blocs_de([(d, f) for d in range(semaines) for f in range(d, semaines)], semaines)


def blocs_de(couples: Sequence[tuple[int, int]], semaines: int) -> Blocs:
    """The blocks of these (first week, last week)."""
    debuts, fins = np.array(couples, dtype=np.int64).reshape(-1, 2).T
    t = np.arange(semaines)
    presence = ((t >= debuts[:, None]) & (t <= fins[:, None])).astype(np.int64)
    return Blocs(debuts, fins, presence, presence.cumsum(axis=1))


def effets(b: Blocs, offreur: Offreur, process: str, deja: int) -> Entiers:
    """Thousandths of an ETP-week of reference delivered per ETP, [bloc, semaine].

    Ramp-up counts from the first week of the block, unless the pair already works together (``deja`` weeks).
    """
    montee = np.array([*offreur.montee, 1.0])
    anciennete = b.cumul - 1 + deja * (b.debuts == 0)[:, None]
    rythme = montee[np.clip(anciennete, 0, len(montee) - 1)]
    jours = np.array(offreur.jours) / JOURS_DE_REFERENCE
    delivre = MILLIEMES * offreur.productivites[process] * rythme * jours * b.presence
    entiers: Entiers = np.floor(delivre + 1e-6).astype(np.int64)
    return entiers


def travail(effet: Entiers, etp: int) -> Entiers:
    """Work (see FIN) that ``etp`` hundredths of ETP deliver; of the shape of ``effet``."""
    fait: Entiers = etp * effet
    return fait


def prix(demande: Demande, poids: Poids, etp_min: int) -> Entiers:
    """Points per ETP-week missing on socle and on objectif, [2, semaine]. Below the least assignment nothing is worth
    more: a crumb brings nobody back."""
    series = np.array([demande.manque_socle, demande.manque_objectif], dtype=np.int64)
    par_etp = np.array([[poids.socle], [poids.objectif]], dtype=np.int64)
    par_semaine = np.array([[poids.semaine_socle], [poids.semaine_objectif]], dtype=np.int64)
    points: Entiers = demande.priorite * (par_etp + CENTIEMES * par_semaine // np.maximum(series, max(1, etp_min)))
    return points


def permis(b: Blocs, demande: Demande, paire: Paire, semaines_max: int) -> Booleens:
    """Blocks within the need's weeks, the pair's own and the maximum duration, [bloc]."""
    derniere = min(demande.derniere, derniere_permise(demande, paire, semaines_max))
    return (b.debuts >= max(demande.premiere, paire.premiere)) & (b.fins <= derniere)


def derniere_permise(demande: Demande, paire: Paire, semaines_max: int) -> int:
    """Last week in which the maximum duration lets a pair work."""
    return (0 if paire.deja else demande.premiere) + semaines_max - paire.deja - 1


def limites(surete: Surete | None, semaines: int) -> tuple[Entiers, Entiers]:
    """(per week, cumulative) limits of a donor on a process, in hundredths; nothing without a known margin."""
    if surete is None:
        return np.zeros(semaines, dtype=np.int64), np.zeros(semaines, dtype=np.int64)
    hebdo, cumul = (
        np.array([ILLIMITE if v is None else max(0, v) for v in serie], dtype=np.int64)
        for serie in (surete.par_semaine, surete.cumul)
    )
    return hebdo, cumul


def niveaux(b: Blocs, libre: Entiers, hebdo: Entiers, cumul: Entiers) -> Entiers:
    """Most hundredths of ETP of each block, [bloc], within what is ``libre`` at the pôle and the donor's margins.

    All three are [semaine] and already net of what is given elsewhere. A cumulative margin is spent for good: it
    limits a block in every week from its first to the end of the horizon.
    """
    par_semaine = np.where(b.presence == 1, np.minimum(libre, hebdo), ILLIMITE).min(axis=1)
    par_cumul = np.where(b.cumul > 0, cumul // np.maximum(b.cumul, 1), ILLIMITE).min(axis=1)
    possibles: Entiers = np.maximum(np.minimum(par_semaine, par_cumul), 0)
    return possibles


def rangs(probleme: Probleme) -> dict[str, int]:
    """Rank of each pôle for ties: the one that has given least of its share first, then by key."""
    ordre = sorted(probleme.offreurs, key=lambda o: (-o.part, o.cle))
    return {offreur.cle: rang for rang, offreur in enumerate(ordre)}
