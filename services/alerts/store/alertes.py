"""Alerts and their history in the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, get_type_hints

from sqlalchemy import Row, Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.domain.etats import VIVANTS, Cle, Observation, Suivi, Transition
from services.alerts.store.tables import alertes, transitions

_SUIVI = tuple(get_type_hints(Suivi))


@dataclass(frozen=True, slots=True)
class Vivante:
    """An alert that is alive, with what the evaluation reads of it beside its state."""

    id: int
    version: int
    suivi: Suivi
    annonce: str | None


@dataclass(frozen=True, slots=True)
class Filtre:
    """What a list of alerts is limited to; a None is no limit."""

    etats: Sequence[str] | None = None
    caisse: str | None = None
    genre: str | None = None
    objet: str | None = None
    gravite: str | None = None
    depuis: datetime | None = None
    """Alive at that instant or later."""


def suivi_de(ligne: Row[Any]) -> Suivi:
    """The state kept in a row of ``alertes``."""
    return Suivi(**{nom: ligne._mapping[nom] for nom in _SUIVI})


async def vivantes(conn: AsyncConnection) -> dict[Cle, Vivante]:
    """Every alert alive, locked until the end of the transaction."""
    lignes = await conn.execute(
        select(alertes).where(alertes.c.finie_le.is_(None)).order_by(alertes.c.id).with_for_update()
    )
    return {Cle(li.genre, li.caisse, li.objet): Vivante(li.id, li.version, suivi_de(li), li.annonce) for li in lignes}


async def commencer(conn: AsyncConnection, suivi: Suivi, lignes: Sequence[Transition], vue: Observation) -> int:
    """Insert an alert that begins, with its history; its number. The unique index refuses a second one alive."""
    valeurs = {
        **asdict(suivi), **_vue(vue), "genre": vue.cle.genre, "caisse": vue.cle.caisse, "objet": vue.cle.objet,
        "creee_le": vue.instant, "version": len(lignes),
    }  # fmt: skip
    numero: int = await conn.scalar(insert(alertes).values(valeurs).returning(alertes.c.id)) or 0
    await inscrire(conn, numero, 0, lignes, vue.valeur)
    return numero


async def enregistrer(
    conn: AsyncConnection,
    vivante: Vivante,
    suivi: Suivi,
    lignes: Sequence[Transition],
    vue: Observation | None,
) -> None:
    """Write what became of an alert. Its ``version`` counts the lines of its history."""
    valeurs: dict[str, Any] = {**asdict(suivi), "version": vivante.version + len(lignes)}
    if vue is not None:
        valeurs |= _vue(vue)
    await conn.execute(update(alertes).where(alertes.c.id == vivante.id).values(valeurs))
    await inscrire(conn, vivante.id, vivante.version, lignes, None if vue is None else vue.valeur)


async def inscrire(
    conn: AsyncConnection, numero: int, version: int, lignes: Sequence[Transition], valeur: float | None
) -> None:
    """Add lines to a history that has ``version`` of them; the key refuses that two writers add the same one."""
    if lignes:
        await conn.execute(
            insert(transitions),
            [
                {"alerte": numero, "rang": version + rang, "valeur": valeur, **asdict(ligne)}
                for rang, ligne in enumerate(lignes, start=1)
            ],
        )


def _vue(vue: Observation) -> dict[str, Any]:
    return {
        "constat": vue.constat,
        "valeur": vue.valeur,
        "effectif": vue.effectif,
        "seuil": vue.seuil,
        "details": dict(vue.details),
        "inhibee_par": vue.inhibee_par,
    }


async def lister(conn: AsyncConnection, filtre: Filtre, avant: int | None, limite: int) -> Sequence[Row[Any]]:
    """Alerts numbered below ``avant``, the newest first, at most ``limite``."""
    lues: Sequence[Row[Any]] = (await conn.execute(_choisir(filtre, avant).limit(limite))).all()
    return lues


def _choisir(filtre: Filtre, avant: int | None) -> Select[Any]:
    conditions = [
        colonne == voulu
        for colonne, voulu in (
            (alertes.c.caisse, filtre.caisse),
            (alertes.c.genre, filtre.genre),
            (alertes.c.objet, filtre.objet),
            (alertes.c.gravite, filtre.gravite),
        )
        if voulu is not None
    ]
    if filtre.etats is not None:
        conditions.append(alertes.c.etat.in_(filtre.etats))
    if filtre.depuis is not None:
        conditions.append(or_(alertes.c.finie_le.is_(None), alertes.c.finie_le >= filtre.depuis))
    if avant is not None:
        conditions.append(alertes.c.id < avant)
    return select(alertes).where(and_(True, *conditions)).order_by(alertes.c.id.desc())


async def lire(conn: AsyncConnection, numero: int, *, verrouiller: bool = False) -> Row[Any] | None:
    """One alert, or None; locked until the end of the transaction when asked."""
    requete = select(alertes).where(alertes.c.id == numero)
    return (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()


async def historique(conn: AsyncConnection, numero: int) -> Sequence[Row[Any]]:
    """Every line of an alert's history, the oldest first."""
    return (
        await conn.execute(select(transitions).where(transitions.c.alerte == numero).order_by(transitions.c.rang))
    ).all()


async def classer(conn: AsyncConnection, gravites: Mapping[Cle, tuple[str, float, float]]) -> None:
    """Note the rank of each performance alert alive: its gravity, p-value and adjusted one; none for the others."""
    lues = await conn.execute(
        select(alertes.c.id, alertes.c.genre, alertes.c.caisse, alertes.c.objet)
        .where(alertes.c.finie_le.is_(None), alertes.c.genre == "performance")
    )  # fmt: skip
    for ligne in lues.all():
        gravite, p, p_ajustee = gravites.get(Cle(ligne.genre, ligne.caisse, ligne.objet), (None, None, None))
        await conn.execute(
            update(alertes)
            .where(alertes.c.id == ligne.id, alertes.c.gravite.is_distinct_from(gravite) | (alertes.c.p != p))
            .values(gravite=gravite, p=p, p_ajustee=p_ajustee)
        )


async def a_annoncer(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """The alerts a notice may be about: the open ones, and those that ended and whose opening was told."""
    return (
        await conn.execute(
            select(alertes).where(
                or_(
                    and_(alertes.c.finie_le.is_(None), alertes.c.etat.in_(VIVANTS)),
                    and_(alertes.c.finie_le.is_not(None), alertes.c.annonce.like("ouverte:%")),
                )
            )
        )
    ).all()


async def annoncees(conn: AsyncConnection, dites: Iterable[tuple[int, str]]) -> None:
    """Note what was last told of each alert."""
    for numero, dite in dites:
        await conn.execute(update(alertes).where(alertes.c.id == numero).values(annonce=dite))


async def comptes(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """(etat, genre, caisse, nombre) of the alerts alive."""
    return (
        await conn.execute(
            select(alertes.c.etat, alertes.c.genre, alertes.c.caisse, func.count().label("nombre"))
            .where(alertes.c.finie_le.is_(None))
            .group_by(alertes.c.etat, alertes.c.genre, alertes.c.caisse)
        )
    ).all()


def cle_de(ligne: Row[Any]) -> Cle:
    """What a row of ``alertes`` is about."""
    return Cle(ligne.genre, ligne.caisse, ligne.objet)
