"""Front-desk visits: counts of visitors who waited alike, two or so a caisse and day."""

import numpy as np

from simulator.evenements import Dossiers, Lot, sujets, textes
from simulator.hasard import OR, lognormal
from simulator.qualite import Terrain
from simulator.territoire import OUVERTURE, SERVICE

_DERNIERE_HEURE = 3_600
_ATTENTE_MAX = 3_300
"""Seconds: nobody waits beyond closing time."""


def visites(terrain: Terrain, jour: int, rng: np.random.Generator) -> Dossiers:
    """The visits of a day. The groups of a caisse are strata of its waits, and their places walk from day to day."""
    t, p = terrain.territoire, terrain.config.delais.accueil
    venus = rng.poisson(terrain.attendus("accueil", jour))
    groupes = np.minimum(venus, p.groupes_max)
    caisse = np.repeat(np.arange(len(venus)), groupes)
    place = np.arange(len(caisse)) - np.repeat(np.cumsum(groupes) - groupes, groupes)
    entiers, reste = np.divmod(venus, np.maximum(groupes, 1))
    nombre = entiers[caisse] + (place < reste[caisse])
    pas = (jour * OR + caisse * 0.5497) % 1
    minutes = p.attente * lognormal((place + pas) / groupes[caisse], p.sigma) * terrain.lenteur("accueil", caisse, jour)
    attente = np.minimum(minutes * 60, _ATTENTE_MAX).astype(np.int64)
    arrive = t.local(jour) + OUVERTURE + rng.integers(0, SERVICE - _DERNIERE_HEURE, len(caisse))
    fin = arrive + attente
    partis, rendez_vous = rng.random(len(caisse)) < p.partis, rng.random(len(caisse)) < p.rendez_vous
    donnees = [
        f',"nombre":{n},"mode":"{"rendez_vous" if r else "sans_rendez_vous"}",'
        f'"jalons":{{"arrive":"{a}","{"parti" if s else "recu"}":"{f}"}}'
        for n, r, s, a, f in zip(
            nombre.tolist(),
            rendez_vous.tolist(),
            partis.tolist(),
            textes(t, caisse, arrive),
            textes(t, caisse, fin),
            strict=True,
        )
    ]
    noms = sujets("accueil", f"{t.date(jour):%Y%m%d}", len(caisse))
    return Dossiers("accueil", caisse, noms, fin, [Lot("dossier", np.arange(len(caisse)), fin, donnees)])
