"""Writing the register and reading it.

The head of the chain is one row. Who adds to the chain locks it, and holds it to the end of the transaction: adding is
the last thing a transaction does, so that the lock is brief and nobody waits for anything while holding it.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.service.audit.ligne import Acte, Ligne, empreinte
from shared.service.audit.tables import COLONNES

if TYPE_CHECKING:
    from asyncpg import Connection, Pool, Record
    from asyncpg.pool import PoolConnectionProxy

    type_connexion = Connection[Record] | PoolConnectionProxy[Record]

PAGE = 2_000
"""Rows brought at a time by who reads them all."""

_LUES = ", ".join(c if c != "objet" else "objet::text AS objet" for c in COLONNES)


@dataclass(frozen=True, slots=True)
class Tete:
    """The last row of a chain: its number and digest; (0, ORIGINE) before the first."""

    numero: int
    empreinte: bytes


@dataclass(frozen=True, slots=True)
class Filtre:
    """What is asked of the register: instants ``[du, au[``, who, and about which caisse; None: whatever."""

    du: datetime | None = None
    au: datetime | None = None
    sujet: str | None = None
    caisse: str | None = None


class Registre:
    """The register of a running service, on its own pool: rows that are a transaction of their own."""

    def __init__(self, schema: str, pool: "Pool[Record]", clock: Clock) -> None:
        self.schema = schema
        self.pool = pool
        self.clock = clock

    async def inscrire(self, acte: Acte) -> None:
        """Add the row and commit it."""
        async with acquerir(self.pool) as conn, conn.transaction():
            await inscrire(conn, self.schema, acte)


async def inscrire(conn: "type_connexion", schema: str, acte: Acte) -> Tete:
    """Add a row in the caller's transaction (READ COMMITTED), as its last statement; the new head."""
    derniere = await _lire_la_tete(conn, schema, "FOR UPDATE")
    numero, precedente = derniere.numero + 1, derniere.empreinte
    suivante = empreinte(schema, numero, acte, precedente)
    marques = ", ".join(f"${rang}::text::jsonb" if c == "objet" else f"${rang}" for rang, c in enumerate(COLONNES, 1))
    await conn.execute(
        f"WITH tete AS (UPDATE {schema}.audit_tete SET numero = $1, empreinte = ${len(COLONNES)}) "
        f"INSERT INTO {schema}.audit ({', '.join(COLONNES)}) VALUES ({marques})",
        numero, acte.instant, acte.sujet, list(acte.roles), acte.methode, acte.route,
        json.dumps(dict(acte.objet), ensure_ascii=False), acte.caisse, acte.issue, acte.statut, acte.requete,
        acte.corps, precedente, suivante,
    )  # fmt: skip
    return Tete(numero, suivante)


async def tete(conn: "type_connexion", schema: str) -> Tete:
    """The head as the service keeps it."""
    return await _lire_la_tete(conn, schema)


async def dernieres(
    conn: "type_connexion", schema: str, filtre: Filtre, avant: int | None, limite: int
) -> Sequence[Ligne]:
    """Up to ``limite`` rows below the number ``avant``, the newest first."""
    ou, valeurs = _conditions(filtre)
    if avant is not None:
        valeurs.append(avant)
        ou.append(f"numero < ${len(valeurs)}")
    lues = await conn.fetch(
        f"SELECT {_LUES} FROM {schema}.audit WHERE {' AND '.join(ou)} ORDER BY numero DESC LIMIT {limite:d}", *valeurs
    )
    return [_ligne(schema, lue) for lue in lues]


async def toutes(conn: "type_connexion", schema: str, filtre: Filtre) -> AsyncIterator[Ligne]:
    """Every row, oldest first, by pages; inside a transaction of the caller's."""
    ou, valeurs = _conditions(filtre)
    requete = f"SELECT {_LUES} FROM {schema}.audit WHERE {' AND '.join(ou)} ORDER BY numero"
    async for lue in conn.cursor(requete, *valeurs, prefetch=PAGE):
        yield _ligne(schema, lue)


async def _lire_la_tete(conn: "type_connexion", schema: str, verrou: str = "") -> Tete:
    lue = await conn.fetchrow(f"SELECT numero, empreinte FROM {schema}.audit_tete {verrou}")
    assert lue is not None
    return Tete(lue[0], lue[1])


def _conditions(filtre: Filtre) -> tuple[list[str], list[object]]:
    valeurs: list[object] = []
    ou = ["true"]
    for condition, valeur in (
        ("instant >=", filtre.du),
        ("instant <", filtre.au),
        ("sujet =", filtre.sujet),
        ("caisse =", filtre.caisse),
    ):
        if valeur is not None:
            valeurs.append(valeur)
            ou.append(f"{condition} ${len(valeurs)}")
    return ou, valeurs


def _ligne(schema: str, lue: "Record") -> Ligne:
    acte = Acte(
        lue["instant"], lue["sujet"], tuple(lue["roles"]), lue["methode"], lue["route"], lue["issue"], lue["statut"],
        json.loads(lue["objet"]), lue["caisse"], lue["requete"], lue["corps"],
    )  # fmt: skip
    return Ligne(schema, lue["numero"], acte, lue["precedente"], lue["empreinte"])
