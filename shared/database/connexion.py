"""Reaching PostgreSQL: URLs, the asyncpg pool, the SQLAlchemy engine, and which errors pass by themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as AttenteDuPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_PREFIXES = ("postgresql+asyncpg://", "postgresql://", "postgres://")

REGLAGES_DE_SESSION: Mapping[str, str] = {
    "jit": "off",
    "lock_timeout": "30s",
    # A consumer that is frozen inside a transaction holds the row of its position: the server ends it.
    "idle_in_transaction_session_timeout": "60s",
}

REPOS_S = 30.0
"""Seconds after which a connection at rest is asked whether it is alive before it is used."""

REPOS_MAX_S = 300.0
"""Seconds after which a connection at rest is not used any more, as in the pools of asyncpg: what stands between may
have forgotten it, and would not say so."""

DOUTE = "vigie_doute"
"""In what the pool knows of a connection: it is to be asked whether it is alive before its next use."""

_VUE = "vigie_vue"

# SQLSTATE classes and codes that mean "try again later, the same request is sound".
_CLASSES_PASSAGERES = ("08", "53", "57", "58")
_CODES_PASSAGERS = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
        "40001",  # serialization_failure
        "40003",  # statement_completion_unknown
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
    }
)
# SQLSTATEs of a value that no column can hold: number or date out of range, NUL or lone surrogate in a text.
_HORS_BORNES = frozenset({"22001", "22003", "22008", "22021", "22P05"})
_CONFUSES = (asyncpg.InterfaceError, asyncpg.InternalClientError)
_DE_CONNEXION = (*_CONFUSES, asyncpg.PostgresError, OSError)
_INTERFACE_PASSAGERE = ("closed", "closing", "lost", "not connected", "been released")


def url_asyncpg(url: str) -> str:
    """The same address as asyncpg wants it (``postgresql://…``). ValueError when it is not a PostgreSQL one."""
    return "postgresql://" + _sans_prefixe(url)


def url_sqlalchemy(url: str) -> str:
    """The same address as SQLAlchemy's asyncpg dialect wants it (``postgresql+asyncpg://…``)."""
    return "postgresql+asyncpg://" + _sans_prefixe(url)


def _sans_prefixe(url: str) -> str:
    for prefixe in _PREFIXES:
        if url.startswith(prefixe):
            return url.removeprefix(prefixe)
    raise ValueError("adresse de base inattendue : elle doit commencer par postgresql://")


async def creer_pool(
    url: str,
    taille: int = 10,
    application_name: str = "vigie",
    server_settings: Mapping[str, str] | None = None,
    statement_cache_size: int = 100,
) -> asyncpg.Pool:
    """Open an asyncpg pool of at most ``taille`` connections; the caller closes it.

    ``server_settings`` are added to (and win over) `REGLAGES_DE_SESSION`. Behind PgBouncer give
    ``statement_cache_size=0``. Raises what asyncpg raises when the server cannot be reached
    (`est_passagere` tells whether to try again).
    """
    pool = await asyncpg.create_pool(
        url_asyncpg(url),
        min_size=1,
        max_size=taille,
        max_inactive_connection_lifetime=300,
        statement_cache_size=statement_cache_size,
        server_settings={
            **REGLAGES_DE_SESSION,
            "application_name": application_name,
            **(server_settings or {}),
        },
    )
    if pool is None:
        raise RuntimeError("asyncpg n'a pas ouvert de pool")
    return pool


class ConnexionPerdue(ConnectionError):
    """The server went away while the connection was in use; what was under way may or may not be committed."""


async def fermer_pool(pool: asyncpg.Pool, delai: float = 5.0) -> None:
    """Close a pool; what has not been given back within ``delai`` seconds (a server that died) is cut off."""
    try:
        async with asyncio.timeout(delai):
            await pool.close()
    except TimeoutError:
        pool.terminate()


@asynccontextmanager
async def acquerir(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool, given back at the end: ``pool.acquire()`` with the type that callers name.

    asyncpg says the loss of a server in many ways, among them errors that look like a wrong use of it (a COPY
    cut short, an end of session received while idle): after such an error the connection is tried, and
    `ConnexionPerdue` is raised when it is dead. A connection that cannot be reset is dropped by the pool: that
    takes nothing from what was done with it. A cancellation is always raised as such, even when undoing what was
    under way fails.
    """
    prise = await pool.acquire()
    conn = cast("asyncpg.Connection", prise)
    try:
        yield conn
    except _DE_CONNEXION as exc:
        if (annulation := _annulation(exc)) is not None:
            raise annulation from None
        if isinstance(exc, _CONFUSES) and await _morte(conn):
            raise ConnexionPerdue(f"connexion perdue pendant une opération ({exc})") from exc
        raise
    finally:
        with suppress(*_DE_CONNEXION):
            await pool.release(prise)


def _annulation(exc: BaseException) -> asyncio.CancelledError | None:
    """The cancellation of this task during whose handling ``exc`` was raised: a failed roll-back would hide it."""
    tache, contexte = asyncio.current_task(), exc.__context__
    if tache is None or not tache.cancelling():
        return None
    while contexte is not None and not isinstance(contexte, asyncio.CancelledError):
        contexte = contexte.__context__
    return contexte


async def _morte(conn: asyncpg.Connection) -> bool:
    try:
        await conn.execute("SELECT 1", timeout=5)
    except Exception:
        return True
    return False


def creer_moteur(url: str, application_name: str = "vigie", taille: int = 10, attente: float = 30.0) -> AsyncEngine:
    """A SQLAlchemy async engine on the same server; nothing is opened until it is used.

    It keeps ``taille`` connections, and opens half as many more for a moment; ``attente``: seconds to wait for one.
    One that the server has closed is not handed out: asyncpg knows of it without asking. One that has rested is asked
    first, one that has rested long is opened again; asking each time would cost three statements a question, half of
    what a short one costs.
    """
    moteur = create_async_engine(
        url_sqlalchemy(url),
        pool_size=taille,
        max_overflow=taille // 2,
        pool_timeout=attente,
        pool_use_lifo=True,
        connect_args={"server_settings": {**REGLAGES_DE_SESSION, "application_name": application_name}},
    )
    event.listen(moteur.sync_engine, "connect", _dater)
    event.listen(moteur.sync_engine, "checkin", _dater)
    event.listen(moteur.sync_engine, "checkout", _eprouver)
    return moteur


def _dater(conn: Any, fiche: Any) -> None:
    del conn
    fiche.info[_VUE] = time.monotonic()


def _eprouver(conn: Any, fiche: Any, prise: Any) -> None:
    """Have the pool open another connection in the place of one that is dead; and of all others as old, for they
    mostly died of the same."""
    del prise
    if conn.driver_connection.is_closed():
        raise InvalidatePoolError("fermée par le serveur")
    repos = time.monotonic() - fiche.info[_VUE]
    if repos > REPOS_MAX_S:
        raise DisconnectionError("au repos depuis trop longtemps")
    if fiche.info.pop(DOUTE, False) or repos > REPOS_S:
        try:
            conn.ping()
        except (conn.dbapi.Error, OSError) as exc:
            raise InvalidatePoolError("morte au repos") from exc


def est_passagere(exc: BaseException | None) -> bool:
    """Whether the same work may succeed later without any change: server gone or starting, lock, deadlock.

    Looks through SQLAlchemy's wrapping. An error in the statement or in its values is never passing.
    """
    while exc is not None:
        if isinstance(exc, (asyncpg.InvalidCachedStatementError, AttenteDuPool)):
            return True
        if isinstance(exc, asyncpg.PostgresError):
            code = exc.sqlstate or ""
            return code in _CODES_PASSAGERS or code.startswith(_CLASSES_PASSAGERES)
        if isinstance(exc, asyncpg.InterfaceError):
            texte = str(exc).lower()
            return not isinstance(exc, ValueError) and any(mot in texte for mot in _INTERFACE_PASSAGERE)
        if isinstance(exc, asyncpg.InternalClientError):  # the server died in the middle of an answer
            return "cannot switch to state" in str(exc)
        if isinstance(exc, OSError):  # ConnectionError and TimeoutError are; one with a filename is a file's
            return exc.filename is None
        exc = getattr(exc, "orig", None) or exc.__cause__
    return False


def est_hors_bornes(exc: BaseException | None) -> bool:
    """Whether a value given with a statement is one that PostgreSQL cannot hold: who sent it has to change it.

    Looks through SQLAlchemy's wrapping. A value of another type than the statement takes is our own fault: False.
    """
    while exc is not None:
        if isinstance(exc, UnicodeEncodeError):
            return True
        if isinstance(exc, asyncpg.DataError):
            # asyncpg says the same of a number it cannot send, under the code of the whole class.
            return exc.sqlstate in _HORS_BORNES or " out of " in str(exc) or "surrogates not allowed" in str(exc)
        exc = getattr(exc, "orig", None) or exc.__cause__
    return False


def est_sans_remede(exc: BaseException) -> bool:
    """Whether PostgreSQL refuses the statement itself (no such table or column, no right, corruption).

    No other data would do better: the program and the database do not fit together.
    """
    return isinstance(exc, asyncpg.PostgresError) and (exc.sqlstate or "").startswith(("42", "XX"))
