"""Follow-ups that the letters of the comité open by themselves: one for each process a letter speaks of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.domain.etats import SYSTEME
from services.alerts.store.base import transaction
from services.alerts.suivis import store
from services.alerts.suivis.histoire import tracer
from shared.catalogue.indicateurs import charger_indicateurs, indicateur

MOIS = 12


class Gravite(NamedTuple):
    """What ranks an audit: months beyond the seuil d'alerte of the last twelve, and how far, in % of the seuil."""

    mois_degrades: int
    ecart: float


def gravite(constat: Mapping[str, Any]) -> Gravite:
    """Of one indicator of a letter, as the letter shows it; zero of what it does not show."""
    seuil = constat.get("seuil")
    if not seuil:
        return Gravite(0, 0.0)
    signe = -1 if indicateur(constat["code"]).sens == "haut" else 1
    valeurs = [point.get("valeur") for point in constat.get("serie", ())][-MOIS:]
    mois = sum(valeur is not None and signe * (valeur - seuil) > 0 for valeur in valeurs)
    valeur = constat.get("valeur")
    return Gravite(mois, 0.0 if valeur is None else max(0.0, signe * (valeur - seuil) / seuil * 100))


def par_processus(donnees: Mapping[str, Any]) -> dict[str, Gravite]:
    """The processes of a letter, each with its worst; an indicator the catalogue has no more has none."""
    pires: dict[str, Gravite] = {}
    for constat in donnees["indicateurs"]:
        if constat["code"] not in charger_indicateurs():
            continue
        process, ici = indicateur(constat["code"]).process, gravite(constat)
        pires[process] = max(pires.get(process, ici), ici)
    return pires


async def ouvrir_depuis_lettres(moteur: AsyncEngine, maintenant: datetime) -> int:
    """Open what the letters call for; how many. By two at once, or again, once."""
    ouverts = 0
    async with transaction(moteur) as conn:
        for lettre in await store.lettres_a_suivre(conn):
            motif = " ".join(lettre.donnees.get("motifs") or []) or "Décision du comité d'alerte."
            for process, mesure in par_processus(lettre.donnees).items():
                ligne = await store.ouvrir(
                    conn,
                    {
                        "genre": lettre.modele, "caisse": lettre.destinataire, "process": process, "motif": motif,
                        "lettre": lettre.reference, "cree_par": SYSTEME, **mesure._asdict(),
                    },
                    maintenant,
                )  # fmt: skip
                if ligne is not None:
                    ouverts += 1
                    donnees = {"lettre": lettre.reference, **mesure._asdict()}
                    await tracer(conn, "suivi", ligne.id, maintenant, "ouverture", motif=motif, donnees=donnees)
    return ouverts
