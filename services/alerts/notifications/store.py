"""Notifications and livraisons in the database: taken one worker at a time, read, acknowledged."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Select, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as deposer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.notifications.domain import Resultat, SanteWebhook, Suite, recul
from services.alerts.notifications.tables import cles, contacts, destinataires, essais, livraisons, notifications

_CLE_OCTETS = 32


@dataclass(frozen=True, slots=True)
class Prise:
    """A livraison taken: ``tentative`` is the number of this try, ``document`` what is to be attached."""

    livraison: int
    tentative: int
    document: str | None


async def quelque_chose_est_du(conn: AsyncConnection, instant: datetime) -> bool:
    """Whether ``prendre`` may find something."""
    return (await conn.execute(_dues(instant))).first() is not None


def _dues(instant: datetime) -> Select[Any]:
    """The livraison that is due the longest, and what a try of it needs."""
    return (
        select(livraisons.c.id, livraisons.c.tentatives, notifications.c.document)
        .join(notifications, notifications.c.id == livraisons.c.notification)
        .outerjoin(destinataires, destinataires.c.caisse == notifications.c.caisse)
        .where(
            livraisons.c.etat == "a_envoyer",
            livraisons.c.prochain_essai <= instant,
            or_(livraisons.c.canal != "webhook", destinataires.c.desactive_le.is_(None)),
        )
        .order_by(livraisons.c.prochain_essai, livraisons.c.id)
        .limit(1)
    )


async def prendre(conn: AsyncConnection, instant: datetime) -> Prise | None:
    """The livraison that is due the longest, counted as tried; None when none is.

    Its next try is set before this one begins: a worker that dies leaves nothing that is tried for ever at once.
    Those of a webhook that was set aside wait.
    """
    attente = _dues(instant).with_for_update(of=livraisons, skip_locked=True)
    due = (await conn.execute(attente)).one_or_none()
    if due is None:
        return None
    tentative = due.tentatives + 1
    valeurs = {"tentatives": tentative, "prochain_essai": instant + recul(str(due.id), tentative)}
    await conn.execute(update(livraisons).where(livraisons.c.id == due.id).values(valeurs))
    return Prise(due.id, tentative, due.document)


async def tenir(conn: AsyncConnection, prise: Prise) -> Row[Any] | None:
    """Everything about a livraison, its row locked to the end of the transaction; None when another has it.

    The lock is the proof that nobody else is sending it: it ends with the connection, never with a clock.
    """
    requete = (
        select(
            livraisons.c.id, livraisons.c.canal, livraisons.c.rang, livraisons.c.occurrence,
            livraisons.c.notification, notifications.c.caisse, notifications.c.genre, notifications.c.objet,
            notifications.c.texte, notifications.c.donnees, notifications.c.document, notifications.c.creee_le,
            notifications.c.accuse_attendu, contacts.c.courriel,
            destinataires.c.webhook_url, destinataires.c.webhook_secret,
            destinataires.c.echec_depuis, destinataires.c.desactive_le, destinataires.c.motif,
        )
        .join(notifications, notifications.c.id == livraisons.c.notification)
        .outerjoin(destinataires, destinataires.c.caisse == notifications.c.caisse)
        .outerjoin(
            contacts, (contacts.c.caisse == notifications.c.caisse) & (contacts.c.rang == livraisons.c.rang)
        )
        .where(
            livraisons.c.id == prise.livraison,
            livraisons.c.tentatives == prise.tentative,
            livraisons.c.etat == "a_envoyer",
        )
        .with_for_update(of=livraisons, skip_locked=True)
    )  # fmt: skip
    ligne: Any = (await conn.execute(requete)).one_or_none()
    return cast("Row[Any] | None", ligne)


async def conclure(conn: AsyncConnection, numero: int, resultat: Resultat, suite: Suite, instant: datetime) -> None:
    """Write what a try gave and what comes of it."""
    await conn.execute(
        insert(essais).values(livraison=numero, instant=instant, issue=resultat.issue, detail=resultat.detail)
    )
    valeurs = {
        "etat": suite.etat,
        "prochain_essai": suite.prochain,
        "terminee_le": None if suite.prochain is not None else instant,
        "detail": resultat.detail,
    }
    await conn.execute(update(livraisons).where(livraisons.c.id == numero).values(valeurs))


async def noter_sante(conn: AsyncConnection, caisse: str, url: str, sante: SanteWebhook) -> None:
    """Write the health of a webhook, unless its address was changed meanwhile."""
    valeurs = {"echec_depuis": sante.echec_depuis, "desactive_le": sante.desactive_le, "motif": sante.motif}
    await conn.execute(
        update(destinataires)
        .where(destinataires.c.caisse == caisse, destinataires.c.webhook_url == url)
        .values(valeurs)
    )


async def a_relancer(conn: AsyncConnection, instant: datetime) -> Sequence[Row[Any]]:
    """Notifications whose silence has lasted, locked; those another worker looks after are left to it."""
    requete = (
        select(notifications)
        .where(notifications.c.prochaine_relance <= instant)
        .order_by(notifications.c.prochaine_relance)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    return (await conn.execute(requete)).all()


async def rangs_connus(conn: AsyncConnection, caisse: str) -> list[int]:
    """Ranks of the contacts a caisse gave."""
    lues = await conn.scalars(select(contacts.c.rang).where(contacts.c.caisse == caisse))
    return list(lues)


async def derniere_occurrence(conn: AsyncConnection, notification: uuid.UUID, canal: str, rang: int) -> int | None:
    """The last time something was put on its way there; None: never."""
    ici = (livraisons.c.notification == notification) & (livraisons.c.canal == canal) & (livraisons.c.rang == rang)
    derniere: int | None = await conn.scalar(select(func.max(livraisons.c.occurrence)).where(ici))
    return derniere


async def reporter_relance(conn: AsyncConnection, notification: uuid.UUID, prochaine: datetime | None) -> None:
    """One reminder more, and when the next is due; None: no more."""
    await conn.execute(
        update(notifications)
        .where(notifications.c.id == notification)
        .values(relances=notifications.c.relances + 1, prochaine_relance=prochaine)
    )


async def accuser(conn: AsyncConnection, notification: uuid.UUID, par: str, voie: str, instant: datetime) -> bool:
    """Acknowledge once: the first to do so stays. False when it was already."""
    fait = await conn.execute(
        update(notifications)
        .where(notifications.c.id == notification, notifications.c.accusee_le.is_(None))
        .values(accusee_le=instant, accusee_par=par, accusee_voie=voie, prochaine_relance=None)
        .returning(notifications.c.id)
    )
    return fait.one_or_none() is not None


async def lire(conn: AsyncConnection, notification: uuid.UUID) -> Row[Any] | None:
    """One notification."""
    return (await conn.execute(select(notifications).where(notifications.c.id == notification))).one_or_none()


async def lister(conn: AsyncConnection, caisse: str | None, avant: int | None, limite: int) -> Sequence[Row[Any]]:
    """Notifications numbered below ``avant``, the newest first, at most ``limite``."""
    requete = select(notifications).order_by(notifications.c.numero.desc()).limit(limite)
    if caisse is not None:
        requete = requete.where(notifications.c.caisse == caisse)
    if avant is not None:
        requete = requete.where(notifications.c.numero < avant)
    return (await conn.execute(requete)).all()


async def livraisons_de(conn: AsyncConnection, identifiants: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Row[Any]]]:
    """The livraisons of each notification, in order."""
    par_notification: dict[uuid.UUID, list[Row[Any]]] = {}
    requete = select(livraisons).where(livraisons.c.notification.in_(identifiants)).order_by(livraisons.c.id)
    for ligne in await conn.execute(requete):
        par_notification.setdefault(ligne.notification, []).append(ligne)
    return par_notification


async def essais_de(conn: AsyncConnection, numeros: Sequence[int]) -> Sequence[Row[Any]]:
    """Every try of these livraisons, in order."""
    return (await conn.execute(select(essais).where(essais.c.livraison.in_(numeros)).order_by(essais.c.id))).all()


async def relancer_livraison(conn: AsyncConnection, numero: int, instant: datetime) -> bool:
    """Back on its way with all its tries, now. False when a worker is sending it at this moment."""
    libre = await conn.scalar(
        select(livraisons.c.id).where(livraisons.c.id == numero).with_for_update(skip_locked=True)
    )
    if libre is None:
        return False
    valeurs = {"etat": "a_envoyer", "tentatives": 0, "prochain_essai": instant, "terminee_le": None}
    await conn.execute(update(livraisons).where(livraisons.c.id == numero).values(valeurs))
    return True


async def cle_accuse(conn: AsyncConnection) -> bytes:
    """The key links are signed with: made the first time, kept in this database only."""
    nouvelle = {"unique_ligne": True, "cle": secrets.token_bytes(_CLE_OCTETS)}
    await conn.execute(deposer(cles).values(nouvelle).on_conflict_do_nothing())
    return bytes((await conn.execute(select(cles.c.cle))).scalar_one())


async def secrets_gardes(conn: AsyncConnection) -> list[Row[Any]]:
    """The sealed secrets, by caisse; locked to the end of the transaction."""
    c = destinataires.c
    requete = select(c.caisse, c.webhook_secret).where(c.webhook_secret.is_not(None)).order_by(c.caisse)
    return list(await conn.execute(requete.with_for_update()))


async def garder_secret(conn: AsyncConnection, caisse: str, scelle: str) -> None:
    await conn.execute(update(destinataires).where(destinataires.c.caisse == caisse).values(webhook_secret=scelle))


async def en_souffrance(conn: AsyncConnection) -> dict[tuple[str, str], tuple[int, datetime]]:
    """By channel and state: how many livraisons are not done, and since when the oldest waits."""
    requete = (
        select(livraisons.c.canal, livraisons.c.etat, func.count(), func.min(livraisons.c.creee_le))
        .where(livraisons.c.etat.in_(("a_envoyer", "echec")))
        .group_by(livraisons.c.canal, livraisons.c.etat)
    )
    return {(canal, etat): (nombre, premiere) for canal, etat, nombre, premiere in await conn.execute(requete)}
