"""The contributions of many dossiers at once, in columns.

For a plain process it says what ``Calcul.contributions`` says at a fifth of the cost: milestones are columns, and a
local day is found once per quarter of an hour. Plain is a process whose dossiers have one start and one stop,
no suspension, one holder, and no clock but those that two days give, so that most files of an ordinary day are. Any
other dossier is computed alone, then put in the same columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.processus import HORLOGES_GARDEES, Processus
from shared.dossiers.contributions import CLOS, DIMENSIONS, MESURES, OUVERT, Calcul, Codes, Contribution, Lieu
from shared.dossiers.etat import Valeur
from shared.dossiers.gardees import encoder_colonnes, encoder_contributions
from shared.events.contrat import Contenu

Entiers = NDArray[np.int64]

_RIEN: tuple[Contenu, Mapping[str, Valeur]] = (Contenu(0, "", 0), {})
"""What a state says once all of it is withdrawn."""

_JOUR, _HEURE, _QUART = 86_400, 3_600, 900
_ABSENT, _JAMAIS = -(2**62), 2**62
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
        self._simple = self._tenant is not None and uniques and sans_seuil and not gardes
        self._fuseaux = list({lieu.fuseau: None for lieu in lieux.values()})
        self._zones = np.full(max(lieux, default=0) + 1, _AUCUNE)
        for caisse, lieu in lieux.items():
            if not lieu.cede(processus.code):
                self._zones[caisse] = self._fuseaux.index(lieu.fuseau)

    def contributions_en_lot(self, etats: Sequence[Sequence[Contenu]]) -> Contributions:
        """What each of these states puts into the cells."""
        octets = [b""] * len(etats)
        blocs = self._en_colonnes(etats, octets) if self._simple and len(etats) >= self.LOT_MIN else []
        seuls: dict[int, list[tuple[int, Contribution]]] = {}
        for rang, (etat, deja) in enumerate(zip(etats, octets, strict=True)):
            if not deja:
                calculees = self.contributions(etat)
                octets[rang] = encoder_contributions(calculees)
                for contribution in calculees:
                    seuls.setdefault(contribution[0], []).append((rang, contribution))
        for genre, liste in seuls.items():
            lignes = np.array([(*dims, *montants) for _, (_, dims, montants) in liste], dtype=np.int64)
            blocs.append((genre, np.array([rang for rang, _ in liste]), lignes))
        return Contributions(octets, blocs)

    def _en_colonnes(
        self, etats: Sequence[Sequence[Contenu]], octets: list[bytes]
    ) -> list[tuple[int, Entiers, Entiers]]:
        """The plain ones: their blocks, and in ``octets`` what they keep."""
        dits: list[Contenu] = []
        jalons: list[Mapping[str, Valeur]] = []
        for etat in etats:
            if len(etat) == 1:
                (dit,) = etat
                dits.append(dit)
                jalons.append(dit.jalons)
            else:
                lu = self.lire(etat) or _RIEN
                dits.append(lu[0])
                jalons.append(lu[1])
        try:
            departs = _instants(jalons, self.processus.depart)
            arrets = _instants(jalons, self._arrets)
        except (TypeError, ValueError):  # several dates, under a former definition of the process
            return []
        caisses = np.array([dit.caisse for dit in dits], dtype=np.int64)
        zones = self._zones[np.where(caisses < len(self._zones), caisses, 0)]
        places = np.flatnonzero((departs.min(axis=0) != _ABSENT) & (zones != _AUCUNE))
        if not len(places):
            return []
        ouverts, fermes, clos = self._lignes(
            [dits[p] for p in places.tolist()], departs[:, places].max(axis=0), arrets[:, places], zones[places]
        )
        gardes = encoder_colonnes(OUVERT, ouverts)
        for place, octets_clos in zip(fermes.tolist(), encoder_colonnes(CLOS, clos), strict=True):
            gardes[place] += octets_clos
        for place, garde in zip(places.tolist(), gardes, strict=True):
            octets[place] = garde
        return [(OUVERT, places, ouverts), (CLOS, places[fermes], clos)]

    def _lignes(
        self, dits: Sequence[Contenu], depart: Entiers, arrets: Entiers, zones: Entiers
    ) -> tuple[Entiers, Entiers, Entiers]:
        """Rows of *ouvert*, the ranks of those that are closed, and their rows of *clos*."""
        local = self._local(depart, zones)
        fin, gagnant = self._fins(depart, arrets, local // _JOUR, zones)
        ouverts: dict[str, Entiers | int] = {
            "process": self._process,
            "caisse": np.array([dit.caisse for dit in dits]),
            "strate": self._strates_de([dit.attributs for dit in dits]),
            "jour": local // _JOUR,
            "heure": local % _JOUR // _HEURE if self._en_heures else _SANS_HEURE,
            "n": np.array([dit.nombre or 1 for dit in dits]),
        }
        lignes = _ranger(OUVERT, ouverts, len(dits))
        fermes = np.flatnonzero(fin != _JAMAIS)
        communs = {nom: lignes[fermes, rang] for rang, nom in enumerate((*DIMENSIONS[OUVERT], *MESURES[OUVERT]))}
        clos = [dits[f] for f in fermes.tolist()]
        productrice = np.array([dit.productrice for dit in clos], dtype=np.int64)
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
                    "plateforme": np.array([self._plateforme(dit.plateforme) for dit in clos], dtype=np.int64),
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

    def _strates_de(self, attributs: Sequence[Mapping[str, str]]) -> Entiers:
        # A batch that was just read has one object for equal attributes.
        distincts = {id(a): a for a in attributs}
        codes = {i: self._strate(a) for i, a in distincts.items()}
        return np.array([codes[id(a)] for a in attributs])

    def _fins(self, depart: Entiers, arrets: Entiers, jour_ouvert: Entiers, zones: Entiers) -> tuple[Entiers, Entiers]:
        """The stop that closes each dossier (``chronologie.arret_de``) or _JAMAIS, and its rank."""
        presents = arrets != _ABSENT
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


def _instants(jalons: Sequence[Mapping[str, Valeur]], noms: Sequence[str]) -> Entiers:
    """By jalon and dossier; _ABSENT where it has not happened. Raises TypeError or ValueError for a list of dates."""
    return np.array([[j.get(nom, _ABSENT) for j in jalons] for nom in noms], dtype=np.int64)


def _ranger(genre: int, colonnes: Mapping[str, Entiers | int], taille: int) -> Entiers:
    """Rows of dimensions and amounts, from named columns or constants."""
    noms = (*DIMENSIONS[genre], *MESURES[genre])
    lignes = np.empty((taille, len(noms)), dtype=np.int64)
    for rang, nom in enumerate(noms):
        lignes[:, rang] = colonnes[nom]
    return lignes
