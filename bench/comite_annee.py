"""Years of the comité d'alerte on a simulated network: what the shipped rules propose, against what 2016 saw.

``python -m bench.comite_annee [--annees 3] [--graines 3] [--niveau 2016|2015] [--regles FICHIER]`` (see
docs/comite-regles.md). The very rules of the service, month after month, on the values of ``reseau_mensuel``; the
comité accepts all that is proposed, and what it decides acts on the caisses. The first year is run in and not
counted. The last line is a JSON document: per year, the median of all years and seeds, and the extremes.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.reseau_mensuel import Modele, Reseau, modeles
from services.alerts.comite.calendrier import Mois
from services.alerts.comite.cloture import COURRIERS_D_ALERTE
from services.alerts.comite.dossier import Passe, a_decider
from services.alerts.comite.instantane import Instantane, composer
from services.alerts.comite.instruction import instruire, lignes_de
from services.alerts.comite.regles import Regles, charger_regles
from services.alerts.comite.releves import Explications, Serie
from services.alerts.domain.performance import classer, essais
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import charger_seuils

DEBUT = Mois(2027, 1)
AMORCE = 24
"""Months before the first year counted: twelve of values alone, twelve with a comité."""
PLAN = 6
"""Months an action plan stays open."""

REFERENCE: Mapping[str, Mapping[str, int | None]] = {
    "2016": {"courriers": 59, "caisses": 35, "audits": 2},
    "2015": {"courriers": 97, "caisses": 90, "audits": None},
}
"""IGAS 2017, tome I, note 24."""


@dataclass(slots=True)
class Annee:
    """What a year of comités decided."""

    mesures: Counter[str] = field(default_factory=Counter)
    caisses: set[str] = field(default_factory=set)
    courriers: int = 0
    franchissements: int = 0
    averes: int = 0
    par_indicateur: Counter[str] = field(default_factory=Counter)

    def compter(self) -> dict[str, float]:
        return {
            "courriers": self.courriers,
            "caisses": len(self.caisses),
            "audits": self.mesures["audit"],
            "entraides": self.mesures["courrier_entraide"],
            "plans_d_actions": self.mesures["courrier_plan_actions"],
            "preconisations": self.mesures["preconisation"],
            "delestages": self.mesures["delestage_ou_tram"],
            "franchissements_par_mois": round(self.franchissements / 12, 1),
            "averes_par_mois": round(self.averes / 12, 1),
        }


@dataclass(slots=True)
class Comite:
    """The comité of one simulated network. ``decides``: (month, caisse, measure, indicators), the oldest first."""

    reseau: Reseau
    regles: Regles
    effets: bool = True
    decides: list[tuple[Mois, str, str, tuple[str, ...]]] = field(default_factory=list)

    def tenir(self, mois: Mois, annee: Annee) -> None:
        """Prepare the month, accept everything, let it act."""
        series = {m.code: self.reseau.serie(m) for m in self.reseau.modeles}
        instantane = figer(mois, series.values())
        franchies = [li for li in instantane.lignes if li.a_examiner]
        annee.franchissements += len(franchies)
        annee.averes += sum(li.gravite == "avere" for li in franchies)
        codes = {li.indicateur for li in franchies}
        explications = {m.code: self._expliquer(m) for m in self.reseau.modeles if m.code in codes}
        passes = {caisse: self._passe(caisse, mois) for caisse in {li.caisse for li in franchies}}
        deja = {c for m, c, mesure, _ in self.decides if mesure == "audit" and m.annee == mois.annee}
        dossiers = instruire(
            mois, instantane, series, explications, passes, {}, self.regles, audits_deja=len(deja)
        )  # fmt: skip
        for (caisse, mesure), indicateurs in a_decider(dossiers).items():
            self.decides.append((mois, caisse, mesure, tuple(indicateurs)))
            annee.mesures[mesure] += 1
            if mesure in COURRIERS_D_ALERTE:
                annee.courriers += 1
                annee.caisses.add(caisse)
                annee.par_indicateur.update(indicateurs)
            if self.effets:
                self._agir(caisse, mesure, indicateurs)

    def _agir(self, caisse: str, mesure: str, indicateurs: Iterable[str]) -> None:
        for process in {indicateur(code).process for code in indicateurs}:
            if mesure == "courrier_entraide":
                self.reseau.aider(process, caisse)
            elif mesure in ("courrier_plan_actions", "audit", "delestage_ou_tram"):
                self.reseau.planifier(process, caisse)

    def _expliquer(self, modele: Modele) -> Explications:
        return Explications(fin_de_mois=self.reseau.fin_de_mois(modele), cartes=self._cartes(modele))

    def _cartes(self, modele: Modele) -> dict[str, dict[str, Any]]:
        """*Incapable*: three standard deviations of its year do not reach the objectif."""
        objectif = charger_seuils().cibles[modele.code].objectif
        annee = np.array([mesures[modele.code][0] for _, mesures in self.reseau.mois[-12:]])
        milieu, ecart = np.nanmean(annee, axis=0), np.nanstd(annee, axis=0)
        loin = float(objectif) - milieu if modele.taux else milieu - float(objectif)
        return {
            caisse: {"points": [], "limites": None, "assurance": "incapable" if loin[rang] > 3 * ecart[rang] else "?"}
            for rang, caisse in enumerate(self.reseau.caisses)
        }

    def _passe(self, caisse: str, mois: Mois) -> Passe:
        siens = [(m, mesure, codes) for m, c, mesure, codes in self.decides if c == caisse and m >= mois.plus(-12)]
        courriers = [{"mois": str(m), "modele": mesure, "indicateurs": list(codes)} for m, mesure, codes in siens]
        plans = [
            {"indicateurs": list(codes), "trajectoires": {}}
            for m, mesure, codes in siens
            if mesure == "courrier_plan_actions" and m >= mois.plus(-PLAN)
        ]
        return Passe(courriers=courriers[::-1], plans=plans)


def figer(mois: Mois, series: Iterable[Serie]) -> Instantane:
    """The snapshot of a simulated month."""
    lues = list(series)
    lignes = [ligne for serie in lues for ligne in lignes_de(serie, mois, (), {})]
    tentes = [e for s in lues for e in essais(s.surveille, [s.mesures(c)[-1] for c in s.par_caisse], {})]
    surveilles = [s.surveille for s in lues]
    return composer(mois, datetime.now(UTC), surveilles, lignes, classer(tentes), {}, ())


def simuler(graine: int, niveau: int, annees: int, regles: Regles, *, effets: bool) -> list[Annee]:
    reseau = Reseau(graine, niveau, modeles())
    comite = Comite(reseau, regles, effets)
    bilans = [Annee() for _ in range(annees + AMORCE // 12)]
    for rang in range(12 * len(bilans)):
        mois = DEBUT.plus(rang)
        reseau.avancer(mois)
        if rang >= 12:
            comite.tenir(mois, bilans[rang // 12])
    return bilans[AMORCE // 12 :]


def resumer(bilans: Sequence[Annee]) -> dict[str, Any]:
    comptes = [bilan.compter() for bilan in bilans]
    indicateurs = sum((b.par_indicateur for b in bilans), Counter[str]())
    return {
        **{
            nom: {"mediane": median(c[nom] for c in comptes), "min": min(c[nom] for c in comptes),
                  "max": max(c[nom] for c in comptes)}
            for nom in comptes[0]
        },
        "courriers_par_indicateur": {code: round(n / len(bilans), 1) for code, n in indicateurs.most_common()},
    }  # fmt: skip


def reseau_de(niveau: int, graine: int) -> dict[str, list[float]]:
    """Per indicator: the first, fifth and ninth deciles of the caisses over a year, and the share beyond the seuil."""
    reseau = Reseau(graine, niveau, modeles())
    for rang in range(12):
        reseau.avancer(DEBUT.plus(rang))
    dits = {}
    for modele in reseau.modeles:
        valeurs = np.concatenate([m[modele.code][0] for _, m in reseau.mois])
        seuil = float(Fraction(charger_seuils().surveilles[modele.code].seuil))
        au_dela = valeurs < seuil if modele.taux else valeurs > seuil
        dits[modele.code] = [*np.round(np.nanquantile(valeurs, (0.1, 0.5, 0.9)), 1).tolist(), round(au_dela.mean(), 3)]
    return dits


def main() -> None:
    lire = argparse.ArgumentParser(description="Des années de comité d'alerte sur un réseau simulé.")
    lire.add_argument("--annees", type=int, default=3)
    lire.add_argument("--graines", type=int, default=3)
    lire.add_argument("--niveau", choices=sorted(REFERENCE), default="2016")
    lire.add_argument("--regles", type=Path)
    lire.add_argument("--sans-effet", action="store_true", help="ce que le comité décide ne change rien")
    options = lire.parse_args()
    charge, debut = os.getloadavg()[0], time.perf_counter()
    regles, niveau = charger_regles(options.regles), int(options.niveau)
    bilans = [
        bilan
        for graine in range(1, options.graines + 1)
        for bilan in simuler(graine, niveau, options.annees, regles, effets=not options.sans_effet)
    ]
    document = {
        "niveau": options.niveau, "annees": len(bilans), "reference": REFERENCE[options.niveau], **resumer(bilans),
        "caisses_d1_d5_d9_au_dela": reseau_de(niveau, 1), "secondes": round(time.perf_counter() - debut, 1),
        "charge_1min": round(charge, 2),
    }  # fmt: skip
    print(json.dumps(document, ensure_ascii=False))


if __name__ == "__main__":
    main()
