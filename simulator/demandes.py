"""Letters, AME and carte Vitale requests: files one at a time, through one lognormal delay and perhaps one pause."""

import numpy as np

from simulator.ecrits import recevoir
from simulator.evenements import Dossiers, sujets
from simulator.hasard import choisir, lognormal
from simulator.population import Assures, pseudonymes
from simulator.prestations import lot
from simulator.qualite import Terrain
from simulator.territoire import JOUR, Entiers


def demandes(terrain: Terrain, processus: str, jour: int, rng: np.random.Generator, assures: Assures) -> Dossiers:
    """The files of a process received on a day; the mean of ``delais.yaml`` counts the pauses."""
    config, t = terrain.config, terrain.territoire
    p = getattr(config.delais, processus)
    caisse, recue = recevoir(rng, terrain, processus, jour)
    nombre = len(caisse)
    incomplet = rng.random(nombre) < p.incomplet
    travail = (p.moyenne - p.incomplet * p.suspension) * lognormal(rng.random(nombre), p.sigma)
    travail = travail * terrain.lenteur(processus, caisse, jour)
    retour = terrain.echeance(processus, caisse, recue, 0.3 * travail)
    pause: Entiers = (rng.gamma(2.0, p.suspension / 2.0, nombre) * JOUR).astype(np.int64)
    complete = t.ouvrir(caisse, retour + pause)
    reprise = np.where(incomplet, complete, recue)
    fin = terrain.echeance(processus, caisse, reprise, np.where(incomplet, 0.7, 1.0) * travail)
    donnees = [f',"assure":"{a}"' for a in pseudonymes(config.graine, caisse, assures.tirer(rng, caisse))]
    for nom, parts in p.attributs.items():
        valeurs = tuple(parts)
        tires = choisir(rng, nombre, parts.values()).tolist()
        donnees = [f'{d},"{nom}":"{valeurs[v]}"' for d, v in zip(donnees, tires, strict=True)]
    aides = terrain.scenarios[processus].aidante(caisse, jour, rng.random(nombre))
    issue = choisir(rng, nombre, p.issues.values())
    pauses = [lot("incomplete", incomplet, retour), lot("completee", incomplet, complete)] if p.incomplet else []
    lots = [
        lot(p.depart, np.ones(nombre, dtype=np.bool_), recue, donnees),
        *pauses,
        *(lot(jalon, issue == i, fin, aides) for i, jalon in enumerate(p.issues)),
    ]
    return Dossiers(processus, caisse, sujets(processus, f"{t.date(jour):%Y%m%d}", nombre), fin, lots)
