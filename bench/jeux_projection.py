"""Files with a day opened and a day closed, to back-test projections on: a simulated network, public logs."""

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from shared.catalogue.processus import charger_processus
from shared.indicators.projection.projeter import AUTRE, COMPTEE
from shared.indicators.projection.triangle import JOURS_LUS
from shared.network.jours import jour_de
from shared.network.reseau import charger
from simulator.demandes import demandes
from simulator.ecrits import reclamations
from simulator.evenements import Dossiers
from simulator.feuilles import feuilles
from simulator.hasard import generateur
from simulator.parametres import PROCESSUS, configurer
from simulator.population import Assures
from simulator.prestations import complementaires, indemnites
from simulator.simulation import Simulation

COMPTEES = {"ij": ("paye",), "cmuc_acs": ("accord", "refus"), "reclamation": ("repondue",), "fsp": ("paye",),
            "courrier": ("repondu",)}  # fmt: skip
"""Simulated processes that are projected, and the outcomes their indicators count."""

JAMAIS = 10**6
JOUR = 86_400
_DONNEES = Path(__file__).resolve().parents[2] / "shared" / "data" / "cases"


class Jeu(NamedTuple):
    """Files, one row for ``n`` alike. ``clos``: day closed, ``JAMAIS`` if not. ``compte``: whether it counts."""

    nom: str
    caisse: np.ndarray
    ouvert: np.ndarray
    clos: np.ndarray
    compte: np.ndarray
    secondes: np.ndarray
    n: np.ndarray


def simuler(graine: int, mois: int, fraction: int) -> tuple[list[Jeu], date]:
    """The simulated processes, and the first day not replayed."""
    fin = date(2026, 3, 1)
    config = configurer(fin, graine=graine, mois=mois, fraction=fraction)
    simulation = Simulation(config)
    terrain, t = simulation.terrain, simulation.territoire
    codes = np.array([c.code for c in t.caisses])
    assures = Assures(t.milliers, fraction, config.volumes.motifs, config.telephone.part_reiteration)
    jeux = []
    for processus, comptees in COMPTEES.items():
        morceaux = []
        premier = t.jour(config.debut) - config.volumes.processus[processus].amorce
        for jour in range(premier, t.jour(fin)):
            rng = generateur(graine, PROCESSUS.index(processus), jour)
            if processus in ("ij", "cmuc_acs"):
                engendrer = indemnites if processus == "ij" else complementaires
                dossiers, _ = engendrer(terrain, jour, rng, assures)
            elif processus == "reclamation":
                dossiers = reclamations(terrain, jour, rng, assures)
            elif processus == "fsp":
                dossiers = feuilles(terrain, processus, jour, rng)
            else:
                dossiers = demandes(terrain, processus, jour, rng, assures)
            morceaux.append(_lire(dossiers, codes, comptees))
        jeux.append(Jeu(processus, *(np.concatenate(c) for c in zip(*morceaux, strict=True))))
    return jeux, fin


def _lire(dossiers: Dossiers, codes: np.ndarray, comptees: Sequence[str]) -> tuple[np.ndarray, ...]:
    """caisse, ouvert, clos, compte, secondes, n of a day's dossiers."""
    processus = charger_processus()[dossiers.processus]
    arrets = {a.jalon: a.issue for a in processus.arrets}
    nombre = len(dossiers.caisse)
    ouvert, n = np.zeros(nombre, dtype=np.int64), np.ones(nombre, dtype=np.int64)
    clos, compte = np.full(nombre, JAMAIS * JOUR, dtype=np.int64), np.zeros(nombre, dtype=np.int64)
    for lot in dossiers.lots:
        if lot.jalon in processus.depart:
            np.maximum.at(ouvert, lot.rang, lot.instant)
            if '"nombre"' in "".join(lot.donnees[:1]):
                n[lot.rang] = [int(re.search(r'"nombre":(\d+)', d)[1]) for d in lot.donnees]  # type: ignore[index]
        elif lot.jalon in arrets:
            clos[lot.rang], compte[lot.rang] = lot.instant, int(arrets[lot.jalon] in comptees)
    return codes[dossiers.caisse], ouvert // JOUR, clos // JOUR, compte, clos - ouvert, n


def cas_reels() -> list[Jeu]:
    """The public logs, where they are: one caisse each, on the working days of the Métropole (their own differ)."""
    if not _DONNEES.is_dir():
        return []
    zone = ZoneInfo("Europe/Amsterdam")
    recus: dict[str, tuple[datetime, datetime | None]] = {}
    for ligne in _lignes("receipt_events.csv.gz"):
        fin = ligne["case_enddate"]
        recus[ligne["case_id"]] = (_instant(ligne["case_startdate"]), _instant(fin) if fin else None)
    tickets: dict[str, list[datetime | None]] = {}
    for ligne in _lignes("helpdesk_events.csv.gz"):
        instant = _instant(ligne["timestamp"])
        ticket = tickets.setdefault(ligne["case_id"], [instant, None])
        ticket[0] = min(ticket[0] or instant, instant)
        if ligne["activity"] == "Resolve ticket":
            ticket[1] = max(ticket[1] or instant, instant)
    jeux = []
    for nom, cas in (("permis", list(recus.values())), ("assistance", [tuple(t) for t in tickets.values()])):
        ouvert = [_jour(o, zone) for o, _ in cas]
        clos = [JAMAIS if c is None else _jour(c, zone) for _, c in cas]
        secondes = [0 if c is None or o is None else int((c - o).total_seconds()) for o, c in cas]
        un = np.ones(len(cas), dtype=np.int64)
        caisse = np.full(len(cas), charger().caisse("cpam-75").code)
        jeux.append(Jeu(nom, caisse, np.array(ouvert), np.array(clos), un, np.array(secondes), un))
    return jeux


def _lignes(nom: str) -> Iterator[dict[str, str]]:
    with gzip.open(_DONNEES / nom, "rt", encoding="utf-8", newline="") as fichier:
        yield from csv.DictReader(fichier)


def _instant(texte: str) -> datetime:
    return datetime.fromisoformat(texte)


def _jour(instant: datetime | None, zone: ZoneInfo) -> int:
    assert instant is not None
    return jour_de(instant.astimezone(zone).date())


def cellules(jeu: Jeu, arrete: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What was known on the evening of ``arrete``."""
    venus, partis = jeu.ouvert <= arrete, (jeu.clos <= arrete) & (jeu.ouvert <= arrete)
    recents = partis & (jeu.clos > arrete - JOURS_LUS)
    anciens = partis & ~recents
    ouvertures = {
        "caisse": np.concatenate([jeu.caisse[venus], jeu.caisse[anciens]]),
        "jour": np.concatenate([jeu.ouvert[venus], jeu.ouvert[anciens]]),
        "n": np.concatenate([jeu.n[venus], -jeu.n[anciens]]),
    }
    clotures = {
        "caisse": jeu.caisse[recents], "jour_ouvert": jeu.ouvert[recents], "jour": jeu.clos[recents],
        "n": jeu.n[recents], "secondes": (jeu.secondes * jeu.n)[recents],
        "classe": np.where(jeu.compte[recents] == 1, COMPTEE, AUTRE),
    }  # fmt: skip
    return ouvertures, clotures
