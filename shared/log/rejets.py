"""Rejects: what could not be taken, kept with its reason so that it can be put right and replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import asyncpg

from shared.log.tables import EMPREINTE

Origine = Literal["http", "journal", "import"]
Etat = Literal["ouvert", "rejoue", "ecarte"]

ERREUR_INTERNE = "erreur_interne"
DONNEES_PERSONNELLES = "donnees_personnelles"
# Bytes of content kept; beyond, it is cut and cannot be replayed.
CONTENU_MAX = 64 * 1024

_COLONNES = (
    'id, recu_le, origine, topic, partition, "offset", source, evenement_id, process, '
    "raison, message, champ, contenu, tronque, etat, rejoue_le"
)


@dataclass(frozen=True, slots=True)
class Rejet:
    """One refusal. ``raison`` is a code, ``message`` a French sentence that says what to do.

    ``recu_le`` None: the server's time when it is written. ``id``, ``tronque``, ``etat`` and ``rejoue_le`` are
    the store's: what a caller of `ecrire` puts there is ignored.
    """

    origine: Origine
    raison: str
    message: str
    recu_le: datetime | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    source: str | None = None
    evenement_id: str | None = None
    process: str | None = None
    champ: str | None = None
    contenu: bytes | None = None
    id: int | None = None
    tronque: bool = False
    etat: Etat = "ouvert"
    rejoue_le: datetime | None = None


async def ecrire(conn: asyncpg.Connection, schema: str, rejets: Sequence[Rejet]) -> None:
    """Write rejects in the caller's transaction.

    Content over `CONTENU_MAX` is cut and marked; none is kept when the reason is personal data.
    A NUL character, which PostgreSQL's text cannot hold, is replaced.
    """
    if not rejets:
        return
    lignes = [_ligne(rejet) for rejet in rejets]
    await conn.execute(
        f"""
        INSERT INTO "{schema}".rejets (recu_le, origine, topic, partition, "offset", source, evenement_id,
                                       process, raison, message, champ, contenu, tronque)
        SELECT coalesce(r, clock_timestamp()), o, t, p, f, s, e, pr, ra, m, c, co, tr
        FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::boolean[])
             WITH ORDINALITY AS u(r, o, t, p, f, s, e, pr, ra, m, c, co, tr, rang)
        ORDER BY rang
        """,
        *(list(colonne) for colonne in zip(*lignes, strict=True)),
    )


async def inedits(conn: asyncpg.Connection, schema: str, rejets: Sequence[Rejet]) -> list[Rejet]:
    """Those of ``rejets`` whose content no import has refused yet for the same reason: importing a file again,
    or its lines in another order, writes nothing twice."""
    if not rejets:
        return []
    empreintes = [sha256(_ligne(rejet)[_RANG_CONTENU] or b"").digest() for rejet in rejets]
    connus = await conn.fetch(
        f"""SELECT DISTINCT raison, {EMPREINTE} AS empreinte FROM "{schema}".rejets
        WHERE origine = 'import' AND raison = ANY($1::text[]) AND {EMPREINTE} = ANY($2::bytea[])""",
        list({rejet.raison for rejet in rejets}),
        list(set(empreintes)),
    )
    vus = {(ligne["raison"], ligne["empreinte"]) for ligne in connus}
    return [rejet for rejet, empreinte in zip(rejets, empreintes, strict=True) if (rejet.raison, empreinte) not in vus]


async def lister(
    conn: asyncpg.Connection,
    schema: str,
    apres_id: int,
    limite: int,
    etat: Etat | None = None,
    raison: str | None = None,
) -> list[Rejet]:
    """Rejects whose id is above ``apres_id``, oldest first, at most ``limite``: give the last id to go on."""
    lignes = await conn.fetch(
        f"""
        SELECT {_COLONNES} FROM "{schema}".rejets
        WHERE id > $1 AND ($3::text IS NULL OR etat = $3) AND ($4::text IS NULL OR raison = $4)
        ORDER BY id LIMIT $2
        """,
        apres_id,
        limite,
        etat,
        raison,
    )
    return [Rejet(**dict(ligne)) for ligne in lignes]


async def lire(conn: asyncpg.Connection, schema: str, identifiant: int) -> Rejet | None:
    """One reject, or None."""
    ligne = await conn.fetchrow(f'SELECT {_COLONNES} FROM "{schema}".rejets WHERE id = $1', identifiant)
    return None if ligne is None else Rejet(**dict(ligne))


async def marquer_rejoue(conn: asyncpg.Connection, schema: str, identifiant: int, le: datetime) -> bool:
    """Note that an open, whole reject was sent again at ``le``. False when it was not open, was cut, or kept
    no content: then it cannot be replayed."""
    return await _fermer(conn, schema, identifiant, "rejoue", le, "AND contenu IS NOT NULL AND NOT tronque")


async def marquer_ecarte(conn: asyncpg.Connection, schema: str, identifiant: int, le: datetime) -> bool:
    """Note that a person decided at ``le`` to leave an open reject out. False when it was not open."""
    return await _fermer(conn, schema, identifiant, "ecarte", le, "")


async def elaguer(
    conn: asyncpg.Connection,
    schema: str,
    avant: datetime,
    debuts: Mapping[tuple[str, int], int],
    lot: int = 5_000,
) -> int:
    """Forget the rejects received before ``avant``, settled or not; how many rows were touched.

    One of a record that the log still holds keeps its row, without the content: a replay of the log needs to know that
    it was refused. ``debuts``: (topic, partition) -> first position the log holds. In bounded statements, each its own.
    """
    topics, partitions = [t for t, _ in debuts], [p for _, p in debuts]
    touches = 0
    for ordre in (_OUBLIER, _VIDER):
        while True:
            fait = await conn.fetchval(
                ordre.format(schema=schema), avant, lot, topics, partitions, list(debuts.values())
            )
            touches += fait
            if fait < lot:
                break
    return touches


_VIEUX = """
    SELECT r.id FROM "{{schema}}".rejets r LEFT JOIN unnest($3::text[], $4::int[], $5::bigint[]) AS d(t, p, debut)
    ON d.t = r.topic AND d.p = r.partition
    WHERE r.recu_le < $1 AND {condition} ORDER BY r.id LIMIT $2
