"""Ingest keys: what a source shows to send its events, without a person and without a provider of tokens.

A key is 256 bits of chance, seen once by who makes it. Its SHA-256 is kept: a slow hash protects what people choose,
and no one can try 2^256 keys, fast or not; a salt would only forbid to find a key by its print.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import structlog

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.service.identite import FournisseurIdentite, PorteeDeSource, Principal
from shared.service.porteur import jeton_porte, refus

_log = structlog.get_logger(__name__)

PREFIXE: Final = "vgk_"
"""By which a key is known from a token, and found by who looks for secrets in what was published."""

OCTETS = 32

VALABLES_MAX = 2
"""Keys of one source that are good at once: the present one, and the next while it takes its place."""

_PAS_DE_VUE = timedelta(minutes=1)
"""How late the last use of a key may be: one row written a minute, not one a request."""

_COLONNES = "id, source, processus, caisses, numerotations, creee_le, vue_le, revoquee_le"


class CleImpossible(Exception):
    """The key cannot be made or revoked; ``str()`` is a French sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class CleDeSource:
    """One key as it is listed: all of it but the key. ``caisses`` None: the whole network."""

    id: int
    source: str
    processus: Sequence[str]
    caisses: Sequence[str] | None
    numerotations: Sequence[str]
    creee_le: datetime
    vue_le: datetime | None
    revoquee_le: datetime | None

    @property
    def portee(self) -> PorteeDeSource:
        return PorteeDeSource(
            self.source,
            frozenset(self.processus),
            None if self.caisses is None else frozenset(self.caisses),
            frozenset(self.numerotations),
        )


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the table (first migration of a dossier service)."""
    return [
        f"""CREATE TABLE {schema}.cles_sources (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, empreinte bytea NOT NULL UNIQUE,
            source text NOT NULL, processus text[] NOT NULL CHECK (cardinality(processus) > 0),
            caisses text[] CHECK (cardinality(caisses) > 0), numerotations text[] NOT NULL DEFAULT '{{}}',
            creee_le timestamptz NOT NULL, vue_le timestamptz, revoquee_le timestamptz)""",
        f"COMMENT ON TABLE {schema}.cles_sources IS 'Keys of the sources; empreinte is the SHA-256 of the key'",
    ]


async def creer(conn: asyncpg.Connection, schema: str, portee: PorteeDeSource, maintenant: datetime) -> tuple[int, str]:
    """Make a key of this scope: its number, and the key itself, which nobody can read again.

    Raises CleImpossible when the source has VALABLES_MAX of them already.
    """
    cle = PREFIXE + secrets.token_urlsafe(OCTETS)
    async with conn.transaction():
        # Two people at once must not make a third key.
        await conn.execute(f"LOCK TABLE {schema}.cles_sources IN SHARE ROW EXCLUSIVE MODE")
        valables = await conn.fetchval(
            f"SELECT count(*) FROM {schema}.cles_sources WHERE source = $1 AND revoquee_le IS NULL", portee.source
        )
        if valables >= VALABLES_MAX:
            raise CleImpossible(
                f"La source « {portee.source} » a déjà {valables} clés valables : révoquez celle qui ne sert plus."
            )
        numero: int = await conn.fetchval(
            f"""INSERT INTO {schema}.cles_sources (empreinte, source, processus, caisses, numerotations, creee_le)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING id""",
            empreinte(cle),
            portee.source,
            sorted(portee.processus),
            None if portee.caisses is None else sorted(portee.caisses),
            sorted(portee.numerotations),
            maintenant,
        )
    return numero, cle


async def lister(conn: asyncpg.Connection, schema: str) -> list[CleDeSource]:
    """Every key ever made, the oldest first."""
    lignes = await conn.fetch(f"SELECT {_COLONNES} FROM {schema}.cles_sources ORDER BY id")
    return [CleDeSource(**dict(ligne)) for ligne in lignes]


async def revoquer(conn: asyncpg.Connection, schema: str, numero: int, maintenant: datetime) -> str:
    """From the next request on, the key is refused. The source it was of. Raises CleImpossible."""
    source: str | None = await conn.fetchval(
        f"UPDATE {schema}.cles_sources SET revoquee_le = $2 WHERE id = $1 AND revoquee_le IS NULL RETURNING source",
        numero,
        maintenant,
    )
    if source is None:
        raise CleImpossible(f"Aucune clé valable n'a le numéro {numero} dans {schema} : vigie cles lister.")
    return source


async def reconnaitre(conn: asyncpg.Connection, schema: str, cle: str, maintenant: datetime) -> CleDeSource | None:
    """The good key that this is, its use noted; None when there is none such."""
    ligne = await conn.fetchrow(
        f"SELECT {_COLONNES} FROM {schema}.cles_sources WHERE empreinte = $1 AND revoquee_le IS NULL", empreinte(cle)
    )
    if ligne is None:
        return None
    connue = CleDeSource(**dict(ligne))
    if connue.vue_le is None or connue.vue_le + _PAS_DE_VUE < maintenant:
        await conn.execute(
            f"UPDATE {schema}.cles_sources SET vue_le = greatest(vue_le, $2) WHERE id = $1", connue.id, maintenant
        )
    return connue


def empreinte(cle: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(cle.encode()).digest()


class ParCleOuAutrement:
    """A FournisseurIdentite: a source by its key, anyone else as ``autrement`` finds them.

    A key is judged even in embedded mode: a source is tried there with the scope it will have.
    """

    def __init__(self, autrement: FournisseurIdentite, schema: str, pool: asyncpg.Pool, clock: Clock) -> None:
        self._autrement = autrement
        self._schema = schema
        self._pool = pool
        self._clock = clock

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        """Raises NonIdentifie."""
        jeton = jeton_porte(entetes)
        if jeton is None or not jeton.startswith(PREFIXE):
            return await self._autrement.identifier(entetes)
        async with acquerir(self._pool) as conn:
            cle = await reconnaitre(conn, self._schema, jeton, self._clock.now())
        if cle is None:
            _log.info("cle_refusee")
            raise refus("Cette clé n'est pas, ou n'est plus, valable ici : demandez-en une autre au réseau.")
        return Principal(f"cle:{self._schema}:{cle.id}", cle.source, frozenset({"source"}), portee=cle.portee)
