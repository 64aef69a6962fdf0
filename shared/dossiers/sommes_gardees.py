"""Sums of cells kept by pieces of the calendar, so that after a batch only the days that it touched are read again.

What is kept of a piece is right as long as the numbers of ``mouvements`` over its days are those it was read under:
numbers and cells are read in one snapshot, so that an answer made of pieces is of one instant. A piece that moved is
made again from the pieces within it, of which most did not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.transactions import directe, pilote
from shared.dossiers.cellules import Cellier, Entiers, Filtre, Selection, dimensions_de
from shared.dossiers.deltas import sommer_lignes
from shared.dossiers.mouvements import AXES, JOURS_FINS, Mouvements, Numeros
from shared.dossiers.noeuds import Noeud, enfants, paver
from shared.dossiers.tables import TABLE

MEMOIRE = 128 * 2**20
"""Bytes of sums that a process keeps at most; the least lately used go first."""

JOURS_VIFS = 7
"""Days before today that are read one by one from the first time: most of what comes is of these."""

_PAR_SOMME = 700
"""Bytes a kept sum takes beside its numbers."""

_AXES = {(TABLE[genre], colonne): axe for axe, (genre, colonne) in enumerate(AXES)}

_MOIS_MAX = 31
_VIDE = np.empty(0, dtype=np.int64)
_ETROITS = (np.int8, np.int16, np.int32)


class _Gardee(NamedTuple):
    """Rows by column, as narrow as they fit, and the number they were read under."""

    version: int
    colonnes: Sequence[NDArray[Any]]

    @property
    def octets(self) -> int:
        return _PAR_SOMME + sum(colonne.nbytes for colonne in self.colonnes)

    def lignes(self) -> Entiers:
        """One row per cell, dimensions then measures."""
        return np.stack([colonne.astype(np.int64) for colonne in self.colonnes], axis=1)


class Sommes:
    """The kept sums of a process, by what they sum and over which piece. Bounded by ``octets_max``."""

    def __init__(self, mouvements: Mouvements, octets_max: int = MEMOIRE) -> None:
        self.mouvements = mouvements
        self._octets_max = octets_max
        self._gardees: OrderedDict[tuple[int, Noeud], _Gardee] = OrderedDict()
        self._modeles: dict[Hashable, int] = {}
        self._verrous: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self.octets = 0

    def modele(self, cle: Hashable) -> int:
        """A number for what is summed."""
        return self._modeles.setdefault(cle, len(self._modeles))

    def verrou(self, modele: int) -> asyncio.Lock:
        """Held while sums of that number are read."""
        return self._verrous.setdefault(modele, asyncio.Lock())

    def lire(self, modele: int, noeud: Noeud) -> _Gardee | None:
        """What is kept of a piece, right or not."""
        gardee = self._gardees.get((modele, noeud))
        if gardee is not None:
            self._gardees.move_to_end((modele, noeud))
        return gardee

    def garder(self, modele: int, noeud: Noeud, version: int, lignes: Entiers) -> None:
        """Keep what was read of a piece under ``version``, in place of what was."""
        avant = self._gardees.pop((modele, noeud), None)
        gardee = _Gardee(version, [_etroite(colonne) for colonne in lignes.T])
        self._gardees[modele, noeud] = gardee
        self.octets += gardee.octets - (0 if avant is None else avant.octets)
        while self.octets > self._octets_max:
            _, partie = self._gardees.popitem(last=False)
            self.octets -= partie.octets


class CellierGarde(Cellier):
    """A reader that keeps sums of the whole network, as known today, by pieces of the days asked.

    For connections in autocommit: a transaction of the caller's is of another instant than the numbers, and is read
    as by ``Cellier``; so is what is asked of a caisse or a platform alone.
    """

    def __init__(
        self, schema: str, memoire: dict[str, dict[str, Entiers]] | None = None, sommes: Sommes | None = None
    ) -> None:
        super().__init__(schema, memoire)
        self.sommes = sommes or Sommes(Mouvements(schema))
        self._nu = Cellier(schema)

    def a_memoire(self) -> "CellierGarde":
        """The same for one refresh; the kept sums are those of all."""
        return CellierGarde(self._schema, {}, self.sommes)

    async def sommer(
        self, conn: AsyncConnection, filtre: Filtre, selections: Sequence[Selection], mesures: Sequence[str]
    ) -> dict[str, Entiers]:
        """See ``Cellier.sommer``."""
        jours = [s.jours for s in selections if s.jours is not None]
        entier = filtre.caisse is None and filtre.plateforme is None and filtre.connu is None
        if not entier or len(jours) < len(selections) or (await pilote(conn)).is_in_transaction():
            return await super().sommer(conn, filtre, selections, mesures)
        lu = [
            (s.table, tuple(s.colonnes.items()), s.condition, j.colonne) for s, j in zip(selections, jours, strict=True)
        ]
        modele = self.sommes.modele((filtre, tuple(lu), tuple(mesures)))
        axes = [_AXES[table, colonne] for table, _, _, colonne in lu]
        tranches = [(du, paver(du, fin)) for du, fin in pairwise(jours[0].coupes)]
        # One reading at a time of the same sums: who waited for it reads only what moved since.
        async with self.sommes.verrou(modele):
            async with directe(conn) as brute, brute.transaction(isolation="repeatable_read", readonly=True):
                numeros = (await self.sommes.mouvements.numeros(conn, [filtre.process]))[filtre.process]
                lecture = _Lecture(self.sommes, modele, numeros, axes, jours[0].vers)
                for _, noeuds in tranches:
                    lecture.chercher(noeuds)
                if lecture.absents:
                    parts = [
                        replace(s, jours=j._replace(coupes=coupes))
                        for coupes in _suites(lecture.absents)
                        for s, j in zip(selections, jours, strict=True)
                    ]
                    lecture.prendre(await self._nu.sommer(conn, filtre, parts, mesures))
            noms = ["caisse", *(nom for nom in dimensions_de(selections[0], mesures)[1:] if nom != "jour"), *mesures]
            par_tranche = [
                np.concatenate([_VIDE.reshape(0, len(noms)), *(lecture.somme(n, len(mesures)) for n in noeuds)])
                for _, noeuds in tranches
            ]
        lignes = np.concatenate(par_tranche)
        jour = np.repeat([du for du, _ in tranches], [len(rangees) for rangees in par_tranche])
        return {"jour": jour} | {nom: lignes[:, rang] for rang, nom in enumerate(noms)}


class _Lecture:
    """One reading of some sums, by the numbers of its snapshot. ``vers``: see ``Jours``.

    ``absents``: the pieces to read, as large as can be, but where more has lately moved than the rest.
    """

    def __init__(self, sommes: Sommes, modele: int, numeros: Numeros, axes: Sequence[int], vers: int) -> None:
        self._sommes = sommes
        self._modele = modele
        self._numeros = numeros
        self._axes = axes
        self._vers = vers
        self._tenues: dict[Noeud, Entiers | _Gardee] = {}
        self.absents: list[Noeud] = []

    def chercher(self, noeuds: Iterable[Noeud]) -> None:
        """Hold what is kept of these pieces and still right; note what must be read."""
        for noeud in noeuds:
            gardee = self._sommes.lire(self._modele, noeud)
            if gardee is not None and gardee.version == self._version(noeud):
                self._tenues[noeud] = gardee
            elif self._se_divise(noeud, connue=gardee is not None):
                self.chercher(enfants(noeud))
            else:
                self.absents.append(noeud)

    def prendre(self, lues: Mapping[str, Entiers]) -> None:
        """Keep what was read of ``absents``: rows whose ``jour`` is the first day of theirs."""
        lignes = np.stack([colonne for nom, colonne in lues.items() if nom != "jour"], axis=1)
        ordre = np.argsort(lues["jour"], kind="stable")
        jours = lues["jour"][ordre]
        for noeud in self.absents:
            debut, fin = np.searchsorted(jours, noeud)
            self._tenir(noeud, lignes[ordre[debut:fin]])

    def somme(self, noeud: Noeud, mesures: int) -> Entiers:
        """The rows of a piece, dimensions then that many measures; one row per cell."""
        tenue = self._tenues.get(noeud)
        if tenue is None:
            morceaux = np.concatenate([self.somme(enfant, mesures) for enfant in enfants(noeud)])
            tenue = self._tenir(noeud, sommer_lignes(morceaux, mesures))
        return tenue.lignes() if isinstance(tenue, _Gardee) else tenue

    def _tenir(self, noeud: Noeud, lignes: Entiers) -> Entiers:
        self._tenues[noeud] = lignes
        self._sommes.garder(self._modele, noeud, self._version(noeud), lignes)
        return lignes

    def _version(self, noeud: Noeud) -> int:
        return sum(self._numeros.entre(axe, noeud.du, noeud.fin - 1) for axe in self._axes)

    def _se_divise(self, noeud: Noeud, *, connue: bool) -> bool:
        """Whether to look within: what moved there once will again, and what moves most is told apart from the start.
        Beyond the days whose movements are told apart, all of a month moves at once."""
        if noeud.jours == 1 or (noeud.jours <= _MOIS_MAX and noeud.fin <= self._vers - JOURS_FINS):
            return False
        vif = noeud.du <= self._vers + 1 and noeud.fin > self._vers - JOURS_VIFS
        return connue or vif or any(self._sommes.lire(self._modele, e) is not None for e in enfants(noeud))


def _suites(noeuds: Sequence[Noeud]) -> Iterator[tuple[int, ...]]:
    """The cuts of the pieces, which are in order, by runs of those that touch."""
    coupes: list[int] = []
    for noeud in noeuds:
        if coupes and noeud.du != coupes[-1]:
            yield tuple(coupes)
            coupes = []
        coupes += [noeud.fin] if coupes else noeud
    if coupes:
        yield tuple(coupes)


def _etroite(colonne: Entiers) -> NDArray[Any]:
    """The same numbers in the narrowest type that holds them."""
    if not len(colonne):
        return colonne.astype(np.int8)
    bas, haut = int(colonne.min()), int(colonne.max())
    etroits = (t for t in _ETROITS if np.iinfo(t).min <= bas and haut <= np.iinfo(t).max)
    return colonne.astype(next(etroits, np.int64))
