"""Opens the SQLite file of a capture store: finds out what it is before touching it, and names what is wrong."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dev_server.errors import (
    StoreClosed,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreReadOnly,
)

MEMORY: Final = ":memory:"
APPLICATION_ID: Final = 0x47504D43  # "GPMC" in the file's header: Gatepost, mail captured
VERSION: Final = 1

# Bodies lie apart, so that listing and searching never read past them. AUTOINCREMENT keeps a deleted message's
# number from coming back: a reader that follows by number would miss the new one.
_SCHEMA: Final = f"""
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,      -- microseconds since 1970, UTC
    sender TEXT NOT NULL,              -- envelope; '' is the null sender
    recipients TEXT NOT NULL,          -- envelope, Bcc included; a JSON array
    subject TEXT NOT NULL,
    from_header TEXT NOT NULL,
    message_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    has_attachments INTEGER NOT NULL,
    peer TEXT NOT NULL,
    tls TEXT,
    auth_user TEXT,
    helo TEXT NOT NULL,
    search_text TEXT NOT NULL          -- casefolded subject, From, sender, recipients
) STRICT;
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY REFERENCES messages (id),
    raw BLOB NOT NULL
) STRICT;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


def connect(
    path: str,
    *,
    create: bool,
    read_only: bool,
    busy_timeout: float,
    durability: str,
    max_bytes: int | None,
) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A connection to write and one to read (the same one in memory). Raises what `CaptureStore.open` says."""
    if path == MEMORY:
        connection = sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
        with translated(path):
            _create(connection)
            _limit(connection, max_bytes)
        return connection, connection

    file = Path(path).absolute()
    _check_place(file, create=create and not read_only, read_only=read_only)
    if create and not read_only and not file.exists():
        # Mail is nobody else's business. SQLite gives its side files the same rights.
        with suppress(OSError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    mode = "ro" if read_only else "rwc" if create else "rw"
    with translated(path):
        writer = _connect(file, mode, busy_timeout)
        try:
            if _is_empty(writer, path):
                if read_only:
                    raise StoreForeign(f"{path} is empty: there is no capture store in it.")
                _use_write_ahead_log(writer, busy_timeout)
                _create(writer)
                _check_identity(writer, path)
                # With its first pages in place, a store on a full disk can be cleared without asking for more.
                writer.execute("PRAGMA wal_checkpoint").fetchall()
            elif not read_only:
                _use_write_ahead_log(writer, busy_timeout)
            # Some builds overwrite what is deleted, which makes clearing 100,000 mails take 9 s instead of 0.3.
            writer.execute("PRAGMA secure_delete = FAST")
            # In the write-ahead log, FULL waits for the disk at each commit; NORMAL only at checkpoints.
            writer.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
            _limit(writer, max_bytes)
            return writer, _connect(file, "ro" if read_only else "rw", busy_timeout)
        except BaseException:
            writer.close()
            raise


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turns what SQLite raises inside into the `StoreError` that names it, with its remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise _named(error, path) from error


def _named(error: sqlite3.Error, path: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLocked(f"{path} is locked by another program.")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"There is no more room for {path}.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(f"{path} can't be written.")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreForeign(f"{path} is not a capture store, or is damaged.")
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreReadOnly(f"{path} can't be opened or created.")
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return StoreClosed(f"{path} is closed.")
    return StoreError(f"{path}: {error}")


def _check_place(file: Path, *, create: bool, read_only: bool) -> None:
    try:
        if file.is_dir():
            raise StoreForeign(f"{file} is a folder, not a capture store.")
        if not file.parent.is_dir():
            raise StoreMissing(f"There is no folder {file.parent}.")
        exists = file.exists()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise (StoreReadOnly if error.errno in (errno.EACCES, errno.EPERM) else StoreError)(
            f"{file} can't be looked at: {reason}."
        ) from error
    if not exists and not create:
        raise StoreMissing(f"There is no capture store {file}.")
    # SQLite would open the file for reading and refuse the first message only.
    if not read_only and not os.access(file if exists else file.parent, os.W_OK):
        raise StoreReadOnly(f"{file} can't be written.")


def _connect(file: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=busy_timeout,
    )


def _is_empty(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the file holds nothing yet. Raises if it holds something else than a store of this version."""
    if _value(connection, "SELECT count(*) FROM sqlite_master") == 0 and _identity(connection) == (0, 0):
        return True
    _check_identity(connection, path)
    return False


def _check_identity(connection: sqlite3.Connection, path: str) -> None:
    application, version = _identity(connection)
    if application != APPLICATION_ID:
        raise StoreForeign(f"{path} is a database of another program.")
    if version > VERSION:
        raise StoreNewer(f"{path} has version {version}; this program knows {VERSION}.")


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    return _value(connection, "PRAGMA application_id"), _value(connection, "PRAGMA user_version")


def _value(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])


def _use_write_ahead_log(connection: sqlite3.Connection, patience: float) -> None:
    # Changing the journal needs the file alone for a moment, and does not wait by itself for others to let go.
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been first.
        if _value(connection, "SELECT count(*) FROM sqlite_master") == 0:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _limit(connection: sqlite3.Connection, max_bytes: int | None) -> None:
    if max_bytes is not None:
        pages = max(1, max_bytes // _value(connection, "PRAGMA page_size"))
        connection.execute(f"PRAGMA max_page_count = {pages}")
