"""``Idempotency-Key``: the same call sent twice is applied once (draft-ietf-httpapi-idempotency-key-header).

The key, the effect and the answer are one PostgreSQL transaction, committed before the answer is sent. An
answer exists if and only if its effect does, so a crash leaves nothing to clean. "In progress" is a
transaction-scoped advisory lock, which PostgreSQL frees itself. A call that raised leaves no trace: it may be
sent again under its key.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import Depends, Header, Request, Response

from shared.clock import Clock
from shared.service.audit.ligne import DANS_L_APPEL
from shared.service.erreurs import AppelEnCours, CleDejaUtilisee, RequeteMalformee
from shared.service.identite import Principal

if TYPE_CHECKING:
    from asyncpg import Connection, Pool, Record
    from asyncpg.pool import PoolConnectionProxy

    from shared.service.audit.trace import Trace

    type_connexion = Connection[Record] | PoolConnectionProxy[Record]

CONSERVATION = timedelta(hours=24)
_REESSAYER_DANS_S = 1
_CLE = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)


def _table(schema: str) -> str:
    if not _SCHEMA.fullmatch(schema):
        raise ValueError(f"not a schema name: {schema!r}")
    return f"{schema}.appel_idempotent"


def creer_table(schema: str) -> tuple[str, ...]:
    """The statements a service's migration executes, one by one, to keep its answered calls in ``schema``."""
    table = _table(schema)
    return (
        f"""CREATE TABLE {table} (
            principal text NOT NULL,
            cle text NOT NULL,
            empreinte bytea NOT NULL,
            statut smallint NOT NULL,
            entetes jsonb NOT NULL,
            corps bytea NOT NULL,
            expire_le timestamptz NOT NULL,
            PRIMARY KEY (principal, cle)
        )""",
        f"CREATE INDEX appel_idempotent_expire_le ON {table} (expire_le)",
    )


async def purger(connexion: "type_connexion", schema: str, maintenant: datetime) -> int:
    """Forget the calls whose 24 hours are over; how many there were."""
    etat = await connexion.execute(f"DELETE FROM {_table(schema)} WHERE expire_le <= $1", maintenant)
    return int(etat.rpartition(" ")[2])


async def cle_idempotence(idempotency_key: Annotated[str | None, Header()] = None) -> str:
    """The dependency of every unsafe route: its key, or 400 when it is absent or not 1 to 255 visible ASCII
    characters.
    """
    cle = (idempotency_key or "").strip().strip('"')
    if not _CLE.fullmatch(cle):
        raise RequeteMalformee(
            "Envoyez l'en-tête Idempotency-Key : un identifiant choisi pour cet appel (un UUID convient), "
            "et que vous répétez si vous le renvoyez."
        )
    return cle


CleIdempotence = Annotated[str, Depends(cle_idempotence)]


@dataclass(frozen=True, slots=True)
class Appel:
    """One call to apply once. Keys are their principal's; ``empreinte`` (32 bytes) tells two calls apart.

    ``trace``: what it leaves in the register, committed with its effect; None where none is kept.
    """

    principal: str
    cle: str
    empreinte: bytes
    trace: "Trace | None" = None

    def verrou(self, schema: str) -> int:
        """The signed 64-bit number of this call's advisory lock."""
        octets = "\0".join((schema, self.principal, self.cle)).encode()
        return int.from_bytes(hashlib.blake2b(octets, digest_size=8).digest(), signed=True)


async def appel_recu(request: Request, cle: str, principal: Principal) -> Appel:
    """The call of this request: SHA-256 of method, path, query and body. Reads the whole body."""
    empreinte = hashlib.sha256()
    for part in (request.method.encode(), request.scope["path"].encode(), request.scope["query_string"]):
        empreinte.update(len(part).to_bytes(8))
        empreinte.update(part)
    empreinte.update(await request.body())
    return Appel(principal.identifiant, cle, empreinte.digest(), request.scope.get(DANS_L_APPEL))


async def appliquer_une_fois(
    pool: "Pool[Record]",
    schema: str,
    appel: Appel,
    clock: Clock,
    action: Callable[["type_connexion"], Awaitable[Response]],
) -> Response:
    """Run ``action`` in a transaction of its own and commit it with its answer, or answer as the first time.

    ``action`` gets the connection its writes go through, answers with a plain ``Response`` (not a stream) and
    raises to refuse. Raises ``AppelEnCours`` (409), ``CleDejaUtilisee`` (422), and what ``action`` raises.
    """
    async with pool.acquire() as connexion, connexion.transaction():
        return await dans_la_transaction(connexion, schema, appel, clock.now(), lambda: action(connexion))


async def dans_la_transaction(
    connexion: "type_connexion",
    schema: str,
    appel: Appel,
    maintenant: datetime,
    action: Callable[[], Awaitable[Response]],
) -> Response:
    """``appliquer_une_fois`` for a caller that opens and commits the transaction of ``connexion`` itself."""
    libre = await connexion.fetchval("SELECT pg_try_advisory_xact_lock($1)", appel.verrou(schema))
    if not libre:
        raise AppelEnCours(
            "Un appel avec cette clé d'idempotence est en cours. Renvoyez-le pour lire son résultat.",
            retry_after_s=_REESSAYER_DANS_S,
        )
    # A statement of its own: its snapshot must be taken after the lock, or it misses what the last holder
    # committed.
    trouve = await connexion.fetchrow(
        f"SELECT empreinte, statut, entetes::text AS entetes, corps FROM {_table(schema)} "
        "WHERE principal = $1 AND cle = $2 AND expire_le > $3",
        appel.principal,
        appel.cle,
        maintenant,
    )
    if trouve is not None:
        rejouee = _rejouer(trouve, appel)
        await _tracer(connexion, schema, appel, maintenant, rejouee, rejouee=True)
        return rejouee
    reponse = await action()
    await connexion.execute(
        f"INSERT INTO {_table(schema)} (principal, cle, empreinte, statut, entetes, corps, expire_le) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) "
        "ON CONFLICT (principal, cle) DO UPDATE SET empreinte = excluded.empreinte, "
        "statut = excluded.statut, entetes = excluded.entetes, "
        "corps = excluded.corps, expire_le = excluded.expire_le",
        appel.principal,
        appel.cle,
        appel.empreinte,
        reponse.status_code,
        msgspec.json.encode(reponse.headers.items()).decode(),
        bytes(reponse.body),
        maintenant + CONSERVATION,
    )
    await _tracer(connexion, schema, appel, maintenant, reponse, rejouee=False)
    return reponse


async def _tracer(
    connexion: "type_connexion", schema: str, appel: Appel, maintenant: datetime, reponse: Response, *, rejouee: bool
) -> None:
    if appel.trace is not None:
        lieu = reponse.headers.get("location")
        await appel.trace.inscrire(connexion, schema, maintenant, reponse.status_code, rejouee=rejouee, lieu=lieu)


def _rejouer(trouve: Any, appel: Appel) -> Response:
    if trouve["empreinte"] != appel.empreinte:
        raise CleDejaUtilisee("Cette clé d'idempotence a servi à un autre appel. Prenez-en une nouvelle pour celui-ci.")
    reponse = Response(trouve["corps"], trouve["statut"])
    for nom, valeur in msgspec.json.decode(trouve["entetes"], type=list[tuple[str, str]]):
        reponse.headers[nom] = valeur
    reponse.headers["Idempotency-Replayed"] = "true"
    return reponse
