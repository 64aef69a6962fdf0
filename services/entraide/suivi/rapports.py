"""The year's report, from the missions, the needs and what was delivered. Volumes never leave their process."""

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import extract, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.besoins.aides import Montees
from services.entraide.besoins.tables import besoins
from services.entraide.domain.activites import productivites
from services.entraide.domain.rapport import Ligne, Manque, Rendue, Vu, etp_semaines, resumer
from services.entraide.domain.semaines import JOURS
from services.entraide.propositions.lignes import Lue
from services.entraide.propositions.store import couverts
from services.entraide.suivi import store
from services.entraide.suivi.deroulement import livres, prevus
from services.entraide.suivi.missions import a_commence, debut, fin
from shared.network.jours import jour_de
from shared.service.amonts import Amonts, LectureImpossible


async def rapport(
    conn: AsyncConnection, amonts: Amonts, annee: int, toutes: Sequence[Lue], montees: Montees, jour: int
) -> tuple[list[Ligne], list[str]]:
    """The lines of a year up to ``jour``, and the sentences on what could not be read."""
    du, au = jour_de(date(annee, 1, 1)), min(jour, jour_de(date(annee, 12, 31)))
    siennes = [lue for lue in toutes if a_commence(lue) and debut(lue) <= au and fin(lue) >= du]
    conclusions = await _conclusions(conn, siennes)
    manques = await _manques(conn, annee)
    await conn.rollback()
    lus = await asyncio.gather(*(_livre(amonts, lue, toutes, montees, du, au) for lue in siennes))
    rendues = [
        Rendue(
            process=lue.proposition.process,
            aidante=lue.proposition.aidante,
            aidee=lue.proposition.aidee,
            livre=None if isinstance(lu, str) else lu,
            convenu=_dans(prevus(lue, montees), du, au),
            etp_semaines=etp_semaines(lue.proposition.termes, fin(lue), du, au),
            conclusions={cote: [e["conclusion"] for e in vus] for cote, vus in conclusions[lue.id].items()},
            effets={cote: _vus(vus) for cote, vus in conclusions[lue.id].items()},
            objectif_perdu=any(e["objectif_tenu"] is False for e in conclusions[lue.id].get("aidante", ())),
        )
        for lue, lu in zip(siennes, lus, strict=True)
    ]
    unites = {process: p.unite for process, p in productivites().items()}
    return resumer(unites, rendues, manques), list(dict.fromkeys(lu for lu in lus if isinstance(lu, str)))


async def _livre(amonts: Amonts, lue: Lue, toutes: Sequence[Lue], montees: Montees, du: int, au: int) -> float | str:
    try:
        return sum((await livres(amonts, lue, toutes, montees, du, au)).values())
    except LectureImpossible as exc:
        return f"Mission {lue.id} : volume livré inconnu. {exc}"


def _dans(prevus_: dict[int, float], du: int, au: int) -> float:
    """What is expected in [du, au]; a week in part counts by its days."""
    return sum(
        volume * max(0, min(lundi + JOURS - 1, au) - max(lundi, du) + 1) / JOURS for lundi, volume in prevus_.items()
    )


async def _conclusions(conn: AsyncConnection, siennes: Sequence[Lue]) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """By mission and side, the effects of the last month measured; of each indicator the last version."""
    derniers: defaultdict[int, dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
    for ligne in await store.lire_effets(conn, [lue.id for lue in siennes]):
        derniers[ligne.mission][ligne.cote, ligne.indicateur] = {**ligne.resultat, "indicateur": ligne.indicateur}
    rangees: defaultdict[int, dict[str, list[dict[str, Any]]]] = defaultdict(dict)
    for mission, vus in derniers.items():
        for (cote, _), resultat in sorted(vus.items()):
            rangees[mission].setdefault(cote, []).append(resultat)
    return rangees


def _vus(effets: Sequence[Mapping[str, Any]]) -> list[Vu]:
    return [
        Vu(e["indicateur"], e["comparaison"]["difference"]["valeur"], e["relative"])
        for e in effets
        if e["comparaison"]["difference"] is not None
    ]


async def _manques(conn: AsyncConnection, annee: int) -> list[Manque]:
    c = besoins.c
    requete = select(c.cle, c.caisse, c.process, c.volume).where(
        ~c.provisoire, extract("year", c.debut) == annee
    )  # fmt: skip
    lignes = (await conn.execute(requete.order_by(c.cle))).all()
    pris = await couverts(conn, [li.cle for li in lignes])
    return [Manque(li.process, li.caisse, li.volume, pris.get(li.cle, 0.0)) for li in lignes]


def en_clair(ligne: Ligne) -> dict[str, Any]:
    """A line in plain values."""
    arrondies = {nom: round(valeur, 3) for nom, valeur in asdict(ligne).items() if isinstance(valeur, float)}
    return {**asdict(ligne), **arrondies, "etp": round(ligne.etp, 2)}


COLONNES = (
    "process", "unite", "missions", "livre", "convenu", "aidees", "aidantes", "etp_semaines", "etp", "besoins",
    "besoin", "besoin_non_couvert", "besoins_non_dimensionnes", "aidees_ameliorees", "aidees_degradees",
    "aidees_non_distinguees", "aidantes_degradees", "aidantes_sous_objectif",
)  # fmt: skip


def en_csv(annee: int, lignes: Sequence[Ligne], separateur: str) -> str:
    """The same lines as a table: lists are names between spaces; with semicolons, the decimal comma."""
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, delimiter=separateur, lineterminator="\r\n")
    ecrivain.writerow(("annee", *COLONNES))
    for ligne in lignes:
        valeurs = en_clair(ligne) | {
            "aidees_ameliorees": ligne.effets_aidees.get("amelioree", 0),
            "aidees_degradees": ligne.effets_aidees.get("degradee", 0),
            "aidees_non_distinguees": ligne.effets_aidees.get("non_distinguee", 0),
            "aidantes_degradees": ligne.effets_aidantes.get("degradee", 0),
        }
        ecrivain.writerow((annee, *(_cellule(valeurs[nom], separateur) for nom in COLONNES)))
    return sortie.getvalue()


def _cellule(valeur: Any, separateur: str) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, tuple | list):
        return " ".join(valeur)
    if isinstance(valeur, float):
        texte = f"{valeur:.2f}".rstrip("0").rstrip(".")
        return texte.replace(".", ",") if separateur == ";" else texte
    return str(valeur)
