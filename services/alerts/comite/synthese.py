"""The year of the comité: letters, caisses, measures, and how many caisses were beyond each seuil, month by month."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.cloture import COURRIERS_D_ALERTE
from services.alerts.comite.instantane import Instantane, lire
from services.alerts.comite.regles import MESURES
from services.alerts.comite.tables import comites, decisions, instantanes
from shared.catalogue.seuils import charger_seuils

SOUS_LE_SOCLE = ("sous_le_socle", "seuil_alerte_franchi")
SOUS_L_OBJECTIF = (*SOUS_LE_SOCLE, "socle_atteint")

OBJECTIF_REDUCTION = 15
"""% fewer caisses under each bound than a year before: the aim of 2016 (IGAS 2017, tome I [62])."""

COLONNES = (
    "mois", "etat", "caisses_examinees", "courriers", "caisses_concernees", *MESURES, "franchissements",
    "sous_le_socle", "sous_l_objectif",
)  # fmt: skip


async def synthese(conn: AsyncConnection, annee: int) -> dict[str, Any]:
    """The months of a year that have a comité, their total, and each indicator against the year before."""
    du, au = str(Mois(annee, 1)), str(Mois(annee, 12))
    lignes = {
        li.mois: li
        for li in await conn.execute(
            select(comites).where(comites.c.mois >= du, comites.c.mois <= au).order_by(comites.c.mois)
        )
    }
    prises = await _en_vigueur(conn, du, au)
    figes = await _instantanes(conn, [*lignes, *(f"{annee - 1}{mois[4:]}" for mois in lignes)])
    mois = [_mois(ligne, prises.get(nom, {}), figes[nom]) for nom, ligne in lignes.items()]
    retenues = [cle for decidees in prises.values() for cle in decidees.items()]
    return {
        "annee": annee,
        "mois": mois,
        "total": _compter(retenues) | {"comites_clos": sum(m["etat"] == "close" for m in mois)},
        "indicateurs": _indicateurs(list(lignes), figes, annee),
        "objectif_reduction": OBJECTIF_REDUCTION,
    }


def en_csv(document: Mapping[str, Any]) -> bytes:
    """The months as CSV (RFC 4180)."""
    sortie = io.StringIO()
    ecrivain = csv.DictWriter(sortie, COLONNES, lineterminator="\r\n")
    ecrivain.writeheader()
    ecrivain.writerows({c: m[c] for c in COLONNES} for m in document["mois"])
    return sortie.getvalue().encode()


async def _en_vigueur(conn: AsyncConnection, du: str, au: str) -> dict[str, dict[tuple[str, str], str | None]]:
    """By month, the measure kept for each (caisse, measure decided on), as last corrected."""
    requete = select(decisions).where(decisions.c.mois >= du, decisions.c.mois <= au).order_by(decisions.c.acte)
    prises: dict[str, dict[tuple[str, str], str | None]] = {}
    for li in await conn.execute(requete):
        prises.setdefault(li.mois, {})[li.caisse, li.mesure] = li.retenue
    return prises


async def _instantanes(conn: AsyncConnection, mois: Sequence[str]) -> dict[str, Instantane]:
    requete = select(instantanes.c.mois, instantanes.c.contenu).where(instantanes.c.mois.in_(mois))
    return {li.mois: lire(li.contenu) for li in await conn.execute(requete)}


def _compter(retenues: Iterable[tuple[tuple[str, str], str | None]]) -> dict[str, Any]:
    """Letters and caisses of decisions ((caisse, measure), kept): one letter for a caisse and a measure kept."""
    gardees = [(caisse, retenue) for (caisse, _), retenue in retenues if retenue is not None]
    courriers = [caisse for caisse, retenue in gardees if retenue in COURRIERS_D_ALERTE]
    return {
        "courriers": len(courriers),
        "caisses_concernees": len(set(courriers)),
        **{m: sum(retenue == m for _, retenue in gardees) for m in MESURES},
    }


def _mois(ligne: Any, prises: Mapping[tuple[str, str], str | None], fige: Instantane) -> dict[str, Any]:
    uniques = {(caisse, retenue): retenue for (caisse, _), retenue in prises.items()}
    return {
        "mois": ligne.mois,
        "etat": ligne.etat,
        "caisses_examinees": ligne.resume.get("caisses", 0),
        **_compter(((caisse, ""), retenue) for (caisse, _), retenue in uniques.items()),
        "franchissements": sum(li.a_examiner for li in fige.lignes),
        "sous_le_socle": len({li.caisse for li in fige.lignes if li.verdict in SOUS_LE_SOCLE}),
        "sous_l_objectif": len({li.caisse for li in fige.lignes if li.verdict in SOUS_L_OBJECTIF}),
    }


def _indicateurs(mois: Sequence[str], figes: Mapping[str, Instantane], annee: int) -> list[dict[str, Any]]:
    """Each watched indicator in the last month of the year, and the same month a year before; None: no comité then."""
    if not mois:
        return []
    dernier = mois[-1]
    maintenant, avant = figes[dernier], figes.get(f"{annee - 1}{dernier[4:]}")
    lignes = []
    for code in charger_seuils().surveilles:
        compte = {nom: _caisses(maintenant, code, verdicts) for nom, verdicts in _BORNES.items()}
        ancien = {nom: None if avant is None else _caisses(avant, code, v) for nom, v in _BORNES.items()}
        lignes.append(
            {
                "indicateur": code,
                "mois": dernier,
                **compte,
                "un_an_avant": ancien,
                "evolution": {nom: _evolution(compte[nom], ancien[nom]) for nom in _BORNES},
            }
        )
    return lignes


_BORNES = {"sous_le_socle": SOUS_LE_SOCLE, "sous_l_objectif": SOUS_L_OBJECTIF}


def _caisses(fige: Instantane, code: str, verdicts: Sequence[str]) -> int:
    return sum(li.indicateur == code and li.verdict in verdicts for li in fige.lignes)


def _evolution(maintenant: int, avant: int | None) -> float | None:
    """Change in %; None when there is nothing to compare with."""
    return None if not avant else 100 * (maintenant - avant) / avant
