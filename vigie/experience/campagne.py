"""A year of one seed under one policy: séances, weekly reviews of the missions, and what came of it."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.jumeau.jumeau import Jumeau, Pret
from simulator.jumeau.mesures import Historique
from simulator.jumeau.monde import Monde, creer
from simulator.jumeau.parametres import DOSSIERS, PROCESS
from simulator.jumeau.scenario import AUCUN, Scenario
from vigie.experience.besoins import Comite, Regle
from vigie.experience.observation import Vue
from vigie.experience.politiques import POLITIQUES, Contexte
from vigie.experience.reglages import Booleens, Reels, debuts_de_mois, poles, reglages

Entiers = NDArray[np.int64]


@dataclass(frozen=True)
class Resultat:
    """One run. ``valeurs``, ``sous_socle``, ``sous_objectif``, ``en_alerte``: [process, caisse, mois].

    ``aidees``, ``aidantes``: where a mission ran during the month or ended in the month before. ``retards``: files
    beyond the objectif, mean of month ends, by process. ``volumes``: handlings by aidantes (calls: not counted).
    ``missions``: pairs of caisses and process at one séance; ``limites``: needs by what held the allocation back.
    """

    politique: str
    graine: int
    regle: Regle
    valeurs: Reels
    sous_socle: Booleens
    sous_objectif: Booleens
    en_alerte: Booleens
    aidees: Booleens
    aidantes: Booleens
    retards: dict[str, float]
    perdus: int
    presentes: int
    etp_semaines: dict[str, float]
    volumes: dict[str, int]
    besoins: tuple[str, ...]
    missions: int
    lettres: int
    limites: dict[str, int]


def monde_de(graine: int, mois: int, scenario: Scenario = AUCUN) -> Monde:
    """The world that every policy of one seed meets."""
    debut = reglages().debut
    return creer(graine, debut, (debuts_de_mois(debut, mois)[-1] - debut).days, scenario)


def jouer(monde: Monde, politique: str, mois: int, regle: Regle = "comite") -> Resultat:
    """Play ``mois`` months of a world under a policy: some seconds. Blocks."""
    return _Campagne(monde, politique, mois, regle).jouer()


class _Campagne:
    def __init__(self, monde: Monde, politique: str, mois: int, regle: Regle) -> None:
        self._monde, self._politique, self._mois = monde, politique, mois
        self._jumeau = Jumeau(monde)
        self._historique = Historique(self._jumeau)
        self._comite = Comite(regle)
        self._poles = poles(monde)
        self._prets: list[Pret] = []
        self._missions = 0
        self._limites: Counter[str] = Counter()
        self._besoins: list[str] = []
        self._retards: defaultdict[str, list[float]] = defaultdict(list)

    def jouer(self) -> Resultat:
        m = self._monde
        debuts = debuts_de_mois(m.debut, self._mois)
        seances = {m.jour(_seance(d)): avant for avant, d in zip(self._avant(debuts), debuts[:-1], strict=True)}
        fins = {m.jour(d) for d in debuts[1:]}
        while self._jumeau.jour < m.jours:
            jour = self._jumeau.jour
            if m.date(jour).weekday() == 0 and jour >= m.amorce:
                self._revoir(jour)
            if jour in seances:
                self._sieger(seances[jour])
            self._historique.noter(self._jumeau.avancer())
            if self._jumeau.jour in fins:
                vue = Vue(self._jumeau, self._historique)
                for process in DOSSIERS:
                    self._retards[process].append(float(vue.retard(process).sum()))
        return self._resultat([m.jour(d) for d in debuts])

    def _avant(self, debuts: list[date]) -> list[date]:
        """The month each séance judges: the one before."""
        return [debuts_de_mois(d, -1)[0] for d in debuts[:-1]]

    def _sieger(self, mois: date) -> None:
        vue = Vue(self._jumeau, self._historique)
        aides = frozenset((p.aidee, p.process) for p in self._prets)
        demandes = self._comite.seance(vue, mois, aides)
        self._besoins += [d.cle for d in demandes]
        contexte = Contexte(vue, demandes, self._poles, tuple(self._prets), self._donne(), self._limites)
        nouveaux = POLITIQUES[self._politique](contexte)
        for cle in sorted({(p.aidee, p.process) for p in nouveaux}):
            self._comite.missions[cle].append(mois)
        self._missions += len({(p.process, p.aidante, p.aidee) for p in nouveaux})
        self._ordonner([*self._prets, *nouveaux])

    def _revoir(self, jour: int) -> None:
        """Monday: missions whose aidée holds its objectif end; so do those whose aidante is in alert itself."""
        if not any(p.du < jour for p in self._prets):
            self._ordonner(self._prets)
            return
        vue = Vue(self._jumeau, self._historique)
        tenus = {
            process: (vue.recente("appel", 14) >= reglages().process["appel"].objectif)
            if process == "appel"
            else (vue.retard(process) <= 0)
            for process in PROCESS
        }
        alertes = {process: vue.en_alerte(process) for process in PROCESS}
        gardes = [
            p for p in self._prets if p.du >= jour or not (tenus[p.process][p.aidee] or alertes[p.process][p.aidante])
        ]
        self._ordonner(gardes)

    def _ordonner(self, prets: list[Pret]) -> None:
        self._prets = [p for p in prets if p.au >= self._jumeau.jour]
        self._jumeau.preter(self._prets)

    def _donne(self) -> dict[str, float]:
        """ETP-weeks given by each pôle over the last twelve months."""
        du = max(0, self._jumeau.jour - 365)
        slugs = self._monde.slugs
        donne = self._historique.etp[0, :, :, du : self._jumeau.jour].sum(axis=2) / 7
        return {f"{slugs[c]}/{PROCESS[p]}": float(donne[p, c]) for p, c in zip(*np.nonzero(donne), strict=True)}

    def _resultat(self, bornes: list[int]) -> Resultat:
        h, attendus = self._historique, reglages().process
        mois = list(pairwise(bornes))
        valeurs = {p: [h.valeur(p, a, b) for a, b in mois] for p in PROCESS}

        def manques(borne: str) -> Booleens:
            return np.array(
                [[attendus[p].manque(v, getattr(attendus[p], borne)) for v in valeurs[p]] for p in PROCESS]
            ).swapaxes(1, 2)

        pretes, utiles = (
            np.array([(h.etp[k, :, :, a:b] > 0).any(axis=2) for a, b in mois]).transpose(1, 2, 0) for k in (0, 1)
        )
        tranche = slice(bornes[0], bornes[-1])
        return Resultat(
            self._politique,
            self._monde.graine,
            self._comite.regle,
            np.array([valeurs[p] for p in PROCESS]).swapaxes(1, 2),
            manques("socle"),
            manques("objectif"),
            manques("alerte"),
            _prolonger(utiles),
            _prolonger(pretes),
            {p: float(np.mean(v)) for p, v in self._retards.items()},
            int(h.appels[2, :, tranche].sum()),
            int(h.appels[0, :, tranche].sum()),
            {p: float(h.etp[0, i, :, tranche].sum()) / 7 for i, p in enumerate(PROCESS)},
            {p: int(h.files[3, i, :, tranche].sum()) for i, p in enumerate(DOSSIERS)},
            tuple(self._besoins),
            self._missions,
            self._comite.nombre_de_lettres,
            dict(self._limites),
        )


def _seance(mois: date) -> date:
    """The séance held in a month: the first weekday from the day set on."""
    jour = mois.replace(day=reglages().seance)
    return jour if jour.weekday() < 5 else date.fromordinal(jour.toordinal() + 7 - jour.weekday())


def _prolonger(mois: Booleens) -> Booleens:
    """A month counts when the mission ran in it or in the one before."""
    prolonges = mois.copy()
    prolonges[:, :, 1:] |= mois[:, :, :-1]
    return prolonges
