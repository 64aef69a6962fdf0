"""As known on a past day: which days can still be asked, and what the present was on that day's evening.

Recorded days are kept one by one for ``MOIS_AU_JOUR`` months; older ones are folded to the last day of their month
(see ``pliage``), which alone can then be asked. How far the fold went stands in the table ``plis``.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.jours import minuit_paris
from shared.dossiers.mouvements import mois_du
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de, en_clair, jour_de

MOIS_AU_JOUR = 24
"""Months of which every recorded day is kept, the present month not counted."""

FIN_DE_MOIS_SQL = (
    "((date_trunc('month', '1970-01-01'::date + enregistre) + interval '1 month')::date - 1 - '1970-01-01'::date)"
)
"""SQL: the last day of the month of ``enregistre``."""


class JourNonConnu(ValueError):
    """What was known on that day cannot be told; ``str()`` is a French sentence that says which days can."""


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the table (first migration of a dossier service)."""
    return [
        f"""CREATE TABLE {schema}.plis (
            seul boolean PRIMARY KEY DEFAULT true CHECK (seul), avant integer NOT NULL)""",
        f"COMMENT ON TABLE {schema}.plis IS 'Recorded days before this one are only known at the end of their month'",
    ]


def premier_jour_garde(aujourd_hui: int) -> int:
    """The first recorded day kept as such: the first of the month, ``MOIS_AU_JOUR`` months ago."""
    le = date_de(aujourd_hui)
    mois = le.year * 12 + le.month - 1 - MOIS_AU_JOUR
    return jour_de(date(mois // 12, mois % 12 + 1, 1))


def soir(jour: int, maintenant: int) -> int:
    """Unix second of the last instant of that Paris day, or ``maintenant`` when it is not over.

    Raises JourNonConnu for a day to come.
    """
    aujourd_hui = fuseau("Europe/Paris").jour(maintenant)
    if jour > aujourd_hui:
        raise JourNonConnu(
            f"le {en_clair(jour)} n'est pas encore venu : on ne connaît que ce qui est enregistré au "
            f"{en_clair(aujourd_hui)}."
        )
    return min(minuit_paris(jour + 1) - 1, maintenant)


async def exiger_connu(conn: AsyncConnection, schema: str, jours: Sequence[int]) -> None:
    """What was recorded by each of these days can still be told apart from what came after.

    To be asked after the cells are read: the fold says how far it goes before it begins. Raises JourNonConnu.
    """
    avant = (await conn.execute(text(f"SELECT avant FROM {schema}.plis"))).scalar_one_or_none()
    for jour in jours:
        debut, fin = mois_du(jour)
        if avant is not None and jour < avant and jour != fin:
            raise JourNonConnu(
                f"avant le {en_clair(avant)}, seules les fins de mois restent connues. Demandez le "
                f"{en_clair(debut - 1)} ou le {en_clair(fin)}."
            )
