"""``vigie expliquer``: how one figure was made, in sentences."""

from collections.abc import Iterator
from typing import Any

import asyncpg

from shared.dossiers.comme_connu import comme_connu, exiger_connue
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.explication.document import document, dossiers_de, expliquer
from shared.dossiers.explication.mots import dire, motif
from shared.dossiers.valeurs import DemandeInvalide, Evaluateur
from vigie.kpi import Question, demander, indicateur_a, lecture, organisme_demande
from vigie.pile import Base

DOSSIERS = 20
"""Dossiers shown."""


async def expliquer_chiffre(base: Base, question: Question) -> dict[str, Any]:
    """The document of ``GET …/explication`` for one period and one caisse or the network.

    Raises IndicateurInconnu, CaisseInconnue, DemandeInvalide.
    """
    if organisme_demande(question.caisse) is None:
        raise DemandeInvalide("Un seul chiffre s'explique à la fois : donnez une caisse, ou « reseau ».")
    async with lecture(base, "vigie-expliquer") as conn:
        defini = await indicateur_a(conn, question.indicateur, question.a_date)
        nom, dictionnaire = defini.service, Dictionnaire(defini.service)
        await dictionnaire.actualiser(conn)
        demande = demander(defini, question)
        if question.a_date is not None or question.version is not None:
            demande, _ = await comme_connu(conn, nom, demande, question.a_date, question.version)
        figure = await expliquer(nom, dictionnaire, Evaluateur(nom, dictionnaire), conn, demande)
        await exiger_connue(conn, nom, demande)
    directe = await asyncpg.connect(base.database_url)
    try:
        page = await dossiers_de(directe, nom, dictionnaire, figure, DOSSIERS, None)
    finally:
        await directe.close()
    return document(figure, page, "suite" if page and page.suivant else None)


def texte(document: dict[str, Any]) -> Iterator[str]:
    """The sentences, then one line per dossier."""
    yield from document["phrases"]
    if document["dossiers"] is not None:
        for dossier in document["dossiers"]["liste"]:
            yield f"  {_ligne(dossier, document['dossiers']['unite'])}"


def _ligne(dossier: dict[str, Any], unite: str) -> str:
    dates = [f"{quoi} le {dossier[quoi]:%d/%m/%Y}" for quoi in ("ouvert", "clos") if dossier[quoi]]
    fin = [] if dossier["issue"] is None else [motif(dossier["issue"], 1)]
    mesure = [] if dossier["mesure"] is None else [dire(dossier["mesure"], unite)]
    return ", ".join([f"{dossier['id']} ({dossier['caisse']})", *dates, *fin, *mesure])
