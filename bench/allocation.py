"""Allocation at the size of the network: 107 caisses × 5 processes × 12 weeks, 140 ETP in pôles (IGAS 2017, [64]).

``python -m bench.allocation [--graine N] [--part-en-besoin 0.1] [--poles 50]`` prints one JSON document. A drawn
share of the caisse-processes is in need; every pôle serves two processes; half of the donors have a margin.
"""

import argparse
import json
import os
import time

import numpy as np

from services.entraide.domain.allocation.allouer import Plan, allouer
from services.entraide.domain.allocation.modele import Demande, Offreur, Paire, Probleme, Surete
from shared.network.reseau import charger

SEMAINES = 12
PROCESS = ("appel", "courriel", "fsp", "ij", "cmuc_acs")
ETP = 140
_OUVRES = ((5, 5, 5, 4, 5, 5, 5, 5, 4, 5, 5, 5), (5, 5, 4, 4, 5, 5, 5, 5, 4, 5, 5, 5))


def tirer(graine: int, part_en_besoin: float, poles: int) -> Probleme:
    """A network drawn from a seed; needs of 1 to 5 ETP that grow or shrink, files or calls."""
    hasard = np.random.default_rng(graine)
    caisses = [c.slug for c in charger().caisses]
    en_besoin = {(c, p) for c in caisses for p in PROCESS if hasard.random() < part_en_besoin}
    demandes = tuple(_demande(hasard, c, p) for c, p in sorted(en_besoin))
    etp = hasard.lognormal(0, 0.5, poles)
    offreurs, suretes = [], {}
    for caisse, part in zip(sorted(hasard.choice(caisses, poles, replace=False)), etp / etp.sum(), strict=True):
        tenus = [p for p in PROCESS if (caisse, p) not in en_besoin]
        choisis = sorted(hasard.choice(tenus, min(2, len(tenus)), replace=False))
        offreurs.append(_offreur(hasard, str(caisse), [str(p) for p in choisis], ETP * part))
        for process in offreurs[-1].productivites:
            suretes[str(caisse), process] = _surete(hasard, process)
    paires = tuple(Paire(o.cle, d.cle) for o in offreurs for d in demandes if d.process in o.productivites)
    return Probleme(SEMAINES, demandes, tuple(offreurs), paires, suretes)


def _demande(hasard: np.random.Generator, caisse: str, process: str) -> Demande:
    taille, t = 100 * hasard.lognormal(0.3, 0.6), np.arange(SEMAINES)
    if process == "appel":
        socle = np.maximum(0, taille * (1 + 0.3 * hasard.standard_normal(SEMAINES)))
        objectif = socle + taille / 2
    else:
        socle = np.maximum(0, taille * (2 + hasard.normal(0.5, 0.5) * t))
        objectif = socle + taille * (1 + 0.1 * t)
    series = (tuple(int(v) for v in serie) for serie in (socle, objectif))
    premiere, priorite = int(hasard.integers(0, 3)), int(hasard.integers(1, 3))
    return Demande(
        f"{caisse}/{process}", caisse, process, process != "appel", *series, premiere, SEMAINES - 1, priorite
    )


def _offreur(hasard: np.random.Generator, caisse: str, process: list[str], etp: float) -> Offreur:
    capacite = np.round(100 * etp * np.where(hasard.random(SEMAINES) < 0.1, 0.5, 1.0)).astype(int)
    rythmes = {p: round(float(hasard.uniform(0.8, 1.1)), 2) for p in process}
    jours = _OUVRES[int(hasard.random() < 0.1)]
    return Offreur(
        caisse, caisse, tuple(int(v) for v in capacite), jours, (0.5, 0.75), rythmes, int(hasard.integers(500, 3_000))
    )


def _surete(hasard: np.random.Generator, process: str) -> Surete:
    libre = (None,) * SEMAINES
    if hasard.random() < 0.5:
        return Surete(libre, libre)
    if process == "appel":
        return Surete(tuple(int(v) for v in hasard.integers(0, 300, SEMAINES)), libre)
    return Surete(libre, tuple(int(v) for v in np.cumsum(hasard.integers(0, 200, SEMAINES))))


def _chronometrer(probleme: Probleme, methode: str) -> tuple[Plan, float, float]:
    debut, cpu = time.perf_counter(), time.process_time()
    plan = allouer(probleme, "glouton" if methode == "glouton" else "programme")
    return plan, time.perf_counter() - debut, time.process_time() - cpu


def principal(graine: int, part_en_besoin: float, poles: int) -> dict[str, object]:
    probleme = tirer(graine, part_en_besoin, poles)
    plan, secondes, cpu = _chronometrer(probleme, "programme")
    encore, _, _ = _chronometrer(probleme, "programme")
    gourmand, secondes_glouton, _ = _chronometrer(probleme, "glouton")
    borne = plan.borne if plan.borne is not None else float("nan")
    return {
        "besoins": len(probleme.demandes),
        "poles": len(probleme.offreurs),
        "paires": len(probleme.paires),
        "missions": len(plan.missions),
        "secondes": round(secondes, 2),
        "cpu_secondes": round(cpu, 2),
        "iterations": plan.iterations,
        "sans_aide": round(plan.sans_aide.points),
        "glouton": round(gourmand.bilan.points),
        "programme": round(plan.bilan.points),
        "borne": round(borne),
        "ecart_du_gain": plan.ecart,
        "ecart_du_cout": (plan.bilan.points - borne) / plan.bilan.points,
        "glouton_secondes": round(secondes_glouton, 2),
        "deterministe": encore.missions == plan.missions,
        "charge_1min": os.getloadavg()[0],
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--graine", type=int, default=1)
    arguments.add_argument("--part-en-besoin", type=float, default=0.1)
    arguments.add_argument("--poles", type=int, default=50)
    choix = arguments.parse_args()
    print(json.dumps(principal(choix.graine, choix.part_en_besoin, choix.poles)))
