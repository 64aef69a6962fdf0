"""What a plan gives: its exact cost in points, its effect on each need, and every rule it would break.

Neither function knows how the plan was made; both are what "better" and "allowed" mean.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from services.entraide.domain.allocation.modele import FIN, MILLIEMES, Mission, Probleme
from services.entraide.domain.allocation.patrons import (
    Entiers,
    blocs_de,
    derniere_permise,
    effets,
    limites,
    prix,
    rangs,
    travail,
)


@dataclass(frozen=True, slots=True)
class Bilan:
    """Cost of a plan, in parts FIN of a point, and what stays missing per need ([semaine], hundredths of ETP-weeks)."""

    socle: int
    objectif: int
    missions: int
    changements: int
    mobilisation: int
    iniquite: int
    departage: int
    manque_socle: Mapping[str, tuple[int, ...]]
    manque_objectif: Mapping[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        aide = self.missions + self.changements + self.mobilisation + self.iniquite + self.departage
        return self.socle + self.objectif + aide

    @property
    def points(self) -> float:
        return self.total / FIN


def apports(probleme: Probleme, missions: Iterable[Mission]) -> dict[str, Entiers]:
    """Work that counts for each need by week: cumulated when the need is cumulative. Parts FIN of ETP-weeks."""
    demandes = {d.cle: d for d in probleme.demandes}
    offreurs = {o.cle: o for o in probleme.offreurs}
    deja = {(p.offreur, p.demande): p.deja for p in probleme.paires}
    recus = {cle: np.zeros(probleme.semaines, dtype=np.int64) for cle in demandes}
    for m in missions:
        d, o = demandes[m.demande], offreurs[m.offreur]
        vagues = blocs_de([(debut, fin) for debut, fin, _ in m.vagues], probleme.semaines)
        rythme = effets(vagues, o, d.process, deja.get((m.offreur, m.demande), 0))
        for par_etp, (_, _, etp) in zip(rythme, m.vagues, strict=True):
            fait = travail(par_etp, etp)
            recus[m.demande] += fait.cumsum() if d.cumulatif else fait
    return recus


def changements(mission: Mission, deja: int) -> int:
    """Hundredths of ETP that start and stop; a pair at work already (``deja`` weeks) goes on without starting."""
    return sum(etp * (1 if deja and debut == 0 else 2) for debut, _, etp in mission.vagues)


def evaluer(probleme: Probleme, missions: Iterable[Mission]) -> Bilan:
    """The exact cost of a plan; ``evaluer(probleme, ())`` is what happens without aid."""
    missions = tuple(missions)
    poids, recus, departage = probleme.poids, apports(probleme, missions), rangs(probleme)
    restes = {d.cle: [_reste(m, recus[d.cle]) for m in (d.manque_socle, d.manque_objectif)] for d in probleme.demandes}
    cher = {d.cle: prix(d, poids, probleme.regles.etp_min) for d in probleme.demandes}
    deja = {(p.offreur, p.demande): p.deja for p in probleme.paires}
    mouvements = sum(changements(m, deja.get((m.offreur, m.demande), 0)) for m in missions)
    donne: defaultdict[str, int] = defaultdict(int)
    for m in missions:
        donne[m.offreur] += m.etp_semaines
    return Bilan(
        socle=sum(int((restes[d.cle][0] * cher[d.cle][0]).sum()) for d in probleme.demandes),
        objectif=sum(int((restes[d.cle][1] * cher[d.cle][1]).sum()) for d in probleme.demandes),
        missions=poids.mission * FIN * len(missions),
        changements=poids.changement * MILLIEMES * mouvements,
        mobilisation=poids.mobilisation * MILLIEMES * sum(donne.values()),
        iniquite=poids.iniquite * MILLIEMES * sum(max(0, donne[o.cle] - max(0, o.part)) for o in probleme.offreurs),
        departage=sum(departage[m.offreur] for m in missions),
        manque_socle={cle: _centiemes(reste[0]) for cle, reste in restes.items()},
        manque_objectif={cle: _centiemes(reste[1]) for cle, reste in restes.items()},
    )


def _reste(manque: tuple[int, ...], recu: Entiers) -> Entiers:
    reste: Entiers = np.maximum(0, MILLIEMES * np.array(manque, dtype=np.int64) - recu)
    return reste


def _centiemes(reste: Entiers) -> tuple[int, ...]:
    """Rounded up: what is still missing is never hidden."""
    return tuple(int(v) for v in -(-reste // MILLIEMES))


def violations(probleme: Probleme, missions: Iterable[Mission]) -> list[str]:
    """Every rule the plan breaks, as French sentences; empty for a plan that may be proposed."""
    missions = tuple(missions)
    return [
        *_violations_de_mission(probleme, missions),
        *_violations_de_capacite(probleme, missions),
        *_violations_de_surete(probleme, missions),
    ]


def _violations_de_mission(probleme: Probleme, missions: tuple[Mission, ...]) -> list[str]:
    demandes = {d.cle: d for d in probleme.demandes}
    paires = {(p.offreur, p.demande): p for p in probleme.paires}
    regles, fautes, vues = probleme.regles, [], set()
    for m in missions:
        paire, nom = paires.get((m.offreur, m.demande)), f"{m.offreur} pour {m.demande}"
        if paire is None:
            fautes.append(f"{nom} : paire non éligible.")
            continue
        if (m.offreur, m.demande) in vues:
            fautes.append(f"{nom} : deux missions dans un même plan.")
        vues.add((m.offreur, m.demande))
        d = demandes[m.demande]
        if min(m.etp) < regles.etp_min or len(m.etp) < regles.semaines_min:
            fautes.append(f"{nom} : sous l'affectation minimale.")
        if m.debut < max(d.premiere, paire.premiere) or m.fin > d.derniere:
            fautes.append(f"{nom} : hors de la période du besoin.")
        if m.fin > derniere_permise(d, paire, regles.semaines_max):
            fautes.append(f"{nom} : au-delà de {regles.semaines_max} semaines.")
    return fautes


def _violations_de_capacite(probleme: Probleme, missions: tuple[Mission, ...]) -> list[str]:
    fautes = []
    for o in probleme.offreurs:
        pris = np.zeros(probleme.semaines, dtype=np.int64)
        for m in missions:
            if m.offreur == o.cle:
                pris[m.debut : m.fin + 1] += np.array(m.etp)
        fautes += [
            f"{o.cle}, semaine {s} : {p / 100} ETP pour {c / 100}."
            for s, (p, c) in enumerate(zip(pris, o.capacite, strict=True))
            if p > c
        ]
    return fautes


def _violations_de_surete(probleme: Probleme, missions: tuple[Mission, ...]) -> list[str]:
    process = {d.cle: d.process for d in probleme.demandes}
    caisse = {o.cle: o.caisse for o in probleme.offreurs}
    donnes: dict[tuple[str, str], Entiers] = {}
    for m in missions:
        clef = (caisse[m.offreur], process[m.demande])
        donnes.setdefault(clef, np.zeros(probleme.semaines, dtype=np.int64))[m.debut : m.fin + 1] += np.array(m.etp)
    fautes = []
    for (slug, proc), donne in sorted(donnes.items()):
        hebdo, cumul = limites(probleme.suretes.get((slug, proc)), probleme.semaines)
        if (donne > hebdo).any() or (donne.cumsum() > cumul).any():
            fautes.append(f"{slug} passerait sous son objectif ({proc}).")
    return fautes
