"""What real sources do to events on their way: late, twice, out of order, corrected, withdrawn, or wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.evenements import Dossiers, Lot, Plume
from simulator.parametres import Aleas
from simulator.qualite import Terrain
from simulator.territoire import JOUR, Entiers

NATURES = ("normal", "tardif", "desordre", "doublon", "correction", "retrait", "invalide", "reprise")
"""What a line sent is; ``reprise``: a dossier already open when the replay begins."""
NORMAL, TARDIF, DESORDRE, DOUBLON, CORRECTION, RETRAIT, INVALIDE, REPRISE = range(len(NATURES))

_MOTIF = re.compile(r'"motif":"\w+"')
_DEMI_HEURE = 1_800

_FAUTES = (
    lambda ligne: ligne[:-20],
    lambda ligne: ligne.replace(b'"specversion":"1.0"', b'"specversion":"0.3"'),
    lambda ligne: re.sub(rb'"type":"vigie\.', b'"type":"inconnu.', ligne),
    lambda ligne: re.sub(rb'"caisse":"[^"]+"', b'"caisse":"cpam-inconnue"', ligne),
    lambda ligne: re.sub(rb'"time":"[^"]+"', b'"time":"hier"', ligne),
)
"""Ways for a line to be wrong, each refused for its own reason."""


@dataclass(slots=True)
class Envois:
    """Lines of one lot and the Unix seconds at which they are sent."""

    processus: str
    nature: Entiers
    instant: Entiers
    lignes: list[bytes]


def expedier(
    terrain: Terrain, plume: Plume, aleas: Aleas, dossiers: Dossiers, debut: int, rng: np.random.Generator
) -> Iterator[Envois]:
    """All that will ever be sent of these dossiers.

    ``debut``: Unix seconds when the replay begins. A dossier closed before is not sent; the past milestones of one
    still open are sent in its first hour.
    """
    t = terrain.territoire
    retenus = t.utc(dossiers.caisse, dossiers.fin) >= debut
    retires = rng.random(len(retenus)) < aleas.retraits
    for entier in dossiers.lots:
        lot = _garder(entier, retenus[entier.rang])
        if not lot.donnees:
            continue
        ids = plume.ids(dossiers, lot)
        lignes = plume.lignes(dossiers, lot, ids)
        caisse = dossiers.caisse[lot.rang]
        utc = t.utc(caisse, lot.instant)
        nature, envoi = _retarder(utc, debut, aleas, rng)
        retour = terrain.scenarios[dossiers.processus].retour

        def parler(caisses: Entiers, instants: Entiers, retour: Entiers = retour) -> Entiers:
            """A silent source sends when it is back."""
            return np.maximum(instants, retour[caisses, t.jour_de(instants)])

        yield Envois(dossiers.processus, nature, parler(caisse, envoi), lignes)
        for quelle, part, fabrique in (
            (DOUBLON, aleas.doublons, _tels_quels),
            (CORRECTION, aleas.corrections, _corriges),
            (INVALIDE, aleas.invalides, _fautifs),
        ):
            rangs = np.flatnonzero(rng.random(len(utc)) < part)
            if len(rangs):
                plus_tard = envoi[rangs] + rng.integers(60, 3 * JOUR, len(rangs))
                nouvelles = fabrique(plume, dossiers, lot, ids, lignes, rangs)
                yield Envois(
                    dossiers.processus, np.full(len(rangs), quelle), parler(caisse[rangs], plus_tard), nouvelles
                )
        rangs = np.flatnonzero(retires[lot.rang])
        if len(rangs):
            fin = t.utc(caisse[rangs], dossiers.fin[lot.rang[rangs]])
            quand = np.maximum(fin, debut) + 3_600 + rng.integers(0, 5 * JOUR, len(rangs))
            retraits = plume.retraits(dossiers, lot, ids, rangs)
            yield Envois(dossiers.processus, np.full(len(rangs), RETRAIT), parler(caisse[rangs], quand), retraits)


def _garder(lot: Lot, choisis: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Lot:
    if choisis.all():
        return lot
    donnees = [d for d, oui in zip(lot.donnees, choisis.tolist(), strict=True) if oui]
    return Lot(lot.jalon, lot.rang[choisis], lot.instant[choisis], donnees)


def _retarder(utc: Entiers, debut: int, aleas: Aleas, rng: np.random.Generator) -> tuple[Entiers, Entiers]:
    """(nature, instant of sending) of each event of a lot."""
    nombre = len(utc)
    sort = rng.random(nombre)
    tardif = sort < aleas.tardifs
    desordre = ~tardif & (sort < aleas.tardifs + aleas.desordre)
    envoi = utc + np.where(tardif, rng.integers(JOUR, 5 * JOUR, nombre), 0)
    envoi = envoi + np.where(desordre, rng.integers(60, 6 * 3_600, nombre), 0)
    nature = np.where(tardif, TARDIF, np.where(desordre, DESORDRE, NORMAL))
    passe = utc < debut
    return np.where(passe, REPRISE, nature), np.where(passe, debut + rng.integers(0, 3_600, nombre), envoi)


def _tels_quels(
    _plume: Plume, _dossiers: Dossiers, _lot: Lot, _ids: list[str], lignes: list[bytes], rangs: Entiers
) -> list[bytes]:
    return [lignes[r] for r in rangs.tolist()]


def _corriges(
    plume: Plume, dossiers: Dossiers, lot: Lot, ids: list[str], _lignes: list[bytes], rangs: Entiers
) -> list[bytes]:
    """Revision 1: another motive where the event has one, otherwise half an hour earlier."""
    liste = rangs.tolist()
    donnees = [_MOTIF.sub('"motif":"droits"', lot.donnees[r]) for r in liste]
    recul = np.array([0 if '"motif"' in d else _DEMI_HEURE for d in donnees], dtype=np.int64)
    corrige = Lot(lot.jalon, lot.rang[rangs], lot.instant[rangs] - recul, donnees)
    return plume.lignes(dossiers, corrige, [ids[r] for r in liste], revision=1)


def _fautifs(
    _plume: Plume, _dossiers: Dossiers, _lot: Lot, _ids: list[str], lignes: list[bytes], rangs: Entiers
) -> list[bytes]:
    return [_FAUTES[r % len(_FAUTES)](lignes[r]) for r in rangs.tolist()]
