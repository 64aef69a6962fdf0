"""Accepted events of one type in columns: nothing is made for each of them until something is particular about it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat, starmap
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.events.contrat import Contenu, Evenement, Refus
from shared.events.instants_en_lot import ABSENT

Entiers = NDArray[np.int64]


class Distincts(NamedTuple):
    """A column of few distinct values: the place in ``valeurs`` of each row's. Every value is some row's."""

    places: Entiers
    valeurs: Sequence[Any]

    def liste(self) -> list[Any]:
        """Each row's value."""
        if len(self.valeurs) == 1:
            return [self.valeurs[0]] * len(self.places)
        return list(map(self.valeurs.__getitem__, self.places.tolist()))

    def traduire(self, valeurs: Sequence[Any]) -> "Distincts":
        """The same rows, each value told otherwise."""
        return Distincts(self.places, valeurs)

    def coder(self, code: Callable[[Any], int]) -> Entiers:
        """The code of each row's value; asked for the values that some row has, once each."""
        return np.array([code(valeur) for valeur in self.valeurs], dtype=np.int64)[self.places]

    def choisir(self, rangs: Entiers) -> "Distincts":
        """These rows alone. No value stays that none of them has: what was refused is not to be named."""
        places = self.places[rangs]
        presentes = np.flatnonzero(np.bincount(places, minlength=len(self.valeurs)))
        if len(presentes) == len(self.valeurs):
            return Distincts(places, self.valeurs)
        nouvelles = np.zeros(len(self.valeurs), dtype=np.int64)
        nouvelles[presentes] = np.arange(len(presentes))
        return Distincts(nouvelles[places], [self.valeurs[place] for place in presentes.tolist()])


class _Places(dict[Any, int]):
    def __missing__(self, valeur: Any) -> int:
        self[valeur] = place = len(self)
        return place


def distinguer(colonne: Sequence[Any]) -> Distincts:
    """A column of hashable values, each kept once."""
    places = _Places()
    return Distincts(np.fromiter(map(places.__getitem__, colonne), np.int64, len(colonne)), list(places))


def croiser(colonnes: Sequence[Distincts], taille: int) -> Distincts:
    """The tuples that columns of ``taille`` rows make together, each kept once."""
    croisees = Distincts(np.zeros(taille, dtype=np.int64), [()])
    for colonne in colonnes:
        largeur = len(colonne.valeurs)
        if largeur == 1:
            (valeur,) = colonne.valeurs
            croisees = croisees.traduire([(*gauche, valeur) for gauche in croisees.valeurs])
            continue
        presentes, places = np.unique(croisees.places * largeur + colonne.places, return_inverse=True)
        paires = [divmod(paire, largeur) for paire in presentes.tolist()]
        croisees = Distincts(places, [(*croisees.valeurs[g], colonne.valeurs[d]) for g, d in paires])
    return croisees


