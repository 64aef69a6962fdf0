"""What the figures made of readings count and leave out: means, shares of quantities, and sources that are compared.

The same cells and the same days as ``shared.dossiers.releves``, of one period.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shared.dossiers.cellules import entre
from shared.dossiers.explication.modele import AUTRE_VALEUR, HORS_POPULATION, UNE_SOURCE, Compte, Comptes, non_nuls
from shared.dossiers.releves import comptes_des_sources, de_la_grandeur

if TYPE_CHECKING:
    from shared.dossiers.explication.comptes import Compteur


async def releve_moyenne(compteur: "Compteur") -> Comptes:
    """How many times the quantity was read."""
    return await _lus(compteur, compteur.demande.indicateur.parametres["grandeur"])


async def releve_part(compteur: "Compteur") -> Comptes:
    """How many times the quantity below the line was read."""
    return await _lus(compteur, compteur.demande.indicateur.parametres["denominateur"])


async def _lus(compteur: "Compteur", grandeur: str) -> Comptes:
    lus = f"{entre('jour', *compteur.periode)} AND {de_la_grandeur(compteur.dictionnaire, grandeur)}"
    ensemble = {"issue": "0", "n": "n"}
    dedans = sum((await compteur.sommer("releves", ensemble, lus)).values())
    tous = sum((await compteur.sommer("releves", ensemble, lus, replace(compteur.filtre, strates=None))).values())
    return Comptes(None, dedans, (), non_nuls([Compte(HORS_POPULATION, tous - dedans)]))


async def ecart_sources(compteur: "Compteur") -> Comptes:
    """The days and platforms that two sources at least counted; left out: those that one did, and readings of none."""
    lues = await compteur.lire(comptes_des_sources)
    dits = lues["origine"] >= 0
    lieux = np.stack([lues[nom][dits] for nom in ("caisse", "jour", "plateforme", "origine")], axis=1)
    _, combien = np.unique(np.unique(lieux, axis=0)[:, :3], axis=0, return_counts=True)
    seules = int((combien == 1).sum())
    exclusions = [Compte(UNE_SOURCE, seules), Compte(AUTRE_VALEUR, int(lues["n"][~dits].sum()))]
    return Comptes(None, len(combien) - seules, (), non_nuls(exclusions))
