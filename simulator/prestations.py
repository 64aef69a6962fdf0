"""First sick-pay files (IJ) and CMU-C/ACS requests, one dossier at a time."""

import numpy as np
from numpy.typing import NDArray

from simulator.ecrits import recevoir
from simulator.evenements import Dossiers, Lot, sujets
from simulator.hasard import choisir, lognormal
from simulator.parametres import Config
from simulator.population import Assures, pseudonymes
from simulator.qualite import Terrain
from simulator.territoire import JOUR, Entiers

Colonnes = tuple[Entiers, Entiers, Entiers]
_OUI_NON = ("non", "oui")
_VERS_OUVERTURE = 0.75
"""Mean days from a moment taken at random to the next one the caisse works: nights, week-ends, holidays."""


def lot(jalon: str, choisis: NDArray[np.bool_], instant: Entiers, donnees: list[str] | None = None) -> Lot:
    """The milestone of the chosen dossiers."""
    rang = np.flatnonzero(choisis)
    return Lot(jalon, rang, instant[rang], [donnees[r] if donnees else "" for r in rang.tolist()])


def _regimes(config: Config, rng: np.random.Generator, nombre: int) -> list[str]:
    noms = tuple(config.volumes.regimes)
    return [noms[r] for r in choisir(rng, nombre, config.volumes.regimes.values()).tolist()]


def indemnites(terrain: Terrain, jour: int, rng: np.random.Generator, assures: Assures) -> tuple[Dossiers, Colonnes]:
    """The first IJ whose first piece comes on that day, and their (caisse, assure, 0) columns.

    The clock starts when both pieces are there; its mean is that of the non-subrogated files, by channel.
    """
    config, t = terrain.config, terrain.territoire
    p = config.delais.ij
    caisse, premiere = recevoir(rng, terrain, "ij", jour)
    nombre = len(caisse)
    tous = np.ones(nombre, dtype=np.bool_)
    attente = (rng.exponential(p.ecart_pieces, nombre) * JOUR).astype(np.int64)
    seconde = t.ouvrir(caisse, premiere + attente)
    dsij_avant = rng.random(nombre) < p.dsij_avant_aat
    canal = choisir(rng, nombre, [c.part for c in p.canaux.values()])
    subrogee = rng.random(nombre) < p.subrogee.part
    facteurs = np.array([c.facteur for c in p.canaux.values()])
    moyen = sum(c.part * c.facteur for c in p.canaux.values()) / sum(c.part for c in p.canaux.values())
    jours = (
        p.moyenne
        * facteurs[canal]
        / moyen
        * np.where(subrogee, p.subrogee.facteur, 1)
        * lognormal(rng.random(nombre), p.sigma)
        * terrain.lenteur("ij", caisse, jour)
    )
    fin = terrain.echeance("ij", caisse, seconde, jours)
    debut, bout = t.service(caisse, seconde), t.service(caisse, fin)
    assure = assures.tirer(rng, caisse)
    regimes, canaux = _regimes(config, rng, nombre), tuple(p.canaux)
    at_mp, en_ligne = rng.random(nombre) < p.risque_at_mp, rng.random(nombre) < p.aat_en_ligne
    noms = pseudonymes(config.graine, caisse, assure)
    communs = [
        f',"subrogee":"{_OUI_NON[s]}","risque":"{"at_mp" if k else "maladie"}","assure":"{a}"'
        for s, k, a in zip(subrogee.tolist(), at_mp.tolist(), noms, strict=True)
    ]
    aat = [
        f'{d},"canal_aat":"{"en_ligne" if c else "papier"}","regime":"{r}"'
        for d, c, r in zip(communs, en_ligne.tolist(), regimes, strict=True)
    ]
    dsij = [f'{d},"canal_dsij":"{canaux[c]}"' for d, c in zip(communs, canal.tolist(), strict=True)]
    avis = rng.random(nombre) < p.avis_medical
    aides = terrain.scenarios["ij"].aidante(caisse, jour, rng.random(nombre))
    issue = choisir(rng, nombre, p.issues.values())
    lots = [
        lot("aat_recu", tous, np.where(dsij_avant, seconde, premiere), aat),
        lot("dsij_recue", tous, np.where(dsij_avant, premiere, seconde), dsij),
        lot("avis_demande", avis, t.instant(caisse, debut + 0.2 * (bout - debut))),
        lot("avis_rendu", avis, t.instant(caisse, debut + 0.7 * (bout - debut))),
        *(lot(jalon, issue == i, fin, aides) for i, jalon in enumerate(p.issues)),
    ]
    dossiers = Dossiers("ij", caisse, sujets("ij", f"{t.date(jour):%Y%m%d}", nombre), fin, lots)
    return dossiers, (caisse, assure, np.zeros(nombre, dtype=np.int64))


def complementaires(
    terrain: Terrain, jour: int, rng: np.random.Generator, assures: Assures
) -> tuple[Dossiers, Colonnes]:
    """The CMU-C and ACS requests of a day and their (caisse, assure, 0) columns.

    A share is returned as incomplete and waits for the assuré; the published mean counts that time.
    """
    config, t = terrain.config, terrain.territoire
    p = config.delais.cmuc_acs
    caisse, recue = recevoir(rng, terrain, "cmuc_acs", jour)
    nombre = len(caisse)
    tous = np.ones(nombre, dtype=np.bool_)
    incomplet = rng.random(nombre) < p.incomplet
    travail = (p.moyenne - p.incomplet * p.suspension) * lognormal(rng.random(nombre), p.sigma)
    travail = travail * terrain.lenteur("cmuc_acs", caisse, jour)
    retour = terrain.echeance("cmuc_acs", caisse, recue, 0.3 * travail)
    pause = (rng.gamma(2.0, (p.suspension - _VERS_OUVERTURE) / 2.0, nombre) * JOUR).astype(np.int64)
    complete = t.ouvrir(caisse, retour + pause)
    reprise = np.where(incomplet, complete, recue)
    fin = terrain.echeance("cmuc_acs", caisse, reprise, np.where(incomplet, 0.7, 1.0) * travail)
    assure = assures.tirer(rng, caisse)
    supports = tuple(p.supports)
    support = choisir(rng, nombre, p.supports.values())
    premiere = rng.random(nombre) < p.premiere_demande
    donnees = [
        f',"support":"{supports[s]}","premiere_demande":"{_OUI_NON[d]}","regime":"{r}","assure":"{a}"'
        for s, d, r, a in zip(
            support.tolist(),
            premiere.tolist(),
            _regimes(config, rng, nombre),
            pseudonymes(config.graine, caisse, assure),
            strict=True,
        )
    ]
    aides = terrain.scenarios["cmuc_acs"].aidante(caisse, jour, rng.random(nombre))
    issue = choisir(rng, nombre, p.issues.values())
    lots = [
        lot("recue", tous, recue, donnees),
        lot("incomplete", incomplet, retour),
        lot("completee", incomplet, complete),
        *(lot(jalon, issue == i, fin, aides) for i, jalon in enumerate(p.issues)),
    ]
    dossiers = Dossiers("cmuc_acs", caisse, sujets("cmuc_acs", f"{t.date(jour):%Y%m%d}", nombre), fin, lots)
    return dossiers, (caisse, assure, np.zeros(nombre, dtype=np.int64))
