"""Plans d'actions in the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.calendrier import Mois, lire_mois
from services.alerts.comite.lettre import Modele
from services.alerts.lettres.tables import documents
from services.alerts.plans.domain import RESTANTES
from services.alerts.plans.tables import actions, plans, trajectoires

DEMANDE: Modele = "courrier_plan_actions"
"""The letter that asks for a plan."""

Attendus = Mapping[str, Mapping[Mois, Decimal]]
"""Indicator -> month -> expected value."""


@dataclass(frozen=True, slots=True)
class Demande:
    """What a letter asks: of whom, about which indicators, until when."""

    lettre: str
    caisse: str
    indicateurs: tuple[str, ...]
    echeance: date | None
    creee_le: datetime


@dataclass(frozen=True, slots=True)
class Complet:
    """A plan with its parts."""

    plan: Row[Any]
    actions: Sequence[Row[Any]]
    attendus: Attendus


async def lire_demande(conn: AsyncConnection, lettre: str) -> Demande | None:
    """The request a letter makes, held to the end of the transaction; None when no such letter asks for a plan."""
    requete = select(documents).where(documents.c.reference == lettre, documents.c.modele == DEMANDE).with_for_update()
    ligne = (await conn.execute(requete)).one_or_none()
    return None if ligne is None else _demande(ligne)


async def a_un_plan(conn: AsyncConnection, lettre: str) -> bool:
    """Whether a plan answers this letter."""
    return await conn.scalar(select(plans.c.id).where(plans.c.lettre == lettre)) is not None


async def sans_plan(conn: AsyncConnection, caisse: str | None = None) -> list[Demande]:
    """The requests no plan answers yet, the oldest first."""
    deja = select(plans.c.id).where(plans.c.lettre == documents.c.reference).exists()
    requete = select(documents).where(documents.c.modele == DEMANDE, ~deja)
    if caisse is not None:
        requete = requete.where(documents.c.destinataire == caisse)
    lues = await conn.execute(requete.order_by(documents.c.cree_le, documents.c.reference))
    return [_demande(ligne) for ligne in lues]


def _demande(ligne: Row[Any]) -> Demande:
    echeance = ligne.donnees.get("echeance")
    codes = tuple(dict.fromkeys(i["code"] for i in ligne.donnees["indicateurs"]))
    jour = None if echeance is None else date.fromisoformat(echeance)
    return Demande(ligne.reference, ligne.destinataire, codes, jour, ligne.cree_le)


async def deposer(
    conn: AsyncConnection,
    plan: Mapping[str, Any],
    prevues: Sequence[Mapping[str, Any]],
    attendus: Attendus,
    instant: datetime,
) -> int:
    """Keep a new plan; its number. Raises IntegrityError when the letter has one already."""
    depot = insert(plans).values(**plan, etat="ouvert", depose_le=instant).returning(plans.c.id)
    numero: int = (await conn.execute(depot)).scalar_one()
    await ajouter_actions(conn, numero, prevues, instant)
    lignes = [
        {"plan": numero, "indicateur": code, "mois": str(mois), "attendu": attendu}
        for code, points in attendus.items()
        for mois, attendu in points.items()
    ]
    await conn.execute(insert(trajectoires), lignes)
    return numero


async def ajouter_actions(
    conn: AsyncConnection, plan: int, prevues: Sequence[Mapping[str, Any]], instant: datetime
) -> list[int]:
    """Add actions after those of the plan, which the caller holds; their numbers."""
    dernier = await conn.scalar(select(func.max(actions.c.numero)).where(actions.c.plan == plan)) or 0
    lignes = [
        {**action, "plan": plan, "numero": numero, "etat": "a_faire", "echeance_fixee_le": instant}
        for numero, action in enumerate(prevues, dernier + 1)
    ]
    await conn.execute(insert(actions), lignes)
    return [ligne["numero"] for ligne in lignes]


async def lire(conn: AsyncConnection, numero: int, *, verrouiller: bool = False) -> Complet | None:
    """One plan, or None; locked with all its parts until the end of the transaction when asked."""
    requete = select(plans).where(plans.c.id == numero)
    ligne = (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()
    return None if ligne is None else (await completer(conn, [ligne]))[0]


async def lister(
    conn: AsyncConnection, avant: int | None, limite: int, conditions: Iterable[ColumnElement[bool]]
) -> list[Complet]:
    """Plans numbered below ``avant``, the newest first, at most ``limite``."""
    requete = select(plans).where(*conditions).order_by(plans.c.id.desc()).limit(limite)
    lues = (await conn.execute(requete if avant is None else requete.where(plans.c.id < avant))).all()
    return await completer(conn, lues)


async def completer(conn: AsyncConnection, lues: Sequence[Row[Any]]) -> list[Complet]:
    """These plans with their parts."""
    numeros = [ligne.id for ligne in lues]
    actes: dict[int, list[Row[Any]]] = {numero: [] for numero in numeros}
    requete = select(actions).where(actions.c.plan.in_(numeros)).order_by(actions.c.plan, actions.c.numero)
    for action in await conn.execute(requete):
        actes[action.plan].append(action)
    attendus: dict[int, dict[str, dict[Mois, Decimal]]] = {numero: {} for numero in numeros}
    points = select(trajectoires).where(trajectoires.c.plan.in_(numeros))
    for li in await conn.execute(points.order_by(trajectoires.c.plan, trajectoires.c.indicateur, trajectoires.c.mois)):
        attendus[li.plan].setdefault(li.indicateur, {})[lire_mois(li.mois)] = li.attendu
    return [Complet(ligne, actes[ligne.id], attendus[ligne.id]) for ligne in lues]


async def modifier_action(conn: AsyncConnection, plan: int, numero: int, valeurs: Mapping[str, Any]) -> None:
    """Change an action, which is then another version of itself."""
    choisie = (actions.c.plan == plan) & (actions.c.numero == numero)
    await conn.execute(update(actions).where(choisie).values(**valeurs, version=actions.c.version + 1))


async def modifier_plan(conn: AsyncConnection, numero: int, **valeurs: Any) -> None:
    """Change a plan, which is then another version of itself."""
    await conn.execute(update(plans).where(plans.c.id == numero).values(**valeurs, version=plans.c.version + 1))


async def actions_en_attente(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """The actions of open plans that can be late, each with its ``caisse`` and ``lettre``."""
    requete = (
        select(actions, plans.c.caisse, plans.c.lettre)
        .join(plans, plans.c.id == actions.c.plan)
        .where(plans.c.etat == "ouvert", actions.c.etat.in_(RESTANTES))
        .order_by(actions.c.plan, actions.c.numero)
    )
    return (await conn.execute(requete)).all()


async def plans_ouverts(conn: AsyncConnection, caisses: Iterable[str]) -> dict[str, list[Complet]]:
    """The open plans of these caisses, by caisse: what the comité looks at before it decides."""
    requete = select(plans).where(plans.c.caisse.in_(list(caisses)), plans.c.etat == "ouvert").order_by(plans.c.id)
    par_caisse: dict[str, list[Complet]] = {}
    for complet in await completer(conn, (await conn.execute(requete)).all()):
        par_caisse.setdefault(complet.plan.caisse, []).append(complet)
    return par_caisse