@dataclass(frozen=True, slots=True, eq=False)
class Colonnes:
    """Events of one process and type, a row each; what ``Evenement`` and its ``Contenu`` say, by column."""

    process: str
    rangs: Entiers
    """Rank of each in the batch it was read from."""
    origines: Distincts
    """(source, namespace)."""
    sujets: Sequence[str]
    ids: Sequence[str]
    revisions: Entiers
    temps: Entiers
    noms: Sequence[str]
    """The milestones that some of them bring."""
    jalons: Entiers
    """By milestone and row; ABSENT where it has none."""
    multiple: bool
    """Whether the only milestone keeps all its dates."""
    caisses: Entiers
    productrices: Entiers
    plateformes: Distincts
    nombres: Entiers
    attributs: Distincts
    """Each row's attributes, a mapping."""
    assures: Sequence[str]
    enregistres: Entiers
    causes: Entiers

    def __len__(self) -> int:
        return len(self.rangs)

    def choisir(self, rangs: Entiers) -> "Colonnes":
        """These rows alone; ``rangs`` ascending."""
        if len(rangs) == len(self):
            return self
        listes = _prendre(rangs.tolist())
        return Colonnes(
            self.process,
            self.rangs[rangs],
            self.origines.choisir(rangs),
            listes(self.sujets),
            listes(self.ids),
            self.revisions[rangs],
            self.temps[rangs],
            self.noms,
            self.jalons[:, rangs],
            self.multiple,
            self.caisses[rangs],
            self.productrices[rangs],
            self.plateformes.choisir(rangs),
            self.nombres[rangs],
            self.attributs.choisir(rangs),
            listes(self.assures),
            self.enregistres[rangs],
            self.causes[rangs],
        )

    def dernieres(self) -> Entiers:
        """The last date that each row gives, the time of what brings no milestone."""
        return np.where((self.jalons != ABSENT).any(axis=0), self.jalons.max(axis=0, initial=ABSENT), self.temps)

    def a_garder(self, sources: Sequence[int]) -> Iterable[tuple[Any, ...]]:
        """Each row's ``Contenu`` for who only writes it down: its fields, its source's number being given."""
        colonnes = (
            [msgspec.UNSET if t == ABSENT else t for t in instants] if ABSENT in instants else instants
            for instants in self.jalons.tolist()
        )
        noms, dates = zip(*sorted(zip(self.noms, colonnes, strict=True)), strict=True) if self.noms else ((), ())
        ecrits = map(_ecriture(noms), *dates) if noms else repeat({}, len(self))
        return self._champs(sources, self._dictionnaires() if self.multiple else ecrits)

    def _champs(self, sources: Sequence[int], jalons: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
        return zip(
            sources,
            self.ids,
            self.revisions.tolist(),
            self.temps.tolist(),
            jalons,
            self.caisses.tolist(),
            self.productrices.tolist(),
            self.plateformes.liste(),
            self.nombres.tolist(),
            self.attributs.liste(),
            self.assures,
            strict=True,
        )

    def contenus(self, sources: Sequence[int]) -> Iterable[Contenu]:
        """What each row says, its source being given its number."""
        return starmap(Contenu, self._champs(sources, self._dictionnaires()))

    def evenements(self) -> list[Evenement]:
        """Each row as an object; the sources have no number yet."""
        return [
            Evenement(self.process, source, espace, sujet, contenu, enregistre, cause)
            for (source, espace), sujet, contenu, enregistre, cause in zip(
                self.origines.liste(),
                self.sujets,
                self.contenus([0] * len(self)),
                self.enregistres.tolist(),
                self.causes.tolist(),
                strict=True,
            )
        ]

    def _dictionnaires(self) -> Iterable[dict[str, int | list[int]]]:
        noms, jalons = self.noms, self.jalons.tolist()
        if self.multiple:
            return [{noms[0]: [t]} for t in jalons[0]]
        if not noms:
            return [{} for _ in range(len(self))]
        if (self.jalons != ABSENT).all():
            if len(noms) == 1:
                (nom,) = noms
                return [{nom: t} for t in jalons[0]]
            return [dict(zip(noms, dates, strict=True)) for dates in zip(*jalons, strict=True)]
        return [
            {nom: t for nom, t in zip(noms, dates, strict=True) if t != ABSENT} for dates in zip(*jalons, strict=True)
        ]


@lru_cache(256)
def _ecriture(noms: tuple[str, ...]) -> Callable[..., msgspec.Struct]:
    """Makes what is written as the dictionary of these names, in order, from their values, for a third of its cost."""
    return msgspec.defstruct("Jalons", [(nom, Any) for nom in noms], gc=False)


class Lus(NamedTuple):
    """A batch as it was read. ``seuls``: the rank and the event, or its refusal, of those that were read one by one."""

    colonnes: Sequence[Colonnes]
    seuls: Sequence[tuple[int, Evenement | Refus]]

    def dans_l_ordre(self) -> list[Evenement | Refus]:
        """All of them as objects, as they came."""
        rangees: Mapping[int, Evenement | Refus] = dict(self.seuls) | {
            rang: e for c in self.colonnes for rang, e in zip(c.rangs.tolist(), c.evenements(), strict=True)
        }
        return [rangees[rang] for rang in sorted(rangees)]


def _prendre(rangs: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(rangs) > 1:
        return itemgetter(*rangs)
    return lambda liste: [liste[rang] for rang in rangs]
