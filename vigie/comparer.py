"""``vigie comparaison``: why a figure is no longer what it was, in sentences."""

from datetime import date
from typing import Any

from shared.dossiers.confrontation import confronter, document
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.valeurs import DemandeInvalide
from vigie.kpi import Question, demander, indicateur_a, lecture, organisme_demande
from vigie.pile import Base


async def comparer_lectures(base: Base, question: Question, a_date: date, b_date: date) -> dict[str, Any]:
    """The document of ``GET …/comparaison`` for one period and one caisse or the network.

    Raises IndicateurInconnu, CaisseInconnue, DemandeInvalide.
    """
    if organisme_demande(question.caisse) is None:
        raise DemandeInvalide("Un seul chiffre se compare à la fois : donnez une caisse, ou « reseau ».")
    if b_date < a_date:
        raise DemandeInvalide(f"Le second jour ({b_date:%d/%m/%Y}) est avant le premier ({a_date:%d/%m/%Y}).")
    async with lecture(base, "vigie-comparaison") as conn:
        defini = await indicateur_a(conn, question.indicateur, a_date)
        dictionnaire = Dictionnaire(defini.service)
        await dictionnaire.actualiser(conn)
        demande = demander(defini, question)
        return document(await confronter(conn, defini.service, dictionnaire, demande, a_date, b_date))
