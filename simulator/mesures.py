"""What is measured of the contacts: supervisions, answers to surveys, people connected to the telephone platforms."""

import numpy as np

from simulator.ecrits import recevoir
from simulator.evenements import Dossiers, Lot, sujets
from simulator.hasard import choisir
from simulator.prestations import lot
from simulator.qualite import Terrain
from simulator.telephone import Plateformes
from simulator.territoire import OUVERTURE

_HEURE = 3_600
_CANAUX = ("courriel", "telephone", "internet", "papier", "physique")


def supervisions(terrain: Terrain, jour: int, rng: np.random.Generator) -> Dossiers:
    """The contacts listened to or read again on a day, with the points that each got."""
    t, p = terrain.territoire, terrain.config.mesures.supervision
    caisse, notee = recevoir(rng, terrain, "supervision", jour)
    canaux = tuple(p.fiabilite)
    canal = rng.integers(0, len(canaux), len(caisse))
    points = rng.binomial(p.points, np.array(tuple(p.fiabilite.values()))[canal])
    donnees = [
        f',"canal":"{canaux[c]}","points":{n},"points_possibles":{p.points}'
        for c, n in zip(canal.tolist(), points.tolist(), strict=True)
    ]
    noms = sujets("supervision", f"{t.date(jour):%Y%m%d}", len(caisse))
    return Dossiers("supervision", caisse, noms, notee, [Lot("notee", np.arange(len(caisse)), notee, donnees)])


def reponses(terrain: Terrain, jour: int, rng: np.random.Generator) -> Dossiers:
    """The answers of a day: eight in ten come from assurés, one from each other public (hypothesis)."""
    t, publics = terrain.territoire, terrain.config.mesures.enquete
    caisse, recue = recevoir(rng, terrain, "enquete", jour)
    noms_publics = tuple(publics)
    qui = choisir(rng, len(caisse), [0.8, *([0.2 / (len(publics) - 1)] * (len(publics) - 1))])
    notes = tuple(next(iter(publics.values())))
    parts = np.cumsum([[public[note] for note in notes] for public in publics.values()], axis=1)
    note = np.minimum((rng.random(len(caisse))[:, None] > parts[qui]).sum(axis=1), len(notes) - 1)
    # Half of what assurés answer is about one of the five channels (hypothesis).
    canal = np.where((qui == 0) & (rng.random(len(caisse)) < 0.5), rng.integers(0, len(_CANAUX), len(caisse)), -1)
    themes = [*(f'"theme":"canal","canal":"{nom}"' for nom in _CANAUX), '"theme":"globale"']
    donnees = [f',"public":"{noms_publics[q]}",{themes[c]}' for q, c in zip(qui.tolist(), canal.tolist(), strict=True)]
    lots = [lot(jalon, note == i, recue, donnees) for i, jalon in enumerate(notes)]
    return Dossiers("enquete", caisse, sujets("enquete", f"{t.date(jour):%Y%m%d}", len(caisse)), recue, lots)


def effectifs(terrain: Terrain, plateformes: Plateformes, jour: int) -> Dossiers:
    """The people of every platform, hour by hour of a day: none before the last days of the replay.

    A platform speaks through the first of its caisses that is open.
    """
    t, p = terrain.territoire, terrain.config.mesures.effectif
    commence = jour >= t.jour(terrain.config.fin) - p.jours
    presents, charge = plateformes.presence(jour)
    membres: dict[str, list[int]] = {nom: [] for nom in dict.fromkeys(plateformes.noms)} if commence else {}
    for rang, nom in enumerate(plateformes.noms):
        if nom in membres and t.ouvert[rang, jour]:
            membres[nom].append(rang)
    caisses, instants, donnees = [], [], []
    for nom, rangs in membres.items():
        if not rangs:
            continue
        connectes = round(float(p.presence * presents[rangs].sum()))
        tension = np.average(charge[rangs], axis=0, weights=presents[rangs])
        for heure, tendu in enumerate(tension[::2].tolist()):
            disponibles = round(connectes * max(0.0, 1 - p.occupation * tendu))
            caisses.append(rangs[0])
            instants.append(int(t.local(jour)) + OUVERTURE + heure * _HEURE)
            donnees.append(f',"plateforme":"{nom}","connectes":{connectes},"disponibles":{disponibles}')
    caisse, instant = np.array(caisses, dtype=np.int64), np.array(instants, dtype=np.int64)
    noms = sujets("effectif", f"{t.date(jour):%Y%m%d}", len(donnees))
    return Dossiers("effectif", caisse, noms, instant, [Lot("releve", np.arange(len(donnees)), instant, donnees)])
