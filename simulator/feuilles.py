"""Care sheets, electronic and paper: counts, not dossiers one by one.

A dossier stands for ``nombre`` sheets of one caisse, kind of payee and day of reception, paid together. The
groups of a day are strata of the delays' distribution, and their places within the strata walk evenly from day to
day: a few groups a day give a month's deciles as closely as many.
"""

import numpy as np

from simulator.evenements import Dossiers, Lot, sujets
from simulator.hasard import OR, lognormal
from simulator.prestations import lot
from simulator.qualite import Terrain
from simulator.territoire import OUVERTURE, SERVICE, Entiers, Reels


def feuilles(terrain: Terrain, processus: str, jour: int, rng: np.random.Generator) -> Dossiers:
    """The groups of sheets received on a day by the whole network."""
    config, t = terrain.config, terrain.territoire
    p = getattr(config.delais, processus)
    attendus = terrain.attendus(processus, jour)
    caisses: list[Entiers] = []
    nombres: list[Entiers] = []
    jours: list[Reels] = []
    noms: list[str] = []
    for rang, (nom, b) in enumerate(p.beneficiaires.items()):
        recues = rng.poisson(attendus * b.part)
        groupes = np.where(recues > 0, np.clip(recues // b.par_groupe, 1, b.groupes_max), 0)
        caisse = np.repeat(np.arange(len(attendus)), groupes)
        place = np.arange(len(caisse)) - np.repeat(np.cumsum(groupes) - groupes, groupes)
        entiers, reste = np.divmod(recues, np.maximum(groupes, 1))
        pas = (jour * OR + caisse * 0.5497 + rang * 0.3) % 1
        caisses.append(caisse)
        nombres.append(entiers[caisse] + (place < reste[caisse]))
        jours.append(b.moyenne * lognormal((place + pas) / groupes[caisse], b.sigma))
        noms += [nom] * len(caisse)
    caisse, nombre = np.concatenate(caisses), np.concatenate(nombres)
    recue = t.local(jour) + OUVERTURE + rng.integers(0, SERVICE, len(caisse))
    delai = np.concatenate(jours) * terrain.lenteur(processus, caisse, jour)
    fin = terrain.echeance(processus, caisse, recue, delai)
    rejet = rng.random(len(caisse)) < p.rejet
    donnees = [f',"nombre":{n},"beneficiaire":"{b}"' for n, b in zip(nombre.tolist(), noms, strict=True)]
    aides = terrain.scenarios[processus].aidante(caisse, jour, rng.random(len(caisse)))
    fins = [d + a for d, a in zip(donnees, aides, strict=True)]
    lots: list[Lot] = [
        lot("recue", np.ones(len(caisse), dtype=np.bool_), recue, donnees),
        lot("payee", ~rejet, fin, fins),
        lot("rejetee", rejet, fin, fins),
    ]
    return Dossiers(processus, caisse, sujets(processus, f"{t.date(jour):%Y%m%d}", len(caisse)), fin, lots)
