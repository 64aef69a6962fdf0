"""What a delay or a wait is made of, per caisse: how many items, how many beyond a threshold, whose hands held them."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import SECONDES_PAR_JOUR
from shared.catalogue.processus import DETENTEURS
from shared.dossiers.cellules import Entiers, Selection, entre
from shared.dossiers.echeances import duree
from shared.dossiers.lieux import contexte
from shared.dossiers.statistiques_reseau.fonds import DELAIS, Document, Fonds, avec_reseau, exiger, horloge_de, slugs
from shared.dossiers.valeurs import Demande
from shared.indicators.statistiques import POUR_CENT, jours_ecoules

ATTENTES = ("attente_quantile", "attente_moyenne")

_MESURES = ("n", "secondes", "s_suspension", *(f"s_{d}" for d in DETENTEURS))


class Compte(NamedTuple):
    """Items of one caisse (code 0: the network): ``au_dela`` strictly beyond the threshold, Σ x and Σ x² of their
    durations in whole days, or seconds for waits."""

    caisse: int
    n: int
    au_dela: int
    somme: int
    carres: int


async def compter_au_dela(fonds: Fonds, conn: AsyncConnection, demande: Demande, seuil: Decimal) -> list[Compte]:
    """Exact counts over the one period of ``demande``, the network first; a caisse without items has none.

    Raises DemandeInvalide for an indicator that is neither a delay nor a wait, or for a clock it does not have.
    """
    exiger(demande, (*DELAIS, *ATTENTES), "un délai ni une attente : il n'y a pas de durées à compter")
    lues = await _durees(fonds, conn, demande)
    if lues is None or not len(lues["n"]):
        return []
    doubles = avec_reseau(lues)
    codes, rangs = np.unique(doubles["caisse"], return_inverse=True)
    x, n = doubles["duree"], doubles["n"]
    sommes = []
    for montants in (n, n * (x > int(seuil)), n * x, n * x * x):
        total = np.zeros(len(codes), dtype=np.int64)
        np.add.at(total, rangs, montants)
        sommes.append(total.tolist())
    return [Compte(*ligne) for ligne in zip(codes.tolist(), *sommes, strict=True) if ligne[1] > 0]


async def _durees(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> dict[str, Entiers] | None:
    """caisse, duree, n of what was closed, or answered, in the period."""
    filtre, p, (periode,) = fonds.filtre(demande), demande.indicateur.parametres, demande.periodes
    if filtre is None:
        return None
    issue = fonds.issues(p["issues"])
    if demande.indicateur.genre in ATTENTES:
        choix = Selection("attentes", {"duree": "secondes", "n": "n"}, f"{entre('jour', *periode)} AND {issue}")
        return await fonds.sommer(conn, filtre, [choix], ("n",))
    horloge = horloge_de(demande)
    condition = f"{entre('jour_clos', *periode)} AND {issue}"
    if horloge != "jours_ouvres":
        choix = Selection("clos", {"duree": duree(horloge), "n": "n"}, condition)
        return await fonds.sommer(conn, filtre, [choix], ("n",))
    jours = {"ouvert": "jour_ouvert", "clos": "jour_clos", "lieu": "caisse", "n": "n"}
    lues = await fonds.sommer(conn, filtre, [Selection("clos", jours, condition)], ("n",))
    calendriers = contexte(demande.maintenant).calendriers
    return lues | {"duree": jours_ecoules("jours_ouvres", lues["lieu"], lues["ouvert"], lues["clos"], calendriers)}


def presenter_comptes(comptes: list[Compte]) -> list[Document]:
    """Rows by caisse, the network first."""
    noms = slugs()
    return [{"caisse": noms[c.caisse], **{nom: getattr(c, nom) for nom in c._fields[1:]}} for c in comptes]


async def par_detenteur(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> list[Document]:
    """Whose hands the files closed in the one period went through, per caisse, the network first.

    Mean days of a file with each holder (Σ seconds / n / 86,400, exact) and share of all the time, in %. What the
    process attributes to nobody is *non attribué*. Raises DemandeInvalide for an indicator that is no delay.
    """
    exiger(demande, DELAIS, "un délai : seuls les dossiers clos disent qui les a tenus")
    filtre, (periode,) = fonds.filtre(demande), demande.periodes
    if filtre is None:
        return []
    condition = f"{entre('jour_clos', *periode)} AND {fonds.issues(demande.indicateur.parametres['issues'])}"
    choix = Selection("clos", {m: m for m in _MESURES}, condition)
    doubles = avec_reseau(await fonds.sommer(conn, filtre, [choix], _MESURES))
    codes, rangs = np.unique(doubles["caisse"], return_inverse=True)
    totaux = {}
    for mesure in _MESURES:
        totaux[mesure] = np.zeros(len(codes), dtype=np.int64)
        np.add.at(totaux[mesure], rangs, doubles[mesure])
    noms = slugs()
    return [
        {"caisse": noms[code], **_repartition({mesure: int(total[i]) for mesure, total in totaux.items()})}
        for i, code in enumerate(codes.tolist())
        if totaux["n"][i] > 0
    ]


def _repartition(total: dict[str, int]) -> Document:
    n, secondes = total["n"], total["secondes"]
    tenu = {detenteur: total[f"s_{detenteur}"] for detenteur in DETENTEURS}
    # A holder may have had the file before the clock started: a first IJ waits for the employer first.
    ecart = secondes - sum(tenu.values())
    tenu["non_attribue"] = max(0, ecart)
    total_tenu = sum(tenu.values())
    return {
        "n": n,
        "jours": secondes / (n * SECONDES_PAR_JOUR),
        "jours_avant_depart": max(0, -ecart) / (n * SECONDES_PAR_JOUR),
        "jours_en_suspension": total["s_suspension"] / (n * SECONDES_PAR_JOUR),
        "detenteurs": {
            nom: {
                "jours": s / (n * SECONDES_PAR_JOUR),
                "part": POUR_CENT * s / total_tenu if total_tenu else None,
            }
            for nom, s in tenu.items()
        },
    }
