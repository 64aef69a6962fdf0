"""Addresses, and which errors of PostgreSQL pass by themselves."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from shared.database.connexion import est_passagere, est_sans_remede, url_asyncpg, url_sqlalchemy


@pytest.mark.parametrize("prefixe", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_an_address_is_understood_in_each_of_its_forms(prefixe: str) -> None:
    reste = "://u:p@h:5432/b?host=/tmp/s"
    assert url_asyncpg(prefixe + reste) == "postgresql" + reste
    assert url_sqlalchemy(prefixe + reste) == "postgresql+asyncpg" + reste


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        url_asyncpg("mysql://h/b")


def _enveloppee(orig: BaseException) -> DBAPIError:
    return DBAPIError("SELECT 1", None, orig)


@pytest.mark.parametrize(
    "erreur",
    [
        asyncpg.ConnectionDoesNotExistError(""),
        asyncpg.CannotConnectNowError(""),
        asyncpg.AdminShutdownError(""),
        asyncpg.CrashShutdownError(""),
        asyncpg.TooManyConnectionsError(""),
        asyncpg.SerializationError(""),
        asyncpg.DeadlockDetectedError(""),
        asyncpg.LockNotAvailableError(""),
        asyncpg.InvalidCachedStatementError(""),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        ConnectionResetError(),
        TimeoutError(),
        FileNotFoundError(2, "No such file or directory"),  # the socket of a server that is down
        _enveloppee(asyncpg.LockNotAvailableError("")),
    ],
)
def test_what_the_server_or_the_others_cause_passes_by_itself(erreur: Exception) -> None:
    assert est_passagere(erreur)
    assert not est_sans_remede(erreur)


@pytest.mark.parametrize(
    ("erreur", "sans_remede"),
    [
        (asyncpg.UniqueViolationError(""), False),
        (asyncpg.DivisionByZeroError(""), False),
        (asyncpg.DataError("invalid input for query argument"), False),
        (asyncpg.InterfaceError("the server expects 2 arguments for this query"), False),
        (asyncpg.InternalClientError("no codec for this type"), False),
        (asyncpg.UndefinedTableError(""), True),
        (asyncpg.InsufficientPrivilegeError(""), True),
        (asyncpg.DataCorruptedError(""), True),
        (FileNotFoundError(2, "No such file or directory", "/etc/rien.yaml"), False),
        (KeyError("x"), False),
        (_enveloppee(asyncpg.UniqueViolationError("")), False),
    ],
)
def test_what_the_program_or_its_values_cause_does_not_pass(erreur: Exception, sans_remede: bool) -> None:
    assert not est_passagere(erreur)
    assert est_sans_remede(erreur) is sans_remede
