"""The pseudonym keys that the network has destroyed and Vigie erased: which they are, and what bears one."""

from collections.abc import Collection, Iterable, Sequence

import asyncpg
import msgspec

from shared.dossiers.derives.fiches import EFFACE, est_efface
from shared.events.contrat import Contenu
from shared.events.valeurs import cle_de


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the table (first migration of a dossier service)."""
    return [
        f"CREATE TABLE {schema}.cles_effacees (cle text PRIMARY KEY, effacee_le timestamptz NOT NULL)",
        f"COMMENT ON TABLE {schema}.cles_effacees IS 'Ids of destroyed pseudonym keys: no event may bear them'",
    ]


async def effacees(conn: asyncpg.Connection, schema: str) -> frozenset[str]:
    """Ids of the erased keys."""
    return frozenset(ligne[0] for ligne in await conn.fetch(f"SELECT cle FROM {schema}.cles_effacees"))


def porte(assure: str, cles: Collection[str]) -> bool:
    """Whether what an event says of its person bears a pseudonym of one of these keys."""
    return bool(assure) and any(cle_de(pseudo) in cles and not est_efface(pseudo) for pseudo in assure.split())


def sans_la_cle(contenus: Iterable[Contenu], cle: str) -> list[Contenu]:
    """The contents with the pseudonyms of the key erased."""
    return [
        msgspec.structs.replace(c, assure=" ".join(_efface(pseudo, cle) for pseudo in c.assure.split()))
        if porte(c.assure, (cle,))
        else c
        for c in contenus
    ]


def _efface(pseudo: str, cle: str) -> str:
    return f"{cle}{EFFACE}" if cle_de(pseudo) == cle else pseudo
