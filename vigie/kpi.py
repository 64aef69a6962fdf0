"""``vigie kpi``: the value of an indicator, read straight from the cells."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date

import asyncpg
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur, IndicateurInconnu, indicateur
from shared.clock import SystemClock
from shared.database.connexion import creer_moteur
from shared.dossiers.cellules import Vue
from shared.dossiers.comme_connu import comme_connu, valeurs_connues
from shared.dossiers.couvertures import Couvertures
from shared.dossiers.definitions import indicateur_retire
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.explication.mots import VERDICTS, dire
from shared.dossiers.presentation import presenter
from shared.dossiers.valeurs import Demande, DemandeInvalide, Evaluateur
from shared.indicators.periodes import Pas, decouper
from shared.indicators.statistiques import RESEAU
from shared.network.reseau import charger
from vigie.pile import Base
from vigie.travail import DEFINITIONS

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
    a_date: date | None = None
    """As known on that evening, of Paris; None: all that is known."""
    version: str | None = None
    """The formula version; None: the one in force then."""


async def mesurer(base: Base, question: Question) -> list[dict[str, object]]:
    """Rows of ``presenter`` with ``indicateur``, ``version`` and ``unite``; ``valeur`` None: not measured.

    Raises IndicateurInconnu, CaisseInconnue, DemandeInvalide.
    """
    organisme = organisme_demande(question.caisse)
    async with lecture(base, "vigie-kpi") as conn:
        defini = await indicateur_a(conn, question.indicateur, question.a_date)
        dictionnaire = Dictionnaire(defini.service)
        await dictionnaire.actualiser(conn)
        demande = demander(defini, question)
        if question.a_date is not None or question.version is not None:
            demande, _ = await comme_connu(conn, defini.service, demande, question.a_date, question.version)
            defini = demande.indicateur
        evaluateur = Evaluateur(defini.service, dictionnaire)
        valeurs = await valeurs_connues(conn, defini.service, evaluateur, demande)
        (couvertures,) = await Couvertures(defini.service, dictionnaire).lire(conn, [demande])
    parts = {p: c.parts for p, c in zip(demande.periodes, couvertures, strict=True)}
    lignes = presenter(defini, valeurs, demande.periodes, organisme, question.horloge, question.a_date, parts)
    return [_ligne(defini, ligne) for ligne in lignes]


def demander(defini: Indicateur, question: Question) -> Demande:
    """The question, as it is put now. Raises CaisseInconnue, DemandeInvalide."""
    organisme = organisme_demande(question.caisse)
    periodes = decouper(question.du, question.au, question.pas)
    if not periodes:
        raise DemandeInvalide(f"La période est vide : du {question.du} au {question.au}.")
    return Demande(
        defini,
        periodes,
        int(SystemClock().now().timestamp()),
        question.vue,
        organisme if organisme != RESEAU else None,
        horloge=question.horloge,
    )


async def indicateur_a(conn: AsyncConnection, code: str, a_date: date | None) -> Indicateur:
    """The indicator of that code; for a past day, also one that was withdrawn since. Raises IndicateurInconnu."""
    try:
        return indicateur(code)
    except IndicateurInconnu:
        for service in DEFINITIONS if a_date is not None else ():
            if (retire := await indicateur_retire(conn, service, code)) is not None:
                return retire
        raise


@asynccontextmanager
async def lecture(base: Base, nom: str) -> AsyncIterator[AsyncConnection]:
    """A connection on which all is read as of one instant. Raises DemandeInvalide where nothing ever came."""
    moteur = creer_moteur(base.database_url, nom, taille=1)
    try:
        with base_vide_dite():
            async with moteur.connect() as conn:
                await conn.execution_options(isolation_level="REPEATABLE READ")
                yield conn
    finally:
        await moteur.dispose()


@contextmanager
def base_vide_dite() -> Iterator[None]:
    """Raises DemandeInvalide, with what to do, where a database that never received anything is read."""
    try:
        yield
    except ProgrammingError as exc:
        if isinstance(exc.orig.__cause__ if exc.orig else None, asyncpg.UndefinedTableError):
            raise DemandeInvalide("Rien n'a encore été reçu ici : importez un fichier, ou lancez vigie demo.") from None
        raise


def organisme_demande(caisse: str) -> int | None:
    """Organism code of a slug or name, ``RESEAU``, or None for all. Raises CaisseInconnue."""
    if caisse == TOUTES:
        return None
    return RESEAU if caisse == "reseau" else charger().caisse(caisse).code


def _ligne(defini: Indicateur, ligne: dict[str, object]) -> dict[str, object]:
    entete = {"indicateur": defini.code, "version": defini.version, "unite": defini.unite}
    return entete | ligne | {"du": str(ligne["du"]), "au": str(ligne["au"])}


def bornes(intervalle: object) -> str:
    """« 81,2 à 85,7 » for ``[81.2, 85.7]``; a missing bound is said."""
    if not isinstance(intervalle, list):
        return "sans"
    bas, haut = ("…" if b is None else dire(b) for b in intervalle)
    return f"{bas} à {haut}"


def dire_verdict(ligne: Mapping[str, object]) -> str:
    """The verdict in words, marked when its target is an assumption, or when not all its data came."""
    cible, part = ligne["cible"], ligne["completude"]
    doutes = ["hypothèse"] if isinstance(cible, dict) and cible["hypothese"] else []
    if isinstance(part, dict) and part["taux"] is not None and not part["complet"]:
        doutes.append("données incomplètes")
    dits = f" ({', '.join(doutes)})" if doutes else ""
    return f"{VERDICTS[ligne['verdict']]}{dits}"  # type: ignore[index]
