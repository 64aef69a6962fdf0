"""Needs as they are found each month: the comité's shipped rules on the month that is over, and caisses that ask.

A caisse beyond the alert threshold asks when its late files are more than a week of its own work (*accumulation*).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np

from services.alerts.comite.regles import JAMAIS, Faits, Franchissement, Regles, charger_regles, examiner
from services.entraide.domain.activites import parametres
from simulator.jumeau.parametres import PROCESS
from vigie.experience.observation import RYTHME, Vue
from vigie.experience.reglages import Attendu, Booleens, debuts_de_mois, lundi_apres, reglages

Regle = Literal["comite", "franchissement"]
"""``comite``: the shipped rules, and caisses that ask. ``franchissement``: every month beyond the alert threshold."""


@dataclass(frozen=True, slots=True)
class Demande:
    """A need found: a caisse (by rank), a process, days of the aid (both included), and the day it first crossed."""

    cle: str
    caisse: int
    process: str
    du: date
    au: date
    depuis: int


@dataclass
class Comite:
    """What the comité remembers from one séance to the next: crossings, letters, missions."""

    regle: Regle = "comite"
    franchis: defaultdict[tuple[int, str], list[date]] = field(default_factory=lambda: defaultdict(list))
    lettres: dict[tuple[int, str], date] = field(default_factory=dict)
    missions: defaultdict[tuple[int, str], list[date]] = field(default_factory=lambda: defaultdict(list))
    nombre_de_lettres: int = 0

    def seance(self, vue: Vue, mois: date, aides: frozenset[tuple[int, str]]) -> list[Demande]:
        """The needs of the month begun on ``mois``, first come first; ``aides``: (caisse, process) being helped."""
        debut, suivant = debuts_de_mois(mois, 1)
        du, au = vue.monde.jour(debut), vue.monde.jour(suivant)
        regles = charger_regles()
        demandes = []
        for process in PROCESS:
            accumule = _accumulation(vue, process)
            attendu = reglages().process[process]
            valeurs = vue.historique.valeur(process, du, au)
            fin_de_mois = vue.historique.valeur(process, au - regles.fin_de_mois, au)
            revenus = ~attendu.manque(fin_de_mois, attendu.retour)
            for caisse in np.flatnonzero(attendu.manque(valeurs, attendu.alerte)).tolist():
                self.franchis[caisse, process].append(mois)
                faits = self._faits(caisse, process, mois, float(valeurs[caisse]), attendu)
                faits = {**faits, "revenu": bool(revenus[caisse]), "entraide_en_cours": (caisse, process) in aides}
                propose = self._entraide(vue, caisse, process, mois, faits, regles)
                demande = self.regle == "franchissement" or accumule[caisse]
                if propose or (demande and _peut_demander(faits)):
                    demandes.append(self._demande(vue, caisse, process, mois))
        return sorted(demandes, key=lambda d: (d.depuis, d.cle))

    def _faits(self, caisse: int, process: str, mois: date, valeur: float, attendu: Attendu) -> Faits:
        cle = (caisse, process)
        passes = self.franchis[cle]
        consecutifs = 0
        while len(passes) > consecutifs and passes[-1 - consecutifs] == debuts_de_mois(mois, -consecutifs)[0]:
            consecutifs += 1
        an = debuts_de_mois(mois, -11)[0]
        lettre = self.lettres.get(cle)
        return {
            "mois_consecutifs": consecutifs,
            "mois_sur_12": sum(m >= an for m in passes),
            "ecart": 100 * abs(valeur - attendu.alerte) / attendu.alerte,
            "phare": True,
            "hors_diademe": False,
            "taille_critique": False,
            "plan_ouvert": False,
            "missions_12_mois": sum(m >= an for m in self.missions[cle]),
            "mois_depuis_courrier": JAMAIS if lettre is None else round((mois - lettre).days / 30.4),
        }

    def _entraide(self, vue: Vue, caisse: int, process: str, mois: date, faits: Faits, regles: Regles) -> bool:
        """Whether the rules propose aid; a letter is counted whatever its kind."""
        franchissement = Franchissement(vue.monde.slugs[caisse], process, process, faits)
        mesures = examiner(franchissement, regles).mesures
        # E-mails are watched without letters (seuils.yaml).
        if process == "courriel" or not {"courrier_plan_actions", "courrier_entraide"} & mesures.keys():
            return False
        self.lettres[caisse, process] = mois
        self.nombre_de_lettres += 1
        return "courrier_entraide" in mesures

    def _demande(self, vue: Vue, caisse: int, process: str, mois: date) -> Demande:
        """From the Monday after the answers to the end of the month after (as the comité announces it)."""
        du = lundi_apres(vue.monde.date(vue.jour) + timedelta(days=reglages().reponse))
        au = debuts_de_mois(du, 2)[2] - timedelta(days=1)
        cle = f"{mois:%Y-%m}|{vue.monde.slugs[caisse]}|{process}"
        return Demande(cle, caisse, process, du, au, _premier_jour(vue, caisse, process))


def _accumulation(vue: Vue, process: str) -> Booleens:
    """Where late files are more than a week of the caisse's own work: it asks for help itself."""
    if process == "appel":
        return np.zeros(len(vue.monde.slugs), dtype=np.bool_)
    accumule: Booleens = vue.retard(process) > 5 * vue.par_jour("traites", process, RYTHME)
    return accumule


def _peut_demander(faits: Faits) -> bool:
    """Not while it is helped, nor when aid keeps coming back: that is another weakness (fragilité structurelle)."""
    return not faits["entraide_en_cours"] and (faits["missions_12_mois"] or 0) < parametres()["fragilite"]["missions"]


def _premier_jour(vue: Vue, caisse: int, process: str) -> int:
    """The first of the last 70 days on which the value of the four weeks before was beyond the threshold."""
    attendu = reglages().process[process]
    for jour in range(max(28, vue.jour - 70), vue.jour, 7):
        if attendu.manque(vue.historique.valeur(process, jour - 28, jour), attendu.alerte)[caisse]:
            return jour
    return vue.jour
