"""The load of a process, caisse by caisse: open files by age, what is expected to come in, what the present pace works.

The same learning as the projections (``shared/indicators/projection``): what is read here is the model itself, week by
week, for who plans people against it.
"""

import asyncio
from collections.abc import Iterator
from datetime import date

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.lieux import contexte
from shared.dossiers.projection import PAS_ASSEZ, lire_le_triangle
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds, exiger, slugs
from shared.dossiers.valeurs import Demande
from shared.indicators.projection.modele import Modele, classes_de_jour
from shared.indicators.projection.projeter import PasAssezDHistoire, apprendre
from shared.network.jours import date_de, jour_de

JOURS = 7


async def charge(fonds: Fonds, conn: AsyncConnection, demande: Demande, a_partir_du: date, semaines: int) -> Document:
    """The load per caisse, in files. ``demande``: of a stock. ``a_partir_du``: a day not before today.

    Raises DemandeInvalide for anything but a stock. ``avant`` in a row is what comes and goes until that day.
    """
    exiger(demande, ("stock",), "un stock : seul un stock a une charge")
    ici = contexte(demande.maintenant)
    arrete = min(jour for jour, _ in ici.maintenant.values()) - 1
    entete: Document = {
        "indicateur": demande.indicateur.code, "version": demande.indicateur.version,
        "unite": demande.indicateur.unite, "arrete_au": date_de(arrete), "a_partir_du": a_partir_du,
        "semaines": semaines,
    }  # fmt: skip
    filtre = fonds.filtre(demande)
    if filtre is None:
        return entete | {"projetable": False, "phrase": PAS_ASSEZ, "valeurs": []}
    ouvertures, clotures = await lire_le_triangle(fonds, conn, demande.indicateur, filtre, arrete)
    debut = jour_de(a_partir_du)

    def calculer() -> list[Document]:
        modeles = apprendre(ouvertures, clotures, ici.calendriers, arrete).modeles
        lignes = [ligne for modele in modeles for ligne in _lignes(modele, debut, semaines)]
        return [ligne for _, ligne in sorted(lignes, key=lambda couple: couple[0])]

    try:
        return entete | {"projetable": True, "valeurs": await asyncio.to_thread(calculer)}
    except PasAssezDHistoire:
        return entete | {"projetable": False, "phrase": PAS_ASSEZ, "valeurs": []}


def _lignes(modele: Modele, debut: int, semaines: int) -> Iterator[tuple[int, Document]]:
    demain, fin = modele.arrete + 1, debut + JOURS * semaines
    profil = modele.profil[classes_de_jour(modele.calendrier, demain, fin - 1)]
    ouvres = np.diff(modele.calendrier.ouvres_cumul(np.arange(demain, fin + 1))).astype(np.float64)
    coupes = np.concatenate([[0], np.arange(debut - demain, fin - demain + 1, JOURS)])
    attendus, jours = (_par_tranche(serie, coupes) for serie in (profil, ouvres))
    noms = slugs()
    for rang, code in enumerate(modele.caisses.tolist()):
        entrees, faits = modele.niveau[rang] * attendus, modele.rythme[rang] * jours
        au_mieux = max(modele.pointe[rang], modele.rythme[rang]) * jours
        ouverts = modele.stock[rang] > 0
        ages = (modele.arrete - modele.cohortes[ouverts]).tolist()
        yield (
            code,
            {
                "caisse": noms[code],
                "projetable": bool(modele.projetable[rang]),
                "ages": [[age, n] for age, n in zip(ages, modele.stock[rang][ouverts].tolist(), strict=True)],
                "avant": {"jours": debut - demain, "arrivees": _arrondi(entrees[0]), "clotures": _arrondi(faits[0])},
                "arrivees": [_arrondi(v) for v in entrees[1:]],
                "clotures": [_arrondi(v) for v in faits[1:]],
                "clotures_au_mieux": [_arrondi(v) for v in au_mieux[1:]],
            },
        )


def _par_tranche(serie: np.ndarray, coupes: np.ndarray) -> np.ndarray:
    cumul = np.concatenate([[0.0], np.cumsum(serie)])
    return np.diff(cumul[coupes])


def _arrondi(valeur: float) -> float:
    return round(float(valeur), 3)
