"""The contributions of many dossiers at once, in columns.

For a plain process it says what ``Calcul.contributions`` says at a fifth of the cost: milestones are columns, and a
local day is found once per quarter of an hour. Plain is a process whose dossiers have one start and one stop,
no suspension, one holder, and no clock but those that two days give, so that most files of an ordinary day are. Any
other dossier is computed alone, then put in the same columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.processus import HORLOGES_GARDEES, Processus
from shared.dossiers.contributions import CLOS, DIMENSIONS, MESURES, OUVERT, Calcul, Codes, Contribution, Lieu
from shared.dossiers.etat import Valeur
from shared.dossiers.gardees import encoder_contributions, encoder_dossiers, etaler
from shared.events.colonnes import Colonnes, Distincts, croiser, distinguer
from shared.events.contrat import Contenu
from shared.events.instants_en_lot import ABSENT

Entiers = NDArray[np.int64]

_JOUR, _HEURE, _QUART = 86_400, 3_600, 900
_JAMAIS = 2**62
_PAR_ZONE = 2**40
"""Zone number times this plus a quarter of an hour: both in one integer."""
_EPOQUE = 2**39
_AUCUNE = -1
_SANS_HEURE = _HORLOGE_ABSENTE = -1


@dataclass(frozen=True, slots=True)
class Contributions:
    """Contributions of a list of dossiers, known by their ranks.

    ``gardees``: what each keeps. ``blocs``: (kind, ranks, rows of dimensions and amounts); a rank comes at most once
    per block.
    """

    gardees: Sequence[bytes]
    blocs: Sequence[tuple[int, Entiers, Entiers]]


class _Dossiers(NamedTuple):
    """What states say all told, a row each but for the milestones: by milestone, then row; ABSENT where it has not
    happened. 0 and "" are what nobody said. Platforms and strata have no code yet: only what counts asks for one."""

    departs: Entiers
    arrets: Entiers
    caisses: Entiers
    productrices: Entiers
    plateformes: Distincts
    attributs: Distincts
    nombres: Entiers
    indecis: NDArray[np.bool_]
    """States that only ``Calcul.lire`` can tell."""

    def choisir(self, rangs: Entiers) -> "_Dossiers":
        """These rows alone."""
        return _Dossiers._make(c.choisir(rangs) if isinstance(c, Distincts) else c[..., rangs] for c in self)


class CalculEnLot(Calcul):
    """``Calcul`` that also takes many dossiers at once."""

    LOT_MIN = 50
    """Dossiers below which columns cost more than they save."""

    def __init__(self, processus: Processus, lieux: Mapping[int, Lieu], codes: Codes) -> None:
        super().__init__(processus, lieux, codes)
        self._arrets = [a.jalon for a in processus.arrets]
        self._codes_arrets = np.array([self._issues[a.issue] for a in processus.arrets])
        uniques = all(processus.jalons[j] != "multiple" for j in (*processus.depart, *self._arrets))
        sans_seuil = all(a.secondes_max is None for a in processus.arrets)
        gardes = self._garde or bool(processus.suspensions) or processus.forme != "dossiers"
        self.simple = bool(self._arrets) and self._tenant is not None and uniques and sans_seuil and not gardes
        self._fuseaux = list({lieu.fuseau: None for lieu in lieux.values()})
        self._zones = np.full(max(lieux, default=0) + 1, _AUCUNE)
        for caisse, lieu in lieux.items():
            if not lieu.cede(processus.code):
                self._zones[caisse] = self._fuseaux.index(lieu.fuseau)

    def contributions_en_lot(self, etats: Sequence[Sequence[Contenu]]) -> Contributions:
        """What each of these states puts into the cells."""
        dossiers = self._des_etats(etats) if self.simple and len(etats) >= self.LOT_MIN else None
        return self._calculer(dossiers, len(etats), lambda rangs: [etats[rang] for rang in rangs])

    def contributions_de_neufs(self, neufs: Colonnes) -> Contributions:
        """The same for dossiers of which one event is all that is known. The process is ``simple``."""

        def etats(rangs: Sequence[int]) -> list[list[Contenu]]:
            return [[c] for c in neufs.choisir(np.array(rangs, dtype=np.int64)).contenus([0] * len(rangs))]

        return self._calculer(self._des_colonnes(neufs), len(neufs), etats)

    def _calculer(
        self, dossiers: "_Dossiers | None", nombre: int, etats: Callable[[Sequence[int]], Sequence[Sequence[Contenu]]]
    ) -> Contributions:
        """In columns what can be, the others one by one; ``etats`` gives the states of some ranks."""
        octets, blocs, restent = (
            self._en_colonnes(dossiers) if dossiers is not None else ([b""] * nombre, [], range(nombre))
        )
        seuls: dict[int, list[tuple[int, Contribution]]] = {}
        for rang, etat in zip(restent, etats(restent), strict=True):
            calculees = self.contributions(etat)
            octets[rang] = encoder_contributions(calculees)
            for contribution in calculees:
                seuls.setdefault(contribution[0], []).append((rang, contribution))
        for genre, liste in seuls.items():
            lignes = np.array([(*dims, *montants) for _, (_, dims, montants) in liste], dtype=np.int64)
            blocs.append((genre, np.array([rang for rang, _ in liste]), lignes))
        return Contributions(octets, blocs)

    def _des_colonnes(self, neufs: Colonnes) -> "_Dossiers":
        par_nom = dict(zip(neufs.noms, neufs.jalons, strict=True))
        absent = np.full(len(neufs), ABSENT, dtype=np.int64)
        departs, arrets = (
            np.stack([par_nom.get(nom, absent) for nom in noms]) for noms in (self.processus.depart, self._arrets)
        )
        return _Dossiers(
            departs,
            arrets,
            neufs.caisses,
            neufs.productrices,
            neufs.plateformes,
            neufs.attributs,
            neufs.nombres,
            np.zeros(len(neufs), dtype=np.bool_),
        )

    def _des_etats(self, etats: Sequence[Sequence[Contenu]]) -> "_Dossiers | None":
        """``lire`` of each state, all at once. None when some milestone has several dates, under a former definition
        of the process. Where the order of two contents hangs on names (``ordre``), nothing is said."""
        contenus = list(chain.from_iterable(etats))
        suites = _Suites.de(np.fromiter(map(len, etats), np.int64, len(etats)), _champ(contenus, "temps"))
        jalons = [c.jalons for c in contenus]
        try:
            instants = {nom: _instants(jalons, nom) for nom in {*self.processus.depart, *self._arrets}}
        except (TypeError, ValueError):
            return None
        dates = {
            nom: suites.plus_tard(lus) if self.processus.jalons[nom] == "dernier" else suites.plus_tot(lus)
            for nom, lus in instants.items()
        }
        plateformes = distinguer(["", *(c.plateforme for c in contenus)])
        caisses, productrices, nombres = (
            suites.derniers(_champ(contenus, nom)) for nom in ("caisse", "productrice", "nombre")
        )
        return _Dossiers(
            np.stack([dates[nom] for nom in self.processus.depart]),
            np.stack([dates[nom] for nom in self._arrets]),
            caisses,
            productrices,
            Distincts(suites.derniers(plateformes.places[1:]), plateformes.valeurs),
            self._attributs_de(suites, [c.attributs for c in contenus]),
            nombres,
            suites.indecis,
        )

    def _attributs_de(self, suites: "_Suites", attributs: Sequence[Mapping[str, str]]) -> Distincts:
        """The attributes that split the cells, as they were last said."""
        dernieres = []
        for nom in self._noms_strates:
            dites = distinguer(["", *(a.get(nom, "") for a in attributs)])
            dernieres.append(Distincts(suites.derniers(dites.places[1:]), dites.valeurs))
        croisees = croiser(dernieres, len(suites.indecis))
        noms = self._noms_strates
        return croisees.traduire([dict(zip(noms, valeurs, strict=True)) for valeurs in croisees.valeurs])

    def _en_colonnes(
        self, dossiers: "_Dossiers"
    ) -> tuple[list[bytes], list[tuple[int, Entiers, Entiers]], Sequence[int]]:
        """What the plain ones keep, their blocks, and the ranks of those that are not plain. Nothing comes of what has
        not begun, nor of a caisse that nobody said."""
        zones = self._zones[np.where(dossiers.caisses < len(self._zones), dossiers.caisses, 0)]
        commences = dossiers.departs.min(axis=0) != ABSENT
        a_part = dossiers.indecis | (commences & (zones == _AUCUNE) & (dossiers.caisses != 0))
        places = np.flatnonzero(commences & (zones != _AUCUNE) & ~dossiers.indecis)
        ouverts, fermes, clos = self._lignes(dossiers.choisir(places), zones[places])
        octets = encoder_dossiers(ouverts, fermes, clos)
        if len(places) < len(zones):
            octets = etaler(octets, places.tolist(), len(zones))
        return octets, [(OUVERT, places, ouverts), (CLOS, places[fermes], clos)], np.flatnonzero(a_part).tolist()

    def _lignes(self, dossiers: "_Dossiers", zones: Entiers) -> tuple[Entiers, Entiers, Entiers]:
        """Rows of *ouvert*, the ranks of those that are closed, and their rows of *clos*."""
        depart = dossiers.departs.max(axis=0)
        local = self._local(depart, zones)
        fin, gagnant = self._fins(depart, dossiers.arrets, local // _JOUR, zones)
        ouverts: dict[str, Entiers | int] = {
            "process": self._process,
            "caisse": dossiers.caisses,
            "strate": dossiers.attributs.coder(self._strate),
            "jour": local // _JOUR,
            "heure": local % _JOUR // _HEURE if self._en_heures else _SANS_HEURE,
            "n": np.maximum(dossiers.nombres, 1),
        }
        lignes = _ranger(OUVERT, ouverts, len(depart))
        fermes = np.flatnonzero(fin != _JAMAIS)
        communs = {nom: lignes[fermes, rang] for rang, nom in enumerate((*DIMENSIONS[OUVERT], *MESURES[OUVERT]))}
        productrice = dossiers.productrices[fermes]
        executante = np.where(productrice != 0, productrice, communs["caisse"])
        duree = (fin[fermes] - depart[fermes]) * communs["n"]
        chez_elle, ailleurs = self._tenant or (0, 0)
        tenant = np.where(executante == communs["caisse"], chez_elle, ailleurs)
        return (
            lignes,
            fermes,
            _ranger(
                CLOS,
                {nom: np.where(tenant == rang, duree, 0) for rang, nom in enumerate(MESURES[CLOS])}
                | communs
                | dict.fromkeys(HORLOGES_GARDEES, _HORLOGE_ABSENTE)
                | {
                    "productrice": executante,
                    "plateforme": dossiers.plateformes.choisir(fermes).coder(self._plateforme),
                    "jour_ouvert": communs["jour"],
                    "heure_ouvert": communs["heure"],
                    "jour_clos": self._local(fin[fermes], zones[fermes]) // _JOUR,
                    "issue": self._codes_arrets[gagnant[fermes]],
                    "secondes": duree,
                    "s_suspension": 0,
                },
                len(fermes),
            ),
        )

    def _fins(self, depart: Entiers, arrets: Entiers, jour_ouvert: Entiers, zones: Entiers) -> tuple[Entiers, Entiers]:
        """The stop that closes each dossier (``chronologie.arret_de``) or _JAMAIS, and its rank."""
        presents = arrets != ABSENT
        avances = presents & (arrets < depart)
        valables = presents & ~avances
        tot = np.flatnonzero(avances.any(axis=0))
        if len(tot):
            dates = np.where(avances[:, tot], arrets[:, tot], depart[tot])
            valables[:, tot] |= avances[:, tot] & (self._local(dates, zones[tot]) // _JOUR == jour_ouvert[tot])
        fins = np.where(valables, arrets, _JAMAIS)
        return fins.min(axis=0), fins.argmin(axis=0)

    def _local(self, instants: Entiers, zones: Entiers) -> Entiers:
        """Local wall seconds of instants; the last axis goes with ``zones``."""
        quarts = zones * _PAR_ZONE + instants // _QUART + _EPOQUE
        distincts, place = np.unique(quarts, return_inverse=True)
        decalages = [
            self._fuseaux[cle // _PAR_ZONE].decalage((cle % _PAR_ZONE - _EPOQUE) * _QUART) for cle in distincts.tolist()
        ]
        return instants + np.array(decalages, dtype=np.int64)[place].reshape(instants.shape)


@dataclass(frozen=True, slots=True)
class _Suites:
    """The live contents of many states, end to end in the order in which the later one's attributes win.

    ``ordre``: their places among all contents; ``debuts``: where each state begins in it; ``rangs``: which state that
    is, out of ``len(indecis)``. ``indecis``: states of which two contents have one time.
    """

    ordre: Entiers
    debuts: Entiers
    rangs: Entiers
    indecis: NDArray[np.bool_]

    @classmethod
    def de(cls, tailles: Entiers, temps: Entiers) -> "_Suites":
        """From the number of contents of each state and the time of each content, 0 for one that was withdrawn."""
        etats = np.repeat(np.arange(len(tailles)), tailles)
        ordre = np.lexsort((temps, etats)) if tailles.max(initial=0) > 1 else np.arange(len(temps))
        ordre = ordre[temps[ordre] != 0]
        suite, instants = etats[ordre], temps[ordre]
        debuts = np.flatnonzero(np.diff(suite, prepend=-1))
        indecis = np.zeros(len(tailles), dtype=np.bool_)
        indecis[suite[1:][(suite[1:] == suite[:-1]) & (instants[1:] == instants[:-1])]] = True
        return cls(ordre, debuts, suite[debuts], indecis)

    def derniers(self, codes: Entiers) -> Entiers:
        """The last code that is not 0 of each state, 0 where there is none."""
        suite = codes[self.ordre]
        places = np.where(suite != 0, np.arange(len(suite)), -1)
        trouves = self._reduire(np.maximum, places, -1)
        return np.where(trouves >= 0, suite[trouves], 0) if len(suite) else np.zeros_like(trouves)

    def plus_tard(self, instants: Entiers) -> Entiers:
        """The latest instant of each state; ABSENT where there is none."""
        return self._reduire(np.maximum, instants[self.ordre], ABSENT)

    def plus_tot(self, instants: Entiers) -> Entiers:
        """The earliest."""
        suite = instants[self.ordre]
        tot = self._reduire(np.minimum, np.where(suite == ABSENT, _JAMAIS, suite), _JAMAIS)
        return np.where(tot == _JAMAIS, ABSENT, tot)

    def _reduire(self, reduction: np.ufunc, suite: Entiers, aucun: int) -> Entiers:
        reduits = np.full(len(self.indecis), aucun, dtype=np.int64)
        if len(suite):
            reduits[self.rangs] = reduction.reduceat(suite, self.debuts)
        return reduits


def _champ(contenus: Sequence[Contenu], nom: str) -> Entiers:
    return np.fromiter(map(attrgetter(nom), contenus), np.int64, len(contenus))


def _instants(jalons: Sequence[Mapping[str, Valeur]], nom: str) -> Entiers:
    """ABSENT where it has not happened. Raises TypeError or ValueError for a list of dates."""
    return np.fromiter([j.get(nom, ABSENT) for j in jalons], np.int64, len(jalons))


def _ranger(genre: int, colonnes: Mapping[str, Entiers | int], taille: int) -> Entiers:
    """Rows of dimensions and amounts, from named columns or constants."""
    noms = (*DIMENSIONS[genre], *MESURES[genre])
    lignes = np.empty((taille, len(noms)), dtype=np.int64)
    for rang, nom in enumerate(noms):
        lignes[:, rang] = colonnes[nom]
    return lignes
