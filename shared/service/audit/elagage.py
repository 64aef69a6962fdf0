"""Shortening a register: the rows before a day are sealed by a row of the chain, then removed.

The seal says up to which row, and the digest of that row: what follows is still chained to it, and that something was
removed, by whom and when, stays written.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from shared.database.connexion import acquerir
from shared.service.audit.ligne import Acte, en_texte
from shared.service.audit.registre import Tete, inscrire
from shared.service.audit.tables import ELAGAGE

GARDE_MIN: Final = timedelta(days=183)
"""Six months, the least the CNIL asks of a log (délibération n° 2021-122 du 14 octobre 2021)."""

LOT: Final = 10_000
"""Rows removed in one transaction."""

_ENTRETIEN: Final = "entretien"
"""``sujet`` of the seals that the maintenance writes."""

_PARIS = ZoneInfo("Europe/Paris")


class ElagageImpossible(Exception):
    """``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Elagage:
    """``jusqu_a``: last row sealed, now or before; ``retirees``: rows removed now."""

    jusqu_a: int
    retirees: int


async def elaguer(conn: asyncpg.Connection, schema: str, avant: datetime, maintenant: datetime, sujet: str) -> Elagage:
    """Remove the rows that come before the first one dated ``avant`` or later. Can be stopped anywhere and run again.

    Raises ElagageImpossible when rows younger than GARDE_MIN would go.
    """
    if avant > maintenant - GARDE_MIN:
        raise ElagageImpossible(
            f"Le registre se garde au moins {GARDE_MIN.days} jours : donnez un jour avant le "
            f"{maintenant - GARDE_MIN:%d/%m/%Y}."
        )
    jusqu_a = await sceller(conn, schema, avant, maintenant, sujet)
    retirees = 0
    while jusqu_a:
        fait = await conn.execute(
            f"DELETE FROM {schema}.audit WHERE numero <= least($1, "
            f"(SELECT min(numero) FROM {schema}.audit) + {LOT} - 1)",
            jusqu_a,
        )
        nombre = int(fait.rpartition(" ")[2])
        if not nombre:
            break
        retirees += nombre
    return Elagage(jusqu_a, retirees)


async def elaguer_les_anciennes(pool: asyncpg.Pool, schema: str, jours: int, maintenant: datetime) -> int:
    """Remove the rows of more than so many whole days of Paris; how many. Again on the same day, it writes nothing."""
    jour = maintenant.astimezone(_PARIS).date() - timedelta(days=jours)
    async with acquerir(pool) as conn:
        return (await elaguer(conn, schema, datetime.combine(jour, time(), _PARIS), maintenant, _ENTRETIEN)).retirees


async def sceller(conn: asyncpg.Connection, schema: str, avant: datetime, maintenant: datetime, sujet: str) -> int:
    """Write the row that seals those of before ``avant``, removing none; the last row sealed, now or earlier."""
    async with conn.transaction():
        scelle: int = await conn.fetchval(f"SELECT elague FROM {schema}.audit_tete FOR UPDATE")
        derniere = await conn.fetchrow(
            f"""SELECT numero, empreinte FROM {schema}.audit WHERE numero < coalesce(
                (SELECT min(numero) FROM {schema}.audit WHERE instant >= $1), 9223372036854775807)
            ORDER BY numero DESC LIMIT 1""",
            avant,
        )
        if derniere is None or derniere[0] <= scelle:
            return scelle
        fin = Tete(derniere[0], derniere[1])
        objet = {"jusqu_a": str(fin.numero), "empreinte": fin.empreinte.hex(), "avant": en_texte(avant)}
        await inscrire(conn, schema, Acte(maintenant, sujet, (), "COMMANDE", ELAGAGE, "fait", objet=objet))
        await conn.execute(f"UPDATE {schema}.audit_tete SET elague = $1", fin.numero)
    return fin.numero
