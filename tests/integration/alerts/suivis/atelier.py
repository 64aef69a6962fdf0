"""Letters, calls and decisions for the tests of what follows a comité, and rounds made by hand."""

from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import insert

from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.lettre import Modele
from services.alerts.comite.tables import comites, decisions
from services.alerts.lettres.store import deposer
from services.alerts.store.base import transaction
from services.alerts.suivis.ordonnancement import tour
from shared.catalogue.indicateurs import indicateur
from tests.integration.alerts.conftest import Document, Reseau
from tests.unit.alerts.lettres.exemples import COURRIER, IJ

DECROCHE, IJ_MOYEN = "taux_decroche", "delai_ij_premiere_non_subrogee_moyen"


def constat(code: str, **autres: Any) -> Document:
    defini = indicateur(code)
    return {**IJ, "code": code, "libelle": defini.libelle, "unite": defini.unite, "sens": defini.sens, **autres}


async def lettre(
    reseau: Reseau,
    modele: Modele = "courrier_plan_actions",
    caisse: str = "cpam-75",
    echeance: str = "2026-03-13",
    indicateurs: tuple[Document, ...] = (),
    numero: int = 0,
) -> str:
    """Pin a letter of February's comité; its reference."""
    cle = f"2026-02/{numero}/{caisse}/{modele}"
    donnees = {
        **COURRIER, "mois": "2026-02", "mois_en_clair": "février 2026", "echeance": echeance, "date": "2026-03-02",
        "caisse": {"slug": caisse, "nom": caisse}, "indicateurs": list(indicateurs or (constat(DECROCHE),)),
    }  # fmt: skip
    async with transaction(reseau.service.moteur) as conn:
        await deposer(conn, cle, modele, caisse, donnees, reseau.clock.now())
    return cle


async def appels(reseau: Reseau, taux: dict[tuple[str, str], int], nombre: int = 1_000) -> None:
    """Calls of (caisse, day): this many answered of ``nombre``."""
    assert reseau.contacts is not None
    dossier, evenements = reseau.contacts.dossier, []
    for (caisse, jour), decroches in taux.items():
        presente, fin = f"{jour} 10:00", f"{jour} 10:01"
        evenements.append(dossier("appel", {"presente": presente, "decroche": fin}, caisse=caisse, nombre=decroches))
        if decroches < nombre:
            abandons = {"caisse": caisse, "nombre": nombre - decroches}
            evenements.append(dossier("appel", {"presente": presente, "abandonne": fin}, **abandons))
    for debut in range(0, len(evenements), 400):
        await reseau.contacts.compter(*evenements[debut : debut + 400])


async def decision(reseau: Reseau, caisse: str, prise_le: datetime, mois: str = "2026-03", acte: int = 0) -> None:
    """A measure the comité of that month kept."""
    async with transaction(reseau.service.moteur) as conn:
        await conn.execute(
            insert(decisions).values(
                mois=mois, acte=acte, caisse=caisse, mesure="courrier_plan_actions", issue="acceptee",
                retenue="courrier_plan_actions", indicateurs=[DECROCHE], dissentiments=[], prise_le=prise_le,
            )
        )  # fmt: skip


async def comite_clos(reseau: Reseau, clos_le: datetime, mois: str = "2026-03") -> None:
    async with transaction(reseau.service.moteur) as conn:
        await conn.execute(
            insert(comites).values(
                mois=mois, etat="close", version=3, empreinte="essai", fige_le=clos_le, prepare_le=clos_le,
                ouvert_le=clos_le, clos_le=clos_le, resume={},
            )
        )  # fmt: skip


async def faire_un_tour(reseau: Reseau) -> dict[str, int]:
    """One round of what is followed without anybody asking."""
    async with httpx.AsyncClient() as client:
        return await tour(reseau.service, Lecteur(client, reseau.service.reglages.amonts), reseau.clock.now())


async def etiquette(reseau: Reseau, chemin: str) -> str:
    reponse = await reseau.client.get(chemin)
    assert reponse.status_code == 200, reponse.text
    return str(reponse.headers["etag"])


async def notifications(reseau: Reseau, genre: str) -> list[Any]:
    """What was said of that kind, the oldest first."""
    lues = await reseau.service.pool.fetch(
        "SELECT caisse, objet, texte FROM alerts.notifications WHERE genre = $1 ORDER BY numero", genre
    )
    return [tuple(ligne) for ligne in lues]
