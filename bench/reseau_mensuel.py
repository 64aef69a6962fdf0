"""A network reduced to its monthly values: what each caisse's watched indicators are worth, month after month.

No event and no file: for each process a caisse has a lasting gap to the network, a slow swing, and now and then a
crisis; each value is then drawn with the sampling noise of its number of files. Levels are those the sources give for
2016 (or 2015). **No source gives the dispersion between caisses** (IGAS 2017 prints no decile of caisses but that of
the AME, tome I [30]): it is the simulator's, and every number without a source here is a hypothesis.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.releves import Serie
from services.alerts.domain.performance import Preuve
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import charger_seuils
from shared.indicators.fausses_decouvertes import AuDela
from shared.indicators.intervalles import Sommes
from shared.network.reseau import charger
from simulator.parametres import configurer

Reels = NDArray[np.float64]

PART_DURABLE = 0.5
"""Share of the variance between caisses that lasts; the rest swings."""
MEMOIRE = 0.85
"""Of the swing, from a month to the next."""
BRUIT_DU_MOIS = 0.03
CRISES_PAR_AN = 0.04
"""A year, of one process of one caisse: some twenty a year in the network."""
AMPLEUR = (0.25, 0.65)
"""Of a crisis at its height, on the log of a delay: 28 to 92 % longer."""
DUREE = (2, 6)
"""Months of a crisis, both in."""
GAIN_MAX = 0.03
"""Log of a delay that a caisse at work on an action plan gains in a month: 3 %."""
REUSSITE = 0.6
"""Action plans and audits that have an effect."""


@dataclass(frozen=True, slots=True)
class Modele:
    """One indicator. ``niveau``: of the network, by year, in its unit; ``forme``: log dispersion of the delays of one
    caisse; ``facteur``: from the mean of the delays to the value; ``par_an``: files in the whole network."""

    code: str
    process: str
    niveau: Mapping[int, float]
    par_an: float
    forme: float = 0.0

    @property
    def d9(self) -> bool:
        return self.code.endswith("_d9")

    @property
    def taux(self) -> bool:
        return indicateur(self.code).unite == "%"


def modeles() -> tuple[Modele, ...]:
    """Levels: IGAS 2017, tome II, tableau 1 (L2999-3007), [146] (L4052: 2013 to 2016), L2703; volumes: the simulator's.

    The 9th decile of CMU-C/ACS is in no source before the targets of 2018 (33 d): the form of its delays is chosen so
    that the network is at 34 in 2016. FSP of 2015 is taken as in 2016.
    """
    config = configurer(date(2027, 1, 1))
    volumes, delais = config.volumes.processus, config.delais
    parts = delais.fsp.beneficiaires
    cmuc = {2015: 24.1, 2016: 23.8}
    return (
        Modele("delai_ij_premiere_non_subrogee_moyen", "ij", {2015: 30.4, 2016: 28.9},
               volumes["ij"].volume * (1 - delais.ij.subrogee.part), delais.ij.sigma),
        Modele("delai_cmuc_acs_d9", "cmuc_acs", cmuc, volumes["cmuc_acs"].volume, 0.32),
        Modele("delai_cmuc_acs_moyen", "cmuc_acs", cmuc, volumes["cmuc_acs"].volume, 0.32),
        Modele("taux_decroche", "appel", {2015: 85.7, 2016: 90.3}, volumes["appel"].volume),
        Modele("delai_fsp_assures_moyen", "fsp", {2015: 15.9, 2016: 15.9},
               volumes["fsp"].volume * parts["assure"].part, parts["assure"].sigma),
        Modele("delai_fsp_medecins_moyen", "fsp", {2015: 15.5, 2016: 15.5},
               volumes["fsp"].volume * parts["medecin"].part, parts["medecin"].sigma),
        Modele("reclamations_10j", "reclamation", {2015: 80.0, 2016: 82.0}, volumes["reclamation"].volume),
    )  # fmt: skip


def dispersions() -> dict[str, float]:
    """Between caisses: of the log of a delay, of the logit of a rate. That of the telephone puts together the two of
    the simulator, staff per call (2.6 of logit for 1 of log, from the levels of 2015 and 2016) and the rest."""
    config = configurer(date(2027, 1, 1))
    d, t = config.delais, config.telephone
    return {
        "ij": d.ij.dispersion, "cmuc_acs": d.cmuc_acs.dispersion, "fsp": d.fsp.dispersion,
        "appel": float(np.hypot(t.dispersion_decroche, 2.6 * t.dispersion_effectif)),
        "reclamation": d.reclamation.dispersion,
    }  # fmt: skip


@dataclass
class Reseau:
    """The state of every caisse, process by process; positive is worse. ``avancer`` makes a month."""

    graine: int
    annee: int = 2016
    modeles: Sequence[Modele] = field(default_factory=modeles)
    mois: list[tuple[Mois, dict[str, tuple[Reels, NDArray[np.int64], Reels]]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hasard = np.random.default_rng(self.graine)
        self.caisses = [c.slug for c in charger().caisses]
        self.rangs = {slug: rang for rang, slug in enumerate(self.caisses)}
        milliers = configurer(date(2027, 1, 1)).population.milliers
        poids = np.array([milliers[c.code] for c in charger().caisses], dtype=float)
        self._parts = poids / poids.sum()
        self._sigma = dispersions()
        taille = len(self.caisses)
        tirer = self._hasard.standard_normal
        self.durable = {p: s * PART_DURABLE**0.5 * tirer(taille) for p, s in self._sigma.items()}
        self._ecart_type = {p: s * (1 - PART_DURABLE) ** 0.5 for p, s in self._sigma.items()}
        self._vague = {p: e * tirer(taille) for p, e in self._ecart_type.items()}
        self.crise = {p: np.zeros((taille, DUREE[1] + 2)) for p in self._sigma}
        """[caisse, months ahead]: what the crises under way add."""
        self.gain = {p: np.zeros(taille) for p in self._sigma}
        """Months of work left on an action plan."""
        self._passee = {p: np.zeros(taille) for p in self._sigma}

    def aider(self, process: str, caisse: str) -> None:
        """An entraide: what is left of the crises is halved."""
        self.crise[process][self.rangs[caisse]] /= 2

    def planifier(self, process: str, caisse: str, mois: int = 6) -> None:
        """An action plan or an audit: months of work begin, if it is one that has an effect."""
        if self._hasard.random() < REUSSITE:
            self.gain[process][self.rangs[caisse]] = mois

    def avancer(self, mois: Mois) -> None:
        """Live one month and measure it."""
        ecarts = {process: self._vivre(process) for process in self._sigma}
        self.mois.append((mois, {m.code: self._mesurer(m, ecarts[m.process]) for m in self.modeles}))

    def _vivre(self, process: str) -> Reels:
        hasard, taille = self._hasard, len(self.caisses)
        vague = self._vague[process]
        vague *= MEMOIRE
        vague += self._ecart_type[process] * (1 - MEMOIRE**2) ** 0.5 * hasard.standard_normal(taille)
        crise = self.crise[process]
        for rang in np.flatnonzero(hasard.random(taille) < CRISES_PAR_AN / 12):
            duree = int(hasard.integers(DUREE[0], DUREE[1] + 1))
            crise[rang, :duree] += hasard.uniform(*AMPLEUR) * np.linspace(1, 0.4, duree)
        actuelle = crise[:, 0].copy()
        self._passee[process] = actuelle
        crise[:, :-1] = crise[:, 1:]
        crise[:, -1] = 0
        au_travail = self.gain[process] > 0
        self.durable[process] -= GAIN_MAX * au_travail
        self.gain[process] -= au_travail
        # A log of delay weighs more on a logit: 0.168 of log of calls made 0.44 of logit from 2015 to 2016.
        echelle = 2.6 if process in ("appel", "reclamation") else 1.0
        du_mois = BRUIT_DU_MOIS * hasard.standard_normal(taille)
        ecart: Reels = self.durable[process] + vague + echelle * (actuelle + du_mois)
        return ecart

    def _mesurer(self, modele: Modele, ecart: Reels) -> tuple[Reels, NDArray[np.int64], Reels]:
        """Value, number of files, and what the test needs beside (files beyond the seuil, or the sum of squares)."""
        hasard = self._hasard
        n = hasard.poisson(modele.par_an / 12 * self._parts)
        niveau = modele.niveau[self.annee]
        if modele.taux:
            base = np.log(niveau / (100 - niveau))
            succes = hasard.binomial(n, 1 / (1 + np.exp(-(base - ecart))))
            return np.where(n > 0, 100 * succes / np.maximum(n, 1), np.nan), n, succes.astype(float)
        moyenne, forme = niveau * np.exp(ecart), modele.forme
        if modele.d9:
            return self._d9(modele, moyenne, forme, n)
        interne = moyenne * np.sqrt(np.exp(forme**2) - 1)
        valeur = moyenne + interne / np.sqrt(np.maximum(n, 1)) * hasard.standard_normal(len(n))
        return np.where(n > 0, np.round(valeur, 2), np.nan), n, interne

    def _d9(self, modele: Modele, moyenne: Reels, forme: float, n: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Exact on whole days: the files beyond the seuil are drawn, and the decile follows them."""
        mediane, seuil = np.log(moyenne) - forme**2 / 2, float(charger_seuils().surveilles[modele.code].seuil)
        au_dela = self._hasard.binomial(n, 1 - _repartition((np.log(seuil) - mediane) / forme))
        valeur = np.floor(np.exp(mediane + 1.2816 * forme))
        # The official value and the count of files beyond say the same thing.
        franchi = au_dela > 0.1 * n
        valeur = np.where(franchi, np.maximum(valeur, seuil + 1), np.minimum(valeur, seuil))
        return np.where(n > 0, valeur, np.nan), n, au_dela.astype(float)

    def fin_de_mois(self, modele: Modele) -> dict[str, float | None]:
        """The last days of the last month: half-way to where the crises will be the month after."""
        valeurs, n, _ = self.mois[-1][1][modele.code]
        pas = (self.crise[modele.process][:, 0] - self._passee[modele.process]) / 2
        if modele.taux:
            part = np.clip(valeurs / 100, 0.001, 0.999)
            fin = 100 / (1 + np.exp(-(np.log(part / (1 - part)) - 2.6 * pas)))
        else:
            fin = valeurs * np.exp(pas)
        return {c: float(v) if combien else None for c, v, combien in zip(self.caisses, fin, n, strict=True)}

    def serie(self, modele: Modele) -> Serie:
        """The last twelve months of an indicator, as its owner would answer."""
        par_caisse: dict[str, list[dict[str, Any]]] = {c: [] for c in self.caisses}
        for mois, mesures in self.mois[-12:]:
            valeurs, n, _ = mesures[modele.code]
            for caisse, valeur, combien in zip(self.caisses, valeurs.tolist(), n.tolist(), strict=True):
                absent = math.isnan(valeur)
                par_caisse[caisse].append(
                    {
                        "caisse": caisse, "du": str(mois.du), "au": str(mois.au), "n": combien,
                        "valeur": None if absent else valeur, "intervalle": None, "cible": None,
                        "verdict": "non_mesure" if absent else "sans_cible",
                    }
                )  # fmt: skip
        return Serie(charger_seuils().surveilles[modele.code], "banc", par_caisse, self._preuves(modele))

    def _preuves(self, modele: Modele) -> dict[str, Preuve]:
        if modele.taux:
            return {}
        preuves: dict[str, Preuve] = {}
        valeurs, n, autres = self.mois[-1][1][modele.code]
        for caisse, valeur, combien, autre in zip(self.caisses, valeurs, n.tolist(), autres, strict=True):
            if combien and modele.d9:
                preuves[caisse] = AuDela(int(autre), combien)
            elif combien:
                carres = round(combien * (autre**2 + valeur**2))
                preuves[caisse] = Sommes(combien, round(combien * valeur), carres)
        return preuves


def _repartition(z: Reels) -> Reels:
    """Normal distribution function, to 1e-7 (Abramowitz and Stegun, 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    serie = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    queue = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * serie
    resultat: Reels = np.where(z >= 0, 1 - queue, queue)
    return resultat
