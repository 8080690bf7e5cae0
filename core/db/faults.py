"""What a database driver raises, said in the words of `core.errors`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import (
    DatabaseForeign,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnavailable,
    DiskFull,
    WorkspaceError,
)

_FILE_REMEDY = "Check that the file is there, and that its folder and the disk can be used."

_SQLITE_FAULTS: dict[int, tuple[type[WorkspaceError], str]] = {
    sqlite3.SQLITE_BUSY: (DatabaseLocked, "another program holds the database's write lock"),
    sqlite3.SQLITE_LOCKED: (DatabaseLocked, "another connection holds the database's write lock"),
    sqlite3.SQLITE_PROTOCOL: (DatabaseLocked, "another program is busy opening the database"),
    sqlite3.SQLITE_READONLY: (DatabaseReadOnly, "the database can't be written"),
    sqlite3.SQLITE_PERM: (DatabaseReadOnly, "the database's folder can't be written"),
    sqlite3.SQLITE_CANTOPEN: (DatabaseUnavailable, "the database file can't be opened"),
    sqlite3.SQLITE_FULL: (DiskFull, "the disk is full"),
    sqlite3.SQLITE_IOERR: (DatabaseUnavailable, "the disk does not read or write as it should"),
    sqlite3.SQLITE_NOTADB: (DatabaseForeign, "the file is not a SQLite database"),
    sqlite3.SQLITE_CORRUPT: (DatabaseForeign, "the database file is damaged"),
}

# SQLSTATE classes and codes of PostgreSQL (its manual, appendix A).
_POSTGRES_FAULTS: dict[str, tuple[type[WorkspaceError], str]] = {
    "53100": (DiskFull, "the database server's disk is full"),
    "55P03": (DatabaseLocked, "another session holds a lock that is needed"),
    "40001": (DatabaseLocked, "another session changed the same rows at the same time"),
    "40P01": (DatabaseLocked, "another session waits for what this one holds"),
    "53300": (DatabaseUnavailable, "the database server has no free connection"),
    "25006": (DatabaseReadOnly, "the database server is read-only"),
    "42501": (DatabaseReadOnly, "the database role lacks a right that Gatepost needs"),
    "28P01": (DatabaseUnavailable, "the database server refuses the password"),
    "28000": (DatabaseUnavailable, "the database server refuses the role"),
    "3D000": (DatabaseUnavailable, "there is no database of that name on the server"),
}


def translate(error: BaseException) -> WorkspaceError | None:
    """The workspace error that a driver's error stands for, or None where it is a mistake of ours."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        fault = _SQLITE_FAULTS.get(code & 0xFF) if code is not None else None
        if fault is None:
            return None
        return fault[0](fault[1], remedy=_FILE_REMEDY if fault[0] is DatabaseUnavailable else None)
    if isinstance(cause, PoolTimeoutError):
        return DatabaseUnavailable("too many are waiting for the database", remedy="Try again in a moment.")
    while cause is not None:
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            if state in _POSTGRES_FAULTS:
                kind, sentence = _POSTGRES_FAULTS[state]
                return kind(sentence)
            if state.startswith(("08", "57P")):
                return DatabaseUnavailable("the connection to the database server was lost")
            return None
        if isinstance(cause, OSError | TimeoutError):
            return DatabaseUnavailable("the database server does not answer")
        cause = cause.__cause__
    if isinstance(error, InterfaceError) or type(error).__name__ == "ClientConfigurationError":
        return DatabaseUnavailable("the connection to the database server was lost")
    return None


def _is_of_a_driver(error: Exception) -> bool:
    """Whether the database raised it. While it connects, asyncpg's own errors come unwrapped."""
    return isinstance(error, DBAPIError | PoolTimeoutError | sqlite3.Error | OSError) or type(
        error
    ).__module__.startswith("asyncpg.")


@contextmanager
def translated() -> Iterator[None]:
    """Raise workspace errors for what the driver raises inside; leave everything else as it is."""
    try:
        yield
    except Exception as error:
        known = translate(error) if _is_of_a_driver(error) else None
        if known is None:
            raise
        # The driver's text repeats statements and values, so it is not chained.
        raise known from None
