"""What a comité and its coordinators can know on a given day: counts of the days before, never the twin's inside.

Files open are known by age, arrivals and work done by day, staff as the caisses declare it. Incidents to come, the
norms caisses aim at, spontaneous demand and patience are not.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from services.entraide.domain.donneur import SituationTelephone
from services.entraide.domain.projection import Situation
from services.entraide.domain.telephone import Modele, modele
from simulator.jumeau.jumeau import Jumeau
from simulator.jumeau.mesures import Historique
from simulator.jumeau.parametres import DOSSIERS, PROCESS
from vigie.experience.reglages import Attendu, Booleens, Reels, reglages

FENETRE = 28
"""Days over which an alert reads a value."""

ARRIVEES, RYTHME = 42, 21
"""Days of the past from which arrivals and pace are taken."""

HISTOIRE = 182
"""Days of the past in which the best pace is looked for (JOURS_LUS of the projections of the services)."""


@dataclass(frozen=True)
class ModeleMemoire(Modele):
    """The telephone model, each answer computed once."""

    def etp_pour(self, appels_par_jour: float, taux: float) -> float:
        return _etp_pour(round(appels_par_jour), taux)


@lru_cache(maxsize=20_000)
def _etp_pour(appels_par_jour: int, taux: float) -> float:
    return modele().etp_pour(appels_par_jour, taux)


@lru_cache(maxsize=1)
def telephone() -> ModeleMemoire:
    m = modele()
    return ModeleMemoire(m.traitement, m.patience, m.heures_par_jour, m.presence, m.dispersion)


class Vue:
    """Everything known on the morning of day ``jour`` of the run."""

    def __init__(self, jumeau: Jumeau, historique: Historique) -> None:
        self.jour = jumeau.jour
        self.monde = jumeau.monde
        self.historique = historique
        self._jumeau = jumeau

    def recente(self, process: str, jours: int = FENETRE) -> Reels:
        """The indicator of each caisse over the last days."""
        return self.historique.valeur(process, self.jour - jours, self.jour)

    def en_alerte(self, process: str) -> Booleens:
        attendu = reglages().process[process]
        return attendu.manque(self.recente(process), attendu.alerte)

    def ages(self, process: str) -> Reels:
        """Open files by age at hand, [caisse, age]."""
        return self._jumeau.files[process].ages(self.jour - 1).astype(np.float64)

    def retard(self, process: str) -> Reels:
        """Open files beyond the objectif, [caisse]."""
        limite = int(reglages().process[process].age_objectif)
        en_retard: Reels = self.ages(process)[:, limite:].sum(axis=1)
        return en_retard

    def par_jour(self, mesure: str, process: str, jours: int) -> Reels:
        """Mean by open day over the last days, [caisse]: ``traites`` (by its own staff), ``appels``."""
        h, fin = self.historique, self.jour
        tranche = slice(max(0, fin - jours), fin)
        ouverts = np.maximum(1.0, self.monde.ouvert[:, tranche].sum(axis=1))
        if mesure == "appels":
            total = h.appels[0, :, tranche].sum(axis=1).astype(np.float64)
        else:
            _, traites, passages, aides, _, _ = h.files[:, DOSSIERS.index(process), :, tranche].sum(axis=2)
            total = traites * (1 - np.divide(aides, passages, out=np.zeros(len(aides)), where=passages > 0))
        par_jour: Reels = total / ouverts
        return par_jour

    def _passages(self, process: str) -> float:
        """Times a file is at hand: one that is given back to the assuré comes back. What is at hand, comes to hand and
        leaves it is counted in files, so that stock and flows are of one unit."""
        return self._jumeau.files[process].p.passages

    def _a_la_main(self, process: str, jours: int) -> Reels:
        """Files that came to hand by open day over the last days, back from the assuré included, [caisse]."""
        _, traites, _, _, rendus, stock = self.historique.files[:, DOSSIERS.index(process)]
        du, au = max(1, self.jour - jours), self.jour
        ouverts = np.maximum(1.0, self.monde.ouvert[:, du:au].sum(axis=1))
        venus = (traites + rendus)[:, du:au].sum(axis=1) + stock[:, au - 1] - stock[:, du - 1]
        par_jour: Reels = venus / ouverts / self._passages(process)
        return par_jour

    def _faits(self, process: str, jours: int, avant: int = 0) -> Reels:
        """Files that left its hand by open day over days that end ``avant`` days ago, by its own staff, [caisse]."""
        au = self.jour - avant
        tranche = slice(max(0, au - jours), au)
        ouverts = np.maximum(1.0, self.monde.ouvert[:, tranche].sum(axis=1))
        comptes = self.historique.files[:, DOSSIERS.index(process), :, tranche].sum(axis=2)
        _, traites, passages, aides, rendus, _ = comptes
        part_aide = np.divide(aides, passages, out=np.zeros(len(aides)), where=passages > 0)
        par_jour: Reels = (traites + rendus) * (1 - part_aide) / ouverts / self._passages(process)
        return par_jour

    def _pointe(self, process: str) -> Reels:
        """The best pace of 28 days lived in the last months, [caisse]."""
        fenetres = [a for a in range(0, HISTOIRE - FENETRE + 1, FENETRE) if self.jour - a >= FENETRE] or [0]
        meilleure: Reels = np.max([self._faits(process, FENETRE, a) for a in fenetres], axis=0)
        return meilleure

    def pretes(self, process: str, jours: int = RYTHME) -> Reels:
        """ETP lent on average over the last days, [caisse]."""
        tranche = slice(max(0, self.jour - jours), self.jour)
        moyenne: Reels = self.historique.etp[0, PROCESS.index(process), :, tranche].mean(axis=1)
        return moyenne

    def etp_presents(self, process: str) -> Reels:
        """ETP on the process as declared these last days, those lent included, [caisse]."""
        m, i = self.monde, PROCESS.index(process)
        tranche = slice(max(0, self.jour - RYTHME), self.jour)
        presents: Reels = (m.etp[i][:, None] * m.facteurs.effectif[i, :, tranche] * m.presence[i, :, tranche]).mean(
            axis=1
        )
        return presents

    def situation(self, process: str, caisse: int, jours: tuple[int, ...]) -> Situation | SituationTelephone:
        """Where a caisse stands and what is expected over weeks of ``jours`` working days: the last weeks go on."""
        attendu = reglages().process[process]
        if process == "appel":
            return self._telephone(attendu, caisse, len(jours))
        venus, faits = self._a_la_main(process, ARRIVEES), self._faits(process, RYTHME)
        entrees, rythme, pointe = float(venus[caisse]), float(faits[caisse]), float(self._pointe(process)[caisse])
        # What it lends now it could work at home: the margin is counted before giving.
        etp = float(self.monde.etp[PROCESS.index(process), caisse])
        prete = float(self.pretes(process)[caisse])
        if 0 < prete < etp:
            rythme *= etp / (etp - prete)
        par_age = self.ages(process)[caisse] / self._passages(process)
        return Situation(
            ages=tuple((float(age), float(par_age[age])) for age in np.flatnonzero(par_age)),
            arrivees=tuple(entrees * j for j in jours),
            capacite=tuple(rythme * j for j in jours),
            pointe=tuple(max(rythme, pointe) * j for j in jours),
            delai_socle=attendu.age_socle,
            delai_objectif=attendu.age_objectif,
        )

    def _telephone(self, attendu: Attendu, caisse: int, semaines: int) -> SituationTelephone:
        appels = float(self.par_jour("appels", "appel", FENETRE)[caisse])
        etp = float(self.etp_presents("appel")[caisse])
        return SituationTelephone(
            appels_par_jour=(appels,) * semaines,
            etp=(etp,) * semaines,
            taux_socle=attendu.socle / 100,
            taux_objectif=attendu.objectif / 100,
        )