"""

_TENU = "r.origine = 'journal' AND d.debut IS NOT NULL AND r.\"offset\" >= d.debut"
"""The log still holds its record."""

_OUBLIER = (
    f"WITH v AS ({_VIEUX.format(condition=f'NOT coalesce({_TENU}, false)')}), "
    'f AS (DELETE FROM "{schema}".rejets r USING v WHERE r.id = v.id RETURNING 1) SELECT count(*) FROM f'
)
_VIDER = (
    f"WITH v AS ({_VIEUX.format(condition=f'r.contenu IS NOT NULL AND {_TENU}')}), "
    'f AS (UPDATE "{schema}".rejets r SET contenu = NULL FROM v WHERE r.id = v.id RETURNING 1) SELECT count(*) FROM f'
)


async def _fermer(
    conn: asyncpg.Connection, schema: str, identifiant: int, etat: Etat, le: datetime, condition: str
) -> bool:
    ferme = await conn.fetchval(
        f"""
        UPDATE "{schema}".rejets SET etat = $2, rejoue_le = $3
        WHERE id = $1 AND etat = 'ouvert' {condition} RETURNING id
        """,
        identifiant,
        etat,
        le,
    )
    return ferme is not None


_RANG_CONTENU = 11


def _ligne(rejet: Rejet) -> tuple[Any, ...]:
    contenu = None if rejet.raison == DONNEES_PERSONNELLES else rejet.contenu
    tronque = contenu is not None and len(contenu) > CONTENU_MAX
    return (
        rejet.recu_le,
        rejet.origine,
        rejet.topic,
        rejet.partition,
        rejet.offset,
        _texte(rejet.source),
        _texte(rejet.evenement_id),
        _texte(rejet.process),
        rejet.raison,
        _texte(rejet.message),
        _texte(rejet.champ),
        contenu[:CONTENU_MAX] if contenu is not None and tronque else contenu,
        tronque,
    )


def _texte(valeur: str | None) -> str | None:
    if valeur is None:
        return None
    return valeur.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
