"""``vigie kpi``: the value of an indicator, read straight from the cells."""

from dataclasses import dataclass
from datetime import date

import asyncpg
from sqlalchemy.exc import ProgrammingError

from shared.catalogue.indicateurs import Indicateur, indicateur
from shared.clock import SystemClock
from shared.database.connexion import creer_moteur
from shared.dossiers.cellules import Vue
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.presentation import presenter
from shared.dossiers.valeurs import Demande, DemandeInvalide, Evaluateur
from shared.indicators.periodes import Pas, decouper
from shared.indicators.statistiques import RESEAU
from shared.network.reseau import charger
from vigie.pile import Base

TOUTES = "toutes"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; ``caisse``: a slug or name, ``reseau`` or ``toutes``. Both days are included."""

    indicateur: str
    caisse: str
    du: date
    au: date
    pas: Pas | None = None
    vue: Vue = "responsable"
    horloge: str | None = None


async def mesurer(base: Base, question: Question) -> list[dict[str, object]]:
    """Rows ``{"indicateur", "caisse", "du", "au", "valeur", "n", "unite"}``; ``valeur`` None: not measured.

    Raises IndicateurInconnu, CaisseInconnue, DemandeInvalide.
    """
    defini = indicateur(question.indicateur)
    organisme = _organisme(question.caisse)
    periodes = decouper(question.du, question.au, question.pas)
    if not periodes:
        raise DemandeInvalide(f"La période est vide : du {question.du} au {question.au}.")
    demande = Demande(
        defini,
        periodes,
        int(SystemClock().now().timestamp()),
        question.vue,
        organisme if organisme != RESEAU else None,
        horloge=question.horloge,
    )
    moteur = creer_moteur(base.database_url, "vigie-kpi", taille=1)
    try:
        async with moteur.connect() as conn:
            dictionnaire = Dictionnaire(defini.service)
            await dictionnaire.actualiser(conn)
            valeurs = await Evaluateur(defini.service, dictionnaire).valeurs(conn, demande)
    except ProgrammingError as exc:
        if isinstance(exc.orig.__cause__ if exc.orig else None, asyncpg.UndefinedTableError):
            raise DemandeInvalide("Rien n'a encore été reçu ici : importez un fichier, ou lancez vigie demo.") from None
        raise
    finally:
        await moteur.dispose()
    return [_ligne(defini, ligne) for ligne in presenter(valeurs, periodes, organisme)]


def _organisme(caisse: str) -> int | None:
    if caisse == TOUTES:
        return None
    return RESEAU if caisse == "reseau" else charger().caisse(caisse).code


def _ligne(defini: Indicateur, ligne: dict[str, object]) -> dict[str, object]:
    return {
        "indicateur": defini.code,
        "caisse": ligne["caisse"],
        "du": str(ligne["du"]),
        "au": str(ligne["au"]),
        "valeur": ligne["valeur"],
        "n": ligne["n"],
        "unite": defini.unite,
    }
