"""The decile of delays with the stock, beside that of closed files alone, flattered by closing easy ones."""

from collections.abc import Mapping

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import HORLOGES_DEDUITES
from shared.dossiers.cellules import Entiers, Filtre, Selection, tranche
from shared.dossiers.lieux import contexte
from shared.dossiers.statistiques_reseau.fonds import DELAIS, Document, Fonds, bornes, exiger, slugs
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode
from shared.indicators.rangs import Quantile
from shared.indicators.statistiques import Cellules, jours_ecoules, quantiles
from shared.indicators.survie import DecileAvecStock, quantile_avec_stock

_ORIGINE = -40_000
"""A day number before every cell (1860)."""

_AUTRE_ISSUE = "0"
_ISSUE_COMPTEE = "1"
_OUVERTURE = "2"

NEUF_DIXIEMES: Quantile = (9, 10)


async def survie(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> list[Document]:
    """Per period and caisse (the network first), on calendar and working days: the quantile of the files closed, and
    that of all files under way in the period, open ones counted for the time they have already lasted.

    ``decile_avec_stock`` None with ``atteint`` False: less than that share would ever be closed at this pace, which
    is a value. Files that went out with another outcome count as watched until then. A caisse with nothing under way
    has no row. Raises DemandeInvalide for an indicator that is no delay.
    """
    exiger(demande, DELAIS, "un délai : lui seul se lit avec le stock")
    filtre = fonds.filtre(demande)
    if filtre is None:
        return []
    ouvertures, clotures = await _lire(fonds, conn, demande, filtre)
    ici = contexte(demande.maintenant)
    q: Quantile = tuple(demande.indicateur.parametres.get("q", NEUF_DIXIEMES))
    avec = {
        h: _par_cle(quantile_avec_stock(ouvertures, clotures, h, q, demande.periodes, ici)) for h in HORLOGES_DEDUITES
    }
    comptees = {nom: colonne[clotures["compte"] == 1] for nom, colonne in clotures.items()}
    durees = {
        h: jours_ecoules(h, comptees["caisse"], comptees["jour_ouvert"], comptees["jour"], ici.calendriers)
        for h in HORLOGES_DEDUITES
    }
    clos = {
        h: {(v.caisse, v.periode): v for v in quantiles(comptees, durees[h], q, demande.periodes)}
        for h in HORLOGES_DEDUITES
    }
    lignes: list[Document] = []
    for periode in demande.periodes:
        for code, nom in slugs().items():
            mesure = avec["jours_calendaires"].get((code, periode))
            if mesure is None:
                continue
            ligne: Document = {"caisse": nom, **bornes(periode), "clos": mesure.clos, "ouverts": mesure.ouverts}
            for horloge in HORLOGES_DEDUITES:
                age = avec[horloge][code, periode].age
                seuls = clos[horloge].get((code, periode))
                ligne[horloge] = {
                    "decile_clos": None if seuls is None or seuls.valeur is None else int(seuls.valeur),
                    "decile_avec_stock": age,
                    "atteint": age is not None,
                }
            lignes.append(ligne)
    return lignes


def _par_cle(valeurs: list[DecileAvecStock]) -> Mapping[tuple[int, Periode], DecileAvecStock]:
    return {(v.caisse, v.periode): v for v in valeurs}


async def _lire(fonds: Fonds, conn: AsyncConnection, demande: Demande, filtre: Filtre) -> tuple[Cellules, Cellules]:
    """Openings, less what was closed before the first period, and closings since: see ``quantile_avec_stock``."""
    debut, fin = min(p.du for p in demande.periodes), max(p.au for p in demande.periodes)
    comptee = fonds.issues(demande.indicateur.parametres["issues"])
    jours = [_ORIGINE, *range(debut, fin + 2)]
    ouvertures = {"jour_ouvert": "jour", "jour": "jour", "genre": _OUVERTURE, "n": "n"}
    anciennes = {"jour_ouvert": "jour_ouvert", "jour": "jour_ouvert", "genre": _OUVERTURE, "n": "-n"}
    clotures = {
        "jour_ouvert": "jour_ouvert",
        "jour": tranche("jour_clos", jours),
        "genre": f"CASE WHEN {comptee} THEN {_ISSUE_COMPTEE} ELSE {_AUTRE_ISSUE} END",
        "n": "n",
    }
    lues = await fonds.sommer(
        conn,
        filtre,
        [
            Selection("ouverts", ouvertures, f"jour <= {fin}"),
            Selection("clos", anciennes, f"jour_clos < {debut}"),
            Selection("clos", clotures, f"jour_clos BETWEEN {debut} AND {fin}"),
        ],
        ("n",),
    )
    entrees = lues["genre"] == int(_OUVERTURE)
    return _ou(lues, entrees), _ou(lues, ~entrees) | {"compte": lues["genre"][~entrees]}


def _ou(lues: Mapping[str, Entiers], lignes: np.ndarray) -> dict[str, Entiers]:
    return {nom: lues[nom][lignes] for nom in ("caisse", "jour_ouvert", "jour", "n")}
