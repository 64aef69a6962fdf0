"""The run-off triangle of a delay: what became of the files of each week, week after week, and those still open."""

from collections.abc import Mapping
from itertools import accumulate

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.cellules import Entiers, Filtre, Selection
from shared.dossiers.statistiques_reseau.fonds import DELAIS, Document, Fonds, exiger
from shared.dossiers.valeurs import Demande
from shared.network.jours import date_de

SEPT = 7
AGES = (0, 7, 14, 21, 28, 42, 56, 84)
"""First day of each age of the stock; the last has no end."""

_OUVERTURE, _CLOTURE = 0, 1


async def triangle(fonds: Fonds, conn: AsyncConnection, demande: Demande, semaines: int) -> Document:
    """Of one caisse (or the network), the weeks of seven days that end on the last day of the question.

    ``lignes``: per week of opening, the oldest first, how many files opened, and how many of them were closed,
    whatever the outcome, within the same seven days of their opening and each seven days after, cumulated, as far as
    every file of the week has lived that long. ``stock``: the files open on the last evening, by age in days.
    Raises DemandeInvalide for an indicator that is no delay.
    """
    exiger(demande, DELAIS, "un délai : lui seul a un triangle")
    (periode,) = demande.periodes
    fin, debut = periode.au, periode.au - SEPT * semaines + 1
    filtre = fonds.filtre(demande)
    lues = None if filtre is None else await _lire(fonds, conn, filtre, fin)
    return {
        "semaines": semaines,
        "lignes": [] if lues is None else _lignes(lues, debut, fin, semaines),
        "stock": _stock(lues, fin),
    }


async def _lire(fonds: Fonds, conn: AsyncConnection, filtre: Filtre, fin: int) -> Mapping[str, Entiers]:
    """Openings and closings by day opened and by days elapsed, up to an evening."""
    ouvertures = {"jour_ouvert": "jour", "ecoules": "0", "genre": str(_OUVERTURE), "n": "n"}
    clotures = {
        "jour_ouvert": "jour_ouvert", "ecoules": "jour_clos - jour_ouvert", "genre": str(_CLOTURE), "n": "n",
    }  # fmt: skip
    return await fonds.sommer(
        conn,
        filtre,
        [
            Selection("ouverts", ouvertures, f"jour <= {fin}"),
            Selection("clos", clotures, f"jour_clos <= {fin}"),
        ],
        ("n",),
    )


def _lignes(lues: Mapping[str, Entiers], debut: int, fin: int, semaines: int) -> list[Document]:
    ici = (lues["jour_ouvert"] >= debut) & (lues["jour_ouvert"] <= fin)
    semaine = (lues["jour_ouvert"][ici] - debut) // SEPT
    rang = np.maximum(lues["ecoules"][ici], 0) // SEPT
    genre, n = lues["genre"][ici], lues["n"][ici]
    ouverts, clos = np.zeros(semaines, np.int64), np.zeros((semaines, semaines), np.int64)
    np.add.at(ouverts, semaine[genre == _OUVERTURE], n[genre == _OUVERTURE])
    fermees = (genre == _CLOTURE) & (rang < semaines)
    np.add.at(clos, (semaine[fermees], rang[fermees]), n[fermees])
    # The files of the last day of a week have lived whole weeks only as far as the triangle goes.
    return [
        {
            "du": date_de(debut + SEPT * s),
            "au": date_de(debut + SEPT * s + SEPT - 1),
            "ouverts": int(ouverts[s]),
            "clos": [int(c) for c in accumulate(clos[s, : max(0, semaines - 1 - s)])],
        }
        for s in range(semaines)
        if ouverts[s]
    ]


def _stock(lues: Mapping[str, Entiers] | None, fin: int) -> list[Document]:
    bornes = list(zip(AGES, (*(a - 1 for a in AGES[1:]), None), strict=True))
    comptes = np.zeros(len(AGES), np.int64)
    if lues is not None:
        signes = np.where(lues["genre"] == _OUVERTURE, lues["n"], -lues["n"])
        ages = np.searchsorted(np.array(AGES), np.maximum(fin - lues["jour_ouvert"], 0), side="right") - 1
        np.add.at(comptes, ages, signes)
    return [{"de": de, "a": a, "dossiers": int(c)} for (de, a), c in zip(bornes, comptes, strict=True)]
